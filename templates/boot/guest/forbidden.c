// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drivers must not do, for tests in a virtual machine
 *
 * A driver for whatever PCI function it is bound to by driver_override.  What
 * it does there depends on the rule that was written to its parameter: its
 * probe, and sometimes its remove, is the shortest sequence that breaks it.
 *
 * MSI-X domains of subdevices, which this kernel does not have, are made here
 * out of what it has: the device's own domain is a parent for as long as the
 * subdevice's is made, so that the MSI core still finds it afterwards.
 */

#define dev_fmt(fmt) "forbidden: " fmt

#include <linux/auxiliary_bus.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/jiffies.h>
#include <linux/kernel_stat.h>
#include <linux/moduleparam.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "../msi/msi.h"

/* QEMU's edu: one MSI message that cannot be masked, or its line */
#define EDU_VENDOR		0x1234
#define EDU_DEVICE		0x11e8
#define EDU_STATUS		0x24
#define EDU_RAISE		0x60
#define EDU_ACK			0x64

/* QEMU's e1000e: five MSI-X vectors, raised by the driver as well */
#define NIC_ICR			0xc0
#define NIC_ICS			0xc8
#define NIC_IMS			0xd0
#define NIC_IVAR		0xe4
#define NIC_CAUSE(vector)	BIT(20 + (vector))
#define NIC_VECTORS		0x98	/* Cause 0 by vector 0, 1 by vector 1 */
#define NIC_FLASH		1	/* A BAR that nothing here needs */

#define FOREVER			(60 * HZ)

static char rule[16];
module_param_string(rule, rule, sizeof(rule), 0644);
MODULE_PARM_DESC(rule, "what is broken when a device is bound");

struct forbidden_sub;

struct forbidden {
	struct pci_dev *dev;
	void __iomem *regs;
	int irq;
	struct forbidden_sub *sub;
	struct completion inside;
	struct completion outside;
	struct delayed_work work;
};

/* Around the device is room: container_of() of what it is not finds zeroes */
struct forbidden_sub {
	u8 before[SZ_4K];
	struct auxiliary_device auxdev;
	u8 after[SZ_4K];
};

static bool forbidden_is(const char *key)
{
	return !strcmp(rule, key);
}

static irqreturn_t forbidden_handler(int irq, void *data)
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

/* Of a driver that does not know its device yet */
static irqreturn_t forbidden_stranger(int irq, void *data)
{
	return IRQ_NONE;
}

static int forbidden_request(struct forbidden *on, int nr)
{
	on->irq = pci_irq_vector(on->dev, nr);
	if (on->irq < 0)
		return on->irq;

	return request_irq(on->irq, forbidden_handler, IRQF_SHARED,
			   "forbidden", on);
}

static void forbidden_free_irq(void *data)
{
	struct forbidden *on = data;

	free_irq(on->irq, on);
}

/* Raise one of the first two vectors, and give it the time to arrive */
static void forbidden_ring(struct forbidden *on, int vector)
{
	writel(NIC_VECTORS, on->regs + NIC_IVAR);
	writel(NIC_CAUSE(0) | NIC_CAUSE(1), on->regs + NIC_IMS);
	writel(NIC_CAUSE(0) | NIC_CAUSE(1), on->regs + NIC_ICR);
	writel(NIC_CAUSE(vector), on->regs + NIC_ICS);
	msleep(200);
}

static void forbidden_say_count(struct forbidden *on, const char *when,
				const char *whose, int irq)
{
	pci_info(on->dev, "%s: %s: irq %d came %u times\n", when, whose, irq,
		 kstat_irqs_usr(irq));
}

static int forbidden_say(struct forbidden *on, const char *what, int ret)
{
	pci_info(on->dev, "%s: %s: %d\n", rule, what, ret);

	return 0;
}

static int forbidden_msix(struct forbidden *on, int nr)
{
	return pci_alloc_irq_vectors(on->dev, nr, nr, PCI_IRQ_MSIX);
}

/* A handler that devres frees, registered before vectors are on its list */
static int forbidden_r02b(struct forbidden *on)
{
	int ret;

	ret = pcim_enable_device(on->dev);
	if (ret)
		return ret;

	ret = devm_add_action(&on->dev->dev, forbidden_free_irq, on);
	if (ret)
		return ret;

	ret = forbidden_msix(on, 1);
	if (ret < 0)
		return ret;

	return forbidden_request(on, 0);
}

static int forbidden_r04(struct forbidden *on)
{
	struct msi_map map;
	int ret;

	ret = pci_alloc_irq_vectors(on->dev, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		return ret;

	map = pci_msix_alloc_irq_at(on->dev, MSI_ANY_INDEX, NULL);

	return forbidden_say(on, "a vector added to MSI", map.index);
}

static int forbidden_r04b(struct forbidden *on)
{
	return forbidden_say(on, "no less than two MSI messages",
			     pci_alloc_irq_vectors(on->dev, 2, 2, PCI_IRQ_MSI));
}

/* The source is on while the number of vectors changes */
static int forbidden_r06(struct forbidden *on)
{
	int ret;

	ret = pci_alloc_irq_vectors(on->dev, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		return ret;

	ret = forbidden_request(on, 0);
	if (ret)
		return ret;

	writel(1, on->regs + EDU_RAISE);
	msleep(200);
	forbidden_say_count(on, "R06: before", "an event", on->irq);
	free_irq(on->irq, on);
	pci_free_irq_vectors(on->dev);

	writel(2, on->regs + EDU_RAISE);
	msleep(200);

	ret = pci_alloc_irq_vectors(on->dev, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		return ret;

	ret = forbidden_request(on, 0);
	if (ret)
		return ret;

	msleep(500);
	forbidden_say_count(on, "R06: afterwards", "an event meanwhile",
			    on->irq);

	return forbidden_say(on, "what the device still waits to be told of",
			     readl(on->regs + EDU_STATUS));
}

/* The reserve: nobody has a handler, and nothing mutes the device */
static int forbidden_r08(struct forbidden *on)
{
	unsigned long end = jiffies + FOREVER;
	int ret;

	ret = pci_alloc_irq_vectors(on->dev, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		return ret;

	on->irq = pci_irq_vector(on->dev, 0);
	writel(1, on->regs + EDU_RAISE);
	pci_info(on->dev, "R08: can be masked: %d\n",
		 irq_get_msi_desc(on->irq)->pci.msi_attrib.can_mask);

	ret = request_irq(on->irq, forbidden_stranger, 0, "forbidden", on);
	if (ret)
		return ret;

	forbidden_say_count(on, "R08", "came before anybody wanted it",
			    on->irq);
	while (time_before(jiffies, end) &&
	       !irqd_irq_disabled(irq_get_irq_data(on->irq))) {
		writel(1, on->regs + EDU_RAISE);
		cond_resched();
	}
	forbidden_say_count(on, "R08", "storm", on->irq);

	return 0;
}

static int forbidden_r10(struct forbidden *on)
{
	return forbidden_say(on, "MSI-X without a vector",
			     pci_alloc_irq_vectors(on->dev, 0, 0, PCI_IRQ_MSIX));
}

static int forbidden_r11(struct forbidden *on)
{
	struct msi_map map;
	int ret;

	ret = forbidden_msix(on, 2);
	if (ret < 0)
		return ret;

	map = pci_msix_alloc_irq_at(on->dev, 1, NULL);

	return forbidden_say(on, "a vector that is there is added", map.index);
}

/* As where the platform has no such thing: msi_parent_ops say what it has */
static int forbidden_r12(struct forbidden *on)
{
	static struct msi_parent_ops ops;
	struct irq_domain *domain = dev_get_msi_domain(&on->dev->dev);
	struct msi_map map;
	int ret;

	ret = forbidden_msix(on, 2);
	if (ret < 0)
		return ret;

	ops = *domain->msi_parent_ops;
	ops.supported_flags &= ~MSI_FLAG_PCI_MSIX_ALLOC_DYN;
	domain->msi_parent_ops = &ops;
	map = pci_msix_alloc_irq_at(on->dev, 3, NULL);

	return forbidden_say(on, "a vector added where that is not supported",
			     map.index);
}

/* Two devices' mutexes of descriptors, one inside the other */
static int forbidden_r26(struct forbidden *on)
{
	struct pci_dev *other = pci_get_device(EDU_VENDOR, EDU_DEVICE, NULL);
	int ret;

	if (!other)
		return -ENODEV;

	ret = pci_enable_device(other);
	if (ret)
		return ret;

	ret = forbidden_msix(on, 1);
	if (ret < 0)
		return ret;

	ret = pci_alloc_irq_vectors(other, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		return ret;

	msi_lock_descs(&on->dev->dev);
	msi_lock_descs(&other->dev);
	msi_unlock_descs(&other->dev);
	msi_unlock_descs(&on->dev->dev);

	return 0;
}

static void forbidden_sub_release(struct device *dev)
{
	struct auxiliary_device *auxdev = to_auxiliary_dev(dev);

	kfree(container_of(auxdev, struct forbidden_sub, auxdev));
}

static int forbidden_add_sub(struct forbidden *on)
{
	struct forbidden_sub *sub = kzalloc(sizeof(*sub), GFP_KERNEL);
	int ret;

	if (!sub)
		return -ENOMEM;

	sub->auxdev.name = "sub";
	sub->auxdev.dev.parent = &on->dev->dev;
	sub->auxdev.dev.release = forbidden_sub_release;
	ret = auxiliary_device_init(&sub->auxdev);
	if (ret) {
		kfree(sub);
		return ret;
	}

	ret = auxiliary_device_add(&sub->auxdev);
	if (ret) {
		auxiliary_device_uninit(&sub->auxdev);
		return ret;
	}

	on->sub = sub;

	return 0;
}

/* The domain of the device itself, which the MSI core has made */
static struct irq_domain *forbidden_domain(struct forbidden *on)
{
	return irq_get_irq_data(pci_irq_vector(on->dev, 0))->domain;
}

static bool forbidden_init_info(struct device *dev, struct irq_domain *domain,
				struct irq_domain *real_parent,
				struct msi_domain_info *info)
{
	if (forbidden_is("R29"))
		return msi_parent_init_dev_msi_info(dev, domain, real_parent,
						    info);

	return true;
}

static const struct msi_parent_ops forbidden_parent_ops = {
	.supported_flags	= MSI_GENERIC_FLAGS_MASK | MSI_FLAG_PCI_MSIX |
				  MSI_FLAG_PCI_MSIX_ALLOC_DYN,
	.init_dev_msi_info	= forbidden_init_info,
};

static int forbidden_prepare(struct irq_domain *domain, struct device *dev,
			     int nvec, msi_alloc_info_t *arg)
{
	struct msi_domain_info *info = domain->parent->host_data;

	return info->ops->msi_prepare(domain->parent, dev, nvec, arg);
}

static void forbidden_prepare_desc(struct irq_domain *domain,
				   msi_alloc_info_t *arg,
				   struct msi_desc *desc)
{
	struct device *owner = domain->parent->dev;
	struct forbidden *on = dev_get_drvdata(owner);

	if (forbidden_is("R14b") && desc->msi_index > 1) {
		complete(&on->inside);
		wait_for_completion(&on->outside);
	}

	if (!forbidden_is("R30"))
		desc->dev = owner;

	msix_prepare_msi_desc(to_pci_dev(desc->dev), desc);
}

static void forbidden_set_desc(msi_alloc_info_t *arg, struct msi_desc *desc)
{
	arg->desc = desc;
	arg->hwirq = desc->msi_index;
}

static void forbidden_write_msg(struct irq_data *data, struct msi_msg *msg)
{
	pci_write_msi_msg(data->irq, msg);
}

static struct msi_domain_template forbidden_template = {
	.chip = {
		.name			= "FORBIDDEN",
		.irq_ack		= irq_chip_ack_parent,
		.irq_mask		= irq_chip_mask_parent,
		.irq_unmask		= irq_chip_unmask_parent,
		.irq_set_affinity	= irq_chip_set_affinity_parent,
		.irq_retrigger		= irq_chip_retrigger_hierarchy,
		.irq_write_msi_msg	= forbidden_write_msg,
		.flags			= IRQCHIP_ONESHOT_SAFE |
					  IRQCHIP_SKIP_SET_WAKE |
					  IRQCHIP_AFFINITY_PRE_STARTUP,
	},
	.ops = {
		.msi_prepare		= forbidden_prepare,
		.prepare_desc		= forbidden_prepare_desc,
		.set_desc		= forbidden_set_desc,
	},
	.info = {
		.flags			= MSI_FLAG_USE_DEF_DOM_OPS |
					  MSI_FLAG_USE_DEF_CHIP_OPS |
					  MSI_FLAG_FREE_MSI_DESCS |
					  MSI_FLAG_ACTIVATE_EARLY |
					  MSI_FLAG_DEV_SYSFS |
					  MSI_FLAG_MUST_REACTIVATE |
					  MSI_FLAG_PCI_MSIX |
					  MSI_FLAG_PCI_MSIX_ALLOC_DYN,
		.bus_token		= DOMAIN_BUS_PCI_DEVICE_MSIX,
		.handler		= handle_edge_irq,
		.handler_name		= "edge",
	},
};

/* The subdevice's own domain, on top of that of the device */
static bool forbidden_create_domain(struct forbidden *on)
{
	struct irq_domain *domain = forbidden_domain(on);
	struct device *sub = &on->sub->auxdev.dev;
	bool done;

	domain->msi_parent_ops = &forbidden_parent_ops;
	domain->flags |= IRQ_DOMAIN_FLAG_MSI_PARENT;
	dev_set_msi_domain(sub, domain);
	done = msi_create_device_irq_domain(sub, MSI_DEFAULT_DOMAIN,
					    &forbidden_template,
					    pci_msix_vec_count(on->dev), NULL,
					    NULL);
	domain->flags &= ~IRQ_DOMAIN_FLAG_MSI_PARENT;

	return done;
}

/* A subdevice with a vector of its own, the one after the device's only one */
static int forbidden_sub_vector(struct forbidden *on, int nr)
{
	struct msi_map map;
	int ret;

	ret = forbidden_msix(on, 1);
	if (ret < 0)
		return ret;

	ret = forbidden_add_sub(on);
	if (ret)
		return ret;

	if (!forbidden_create_domain(on)) {
		pci_info(on->dev, "%s: no domain\n", rule);
		return -ENODEV;
	}

	map = msi_domain_alloc_irq_at(&on->sub->auxdev.dev, MSI_DEFAULT_DOMAIN,
				      nr, NULL, NULL);
	if (map.index < 0)
		return map.index;

	on->irq = map.virq;

	return request_irq(on->irq, forbidden_handler, IRQF_SHARED,
			   "forbidden sub", on);
}

/* Done right, so that what others do wrong is known to be what matters */
static int forbidden_right(struct forbidden *on)
{
	struct device *sub;
	int ret;

	ret = forbidden_sub_vector(on, 1);
	if (ret)
		return ret;

	forbidden_ring(on, 1);
	forbidden_say_count(on, "right", "the subdevice's", on->irq);
	free_irq(on->irq, on);
	sub = &on->sub->auxdev.dev;
	msi_domain_free_irqs_range(sub, MSI_DEFAULT_DOMAIN, 1, 1);
	msi_remove_device_irq_domain(sub, MSI_DEFAULT_DOMAIN);
	auxiliary_device_delete(&on->sub->auxdev);
	auxiliary_device_uninit(&on->sub->auxdev);
	pci_free_irq_vectors(on->dev);

	return 0;
}

/* The device frees its vectors, and its child still has one */
static int forbidden_r14(struct forbidden *on)
{
	int ret;

	ret = forbidden_sub_vector(on, 1);
	if (ret)
		return ret;

	pci_free_irq_vectors(on->dev);
	/* The table is unmapped, what CPUs remember of it is flushed later */
	vm_unmap_aliases();
	free_irq(on->irq, on);

	return 0;
}

static void forbidden_free_vectors(struct work_struct *work)
{
	struct forbidden *on = container_of(to_delayed_work(work),
					    struct forbidden, work);

	wait_for_completion(&on->inside);
	pci_free_irq_vectors(on->dev);
	complete(&on->outside);
}

/* The same while the child is being given one more */
static int forbidden_r14b(struct forbidden *on)
{
	struct msi_map map;
	int ret;

	ret = forbidden_sub_vector(on, 1);
	if (ret)
		return ret;

	INIT_DELAYED_WORK(&on->work, forbidden_free_vectors);
	schedule_delayed_work(&on->work, 0);
	map = msi_domain_alloc_irq_at(&on->sub->auxdev.dev, MSI_DEFAULT_DOMAIN,
				      2, NULL, NULL);

	return forbidden_say(on, "one more vector of the subdevice", map.index);
}

/* A domain for a subdevice of a device that has none */
static int forbidden_r27(struct forbidden *on)
{
	int ret;

	ret = forbidden_add_sub(on);
	if (ret)
		return ret;

	dev_set_msi_domain(&on->sub->auxdev.dev, NULL);
	ret = msi_create_device_irq_domain(&on->sub->auxdev.dev,
					   MSI_DEFAULT_DOMAIN,
					   &forbidden_template, 8, NULL, NULL);

	return forbidden_say(on, "a domain", ret);
}

/* The device's domain becomes a parent for good, and the core is not told */
static int forbidden_r28(struct forbidden *on)
{
	struct irq_domain *domain;
	struct msi_map map;
	int ret;

	ret = forbidden_msix(on, 1);
	if (ret < 0)
		return ret;

	domain = forbidden_domain(on);
	domain->msi_parent_ops = &forbidden_parent_ops;
	domain->flags |= IRQ_DOMAIN_FLAG_MSI_PARENT;
	map = pci_msix_alloc_irq_at(on->dev, 1, NULL);
	forbidden_say(on, "a vector added to the device itself", map.index);
	on->irq = pci_irq_vector(on->dev, 0);
	pci_free_irq_vectors(on->dev);

	return forbidden_say(on, "a vector of it is there after they are freed",
			     !!irq_get_irq_data(on->irq));
}

/* Activation writes the message of each level of the hierarchy */
static int forbidden_r30b(struct forbidden *on)
{
	forbidden_template.chip.irq_write_msi_msg = NULL;

	return forbidden_sub_vector(on, 1);
}

static int forbidden_r32(struct forbidden *on)
{
	int own, ret;

	ret = forbidden_sub_vector(on, 1);
	if (ret)
		return ret;

	own = pci_irq_vector(on->dev, 0);
	ret = request_irq(own, forbidden_handler, 0, "forbidden own", on);
	if (ret)
		return ret;

	forbidden_ring(on, 0);
	forbidden_ring(on, 1);
	forbidden_say_count(on, "R32: before", "the device's own", own);
	forbidden_say_count(on, "R32: before", "the subdevice's", on->irq);

	pci_save_state(on->dev);
	ret = pci_bridge_secondary_bus_reset(on->dev->bus->self);
	forbidden_say(on, "reset of the bus", ret);
	pci_restore_state(on->dev);

	forbidden_ring(on, 0);
	forbidden_ring(on, 1);
	forbidden_say_count(on, "R32: afterwards", "the device's own", own);
	forbidden_say_count(on, "R32: afterwards", "the subdevice's", on->irq);

	return 0;
}

/* The source is left on, and its handler goes */
static int forbidden_n4(struct forbidden *on)
{
	int ret;

	ret = request_irq(on->dev->irq, forbidden_stranger, IRQF_SHARED,
			  "forbidden", on);
	if (ret)
		return ret;

	disable_irq(on->dev->irq);
	writel(1, on->regs + EDU_RAISE);
	free_irq(on->dev->irq, on);
	enable_irq(on->dev->irq);

	return 0;
}

/* What somebody left on before there was a driver */
static int forbidden_leave_on(struct forbidden *on)
{
	writel(1, on->regs + EDU_RAISE);

	return 0;
}

/* Another device on the same line, whose driver does what it should */
static int forbidden_share(struct forbidden *on)
{
	on->irq = on->dev->irq;

	return request_irq(on->irq, forbidden_handler, IRQF_SHARED,
			   "forbidden other", on);
}

static int forbidden_n5(struct forbidden *on)
{
	int ret;

	ret = pci_set_power_state(on->dev, PCI_D3hot);
	forbidden_say(on, "D3hot", ret);

	return forbidden_say(on, "vectors in D3hot", forbidden_msix(on, 1));
}

static int forbidden_n6(struct forbidden *on)
{
	struct msi_map map;

	forbidden_say(on, "vectors can be added to MSI-X",
		      pci_msix_can_alloc_dyn(on->dev));
	map = pci_msix_alloc_irq_at(on->dev, MSI_ANY_INDEX, NULL);

	return forbidden_say(on, "a vector added while MSI-X is off",
			     map.index);
}

/* Registers that another has are mapped first, and claimed only then */
static int forbidden_n7b(struct forbidden *on)
{
	resource_size_t start = pci_resource_start(on->dev, NIC_FLASH);
	void __iomem *other, *mine;

	if (!request_mem_region(start, SZ_4K, "forbidden other"))
		return -EBUSY;

	other = ioremap_wc(start, SZ_4K);
	mine = ioremap(start, SZ_4K);
	pci_info(on->dev, "N7b: mapped by another: %d, and once more: %d\n",
		 !!other, !!mine);

	return forbidden_say(on, "claimed then",
			     request_mem_region(start, SZ_4K, "forbidden") ?
			     0 : -EBUSY);
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
	{ "N4", forbidden_n4 },
	{ "N5", forbidden_n5 },
	{ "N6", forbidden_n6 },
	{ "N7b", forbidden_n7b },
	{ "right", forbidden_right },
	{ "leave", forbidden_leave_on },
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

/* What a sequence leaves is left: the machine is thrown away afterwards */
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
