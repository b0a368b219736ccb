// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drivers must not do, for tests in a virtual machine
 *
 * A driver for whatever PCI function it is bound to by driver_override.  What
 * it does there depends on the rule that was written to its parameter: its
 * probe, and sometimes its remove, is the shortest sequence that breaks it.
 *
 * What a sequence leaves is left: the machine is thrown away afterwards.
 */

#define dev_fmt(fmt) "forbidden: " fmt

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kernel_stat.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "forbidden.h"

static char rule[16];
module_param_string(rule, rule, sizeof(rule), 0644);
MODULE_PARM_DESC(rule, "what is broken when a device is bound");

bool forbidden_is(const char *key)
{
	return !strcmp(rule, key);
}

irqreturn_t forbidden_handler(int irq, void *data)
{
	struct forbidden *on = data;
	u32 status;

	if (!on->regs || on->dev->vendor != EDU_VENDOR)
		return IRQ_HANDLED;

	status = readl(on->regs + EDU_STATUS);
	if (!status)
		return IRQ_NONE;

	writel(status, on->regs + EDU_ACK);

	return IRQ_HANDLED;
}

int forbidden_request(struct forbidden *on, int nr)
{
	on->irq = pci_irq_vector(on->dev, nr);
	if (on->irq < 0)
		return on->irq;

	return request_irq(on->irq, forbidden_handler, IRQF_SHARED,
			   "forbidden", on);
}

/* Raise one of the first two vectors, and give it the time to arrive */
void forbidden_ring(struct forbidden *on, int vector)
{
	writel(NIC_VECTORS, on->regs + NIC_IVAR);
	writel(NIC_CAUSE(0) | NIC_CAUSE(1), on->regs + NIC_IMS);
	writel(NIC_CAUSE(0) | NIC_CAUSE(1), on->regs + NIC_ICR);
	writel(NIC_CAUSE(vector), on->regs + NIC_ICS);
	msleep(200);
}

void forbidden_say_count(struct forbidden *on, const char *whose, int irq)
{
	pci_info(on->dev, "%s: %s: irq %d came %u times\n", rule, whose, irq,
		 kstat_irqs_usr(irq));
}

void forbidden_say(struct forbidden *on, const char *what, int ret)
{
	pci_info(on->dev, "%s: %s: %d\n", rule, what, ret);
}

int forbidden_msix(struct forbidden *on, int nr)
{
	return pci_alloc_irq_vectors(on->dev, nr, nr, PCI_IRQ_MSIX);
}

static const struct {
	const char *rule;
	int (*probe)(struct forbidden *on);
} forbidden_sequences[] = {
	{ "R02b", forbidden_r02b },
	{ "R04", forbidden_r04 },
	{ "R04b", forbidden_r04b },
	{ "R06", forbidden_r06 },
	{ "R08", forbidden_r08 },
	{ "R10", forbidden_r10 },
	{ "R11", forbidden_r11 },
	{ "R12", forbidden_r12 },
	{ "R14", forbidden_r14 },
	{ "R14b", forbidden_r14b },
	{ "R26", forbidden_r26 },
	{ "R27", forbidden_r27 },
	{ "R28", forbidden_r28 },
	{ "R29", forbidden_right },
	{ "R30", forbidden_right },
	{ "R30b", forbidden_r30b },
	{ "R32", forbidden_r32 },
	{ "R34", forbidden_r34 },
	{ "N4", forbidden_n4 },
	{ "N4b", forbidden_n4b },
	{ "N5", forbidden_n5 },
	{ "N6", forbidden_n6 },
	{ "N7b", forbidden_n7b },
	{ "N17", forbidden_n17 },
	{ "N18", forbidden_n18 },
	{ "N20", forbidden_n20 },
	{ "N21", forbidden_n21 },
	{ "N23", forbidden_n23 },
	{ "N41", forbidden_n41 },
	{ "N42", forbidden_n42 },
	{ "N44", forbidden_n44 },
	{ "N45", forbidden_n45 },
	{ "right", forbidden_right },
	{ "share", forbidden_share },
};

static int forbidden_probe(struct pci_dev *dev, const struct pci_device_id *id)
{
	struct forbidden *on;
	int i, ret;

	on = kzalloc(sizeof(*on), GFP_KERNEL);
	if (!on)
		return -ENOMEM;

	on->dev = dev;
	init_completion(&on->inside);
	init_completion(&on->outside);
	pci_set_drvdata(dev, on);

	/* R02b is about pcim_enable_device(), which is to come first */
	if (!forbidden_is("R02b")) {
		ret = pci_enable_device(dev);
		if (ret)
			goto err_free;
	}

	pci_set_master(dev);
	if (pci_resource_len(dev, 0))
		on->regs = pci_iomap(dev, 0, 0);

	for (i = 0; i < ARRAY_SIZE(forbidden_sequences); i++) {
		if (!forbidden_is(forbidden_sequences[i].rule))
			continue;
		ret = forbidden_sequences[i].probe(on);
		pci_info(dev, "%s: done (%d)\n", rule, ret);
	}

	return 0;

err_free:
	kfree(on);
	return ret;
}

static void forbidden_remove(struct pci_dev *dev)
{
	pci_info(dev, "%s: unbound\n", rule);
}

static struct pci_driver forbidden_driver = {
	.name		= "forbidden",
	.probe		= forbidden_probe,
	.remove		= forbidden_remove,
};
builtin_pci_driver(forbidden_driver);

/* What only drivers may do, done to a device that has none: its name */
static int forbidden_early(const char *val, const struct kernel_param *kp)
{
	char name[16];
	struct device *dev;
	int ret;

	strscpy(name, val, sizeof(name));
	dev = bus_find_device_by_name(&pci_bus_type, NULL, strim(name));
	if (!dev)
		return -ENODEV;

	ret = pci_enable_device(to_pci_dev(dev));
	if (ret)
		return ret;

	ret = pci_alloc_irq_vectors(to_pci_dev(dev), 1, 1, PCI_IRQ_MSIX);
	pci_info(to_pci_dev(dev), "R02: vectors without a driver: %d\n", ret);
	pci_free_irq_vectors(to_pci_dev(dev));

	return 0;
}

static const struct kernel_param_ops forbidden_early_ops = {
	.set = forbidden_early,
};
module_param_cb(early, &forbidden_early_ops, NULL, 0200);
