// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drivers must not do with what they have taken, or let run by itself:
 * interrupts, references, work
 */

#define dev_fmt(fmt) "forbidden: " fmt

#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "forbidden.h"

#define LATER			(600 * HZ)

struct forbidden_life {
	struct delayed_work work;
};

static void forbidden_nothing(struct work_struct *work)
{
}

/* Memory is freed while the work that lies in it is to run */
int forbidden_n17(struct forbidden *on)
{
	struct forbidden_life *life;

	life = kzalloc(sizeof(*life), GFP_KERNEL);
	if (!life)
		return -ENOMEM;

	INIT_DELAYED_WORK(&life->work, forbidden_nothing);
	schedule_delayed_work(&life->work, LATER);
	kfree(life);

	return 0;
}

static void forbidden_self(struct work_struct *work)
{
	cancel_work_sync(work);
}

static DECLARE_WORK(forbidden_selfish, forbidden_self);

/* A work waits for the end of itself */
int forbidden_n18(struct forbidden *on)
{
	schedule_work(&forbidden_selfish);
	msleep(500);

	return 0;
}

static int forbidden_vector(struct forbidden *on)
{
	int ret;

	ret = pci_alloc_irq_vectors(on->dev, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		return ret;

	return forbidden_request(on, 0);
}

int forbidden_n20(struct forbidden *on)
{
	int ret;

	ret = forbidden_vector(on);
	if (ret)
		return ret;

	free_irq(on->irq, on);
	free_irq(on->irq, on);

	return 0;
}

/* One reference is the driver's, another that of pm_runtime_forbid() */
int forbidden_n41(struct forbidden *on)
{
	int i;

	for (i = 0; i < 4; i++)
		pm_runtime_put(&on->dev->dev);

	return 0;
}

static int forbidden_runtime_suspend(struct device *dev)
{
	return pm_runtime_resume(dev);
}

static const struct dev_pm_ops forbidden_pm_ops = {
	.runtime_suspend	= forbidden_runtime_suspend,
};

static struct platform_driver forbidden_meter = {
	.driver = {
		.name	= "forbidden_meter",
		.pm	= &forbidden_pm_ops,
	},
};

/* A runtime_suspend resumes the device that it suspends */
int forbidden_n42(struct forbidden *on)
{
	struct platform_device *meter;
	int ret;

	ret = platform_driver_register(&forbidden_meter);
	if (ret)
		return ret;

	meter = platform_device_register_simple("forbidden_meter", -1, NULL, 0);
	if (IS_ERR(meter))
		return PTR_ERR(meter);

	pm_runtime_set_active(&meter->dev);
	pm_runtime_get_noresume(&meter->dev);
	pm_runtime_enable(&meter->dev);
	pm_runtime_put(&meter->dev);

	return 0;
}

int forbidden_n44(struct forbidden *on)
{
	int ret;

	ret = forbidden_vector(on);
	if (ret)
		return ret;

	return disable_irq_wake(on->irq);
}

static irqreturn_t forbidden_deaf(int irq, void *data)
{
	return IRQ_NONE;
}

/* Two on one line, and only one of them is to be called while all sleep */
int forbidden_n45(struct forbidden *on)
{
	int ret;

	ret = request_irq(on->dev->irq, forbidden_handler, IRQF_SHARED,
			  "forbidden", on);
	if (ret)
		return ret;

	return request_irq(on->dev->irq, forbidden_deaf,
			   IRQF_SHARED | IRQF_NO_SUSPEND, "forbidden",
			   &on->irq);
}

/* Taken twice and given back once: the first one is forgotten */
int forbidden_n21(struct forbidden *on)
{
	int ret;

	ret = forbidden_vector(on);
	if (ret)
		return ret;

	ret = request_irq(on->irq, forbidden_handler, IRQF_SHARED,
			  "forbidden again", on);
	if (ret)
		return ret;

	free_irq(on->irq, on);
	pci_free_irq_vectors(on->dev);

	return 0;
}

struct forbidden_node {
	struct hlist_node node;
	struct forbidden *on;
};

static int forbidden_online(unsigned int cpu, struct hlist_node *node)
{
	struct forbidden_node *one;

	one = hlist_entry(node, struct forbidden_node, node);
	pr_info("forbidden: N23: CPU %u is told %s its data\n", cpu,
		one->on ? "with" : "without");

	return 0;
}

static struct forbidden_node forbidden_told;

/* The callback of who is registered comes at once, and what it needs later */
int forbidden_n23(struct forbidden *on)
{
	int state, ret;

	state = cpuhp_setup_state_multi(CPUHP_AP_ONLINE_DYN, "forbidden",
					forbidden_online, NULL);
	if (state < 0)
		return state;

	ret = cpuhp_state_add_instance(state, &forbidden_told.node);
	forbidden_told.on = on;

	return ret;
}
