// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drivers must not do with MSI-X domains of subdevices
 *
 * This kernel does not have them.  They are made here out of what it has: the
 * device's own domain is a parent for as long as the subdevice's is made, so
 * that the MSI core still finds it afterwards.
 */

#define dev_fmt(fmt) "forbidden: " fmt

#include <linux/auxiliary_bus.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "../msi/msi.h"
#include "forbidden.h"

/* Around the device is room: container_of() of what it is not finds zeroes */
struct forbidden_sub {
	u8 before[SZ_4K];
	struct auxiliary_device auxdev;
	u8 after[SZ_4K];
};

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
		forbidden_say(on, "no domain", -ENODEV);
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
int forbidden_right(struct forbidden *on)
{
	struct device *sub;
	int ret;

	ret = forbidden_sub_vector(on, 1);
	if (ret)
		return ret;

	forbidden_ring(on, 1);
	forbidden_say_count(on, "the subdevice's", on->irq);
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
int forbidden_r14(struct forbidden *on)
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
int forbidden_r14b(struct forbidden *on)
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
	forbidden_say(on, "one more vector of the subdevice", map.index);

	return 0;
}

/* A domain for a subdevice of a device that has none */
int forbidden_r27(struct forbidden *on)
{
	int ret;

	ret = forbidden_add_sub(on);
	if (ret)
		return ret;

	dev_set_msi_domain(&on->sub->auxdev.dev, NULL);
	ret = msi_create_device_irq_domain(&on->sub->auxdev.dev,
					   MSI_DEFAULT_DOMAIN,
					   &forbidden_template, 8, NULL, NULL);
	forbidden_say(on, "a domain", ret);

	return 0;
}

/* The device's domain becomes a parent for good, and the core is not told */
int forbidden_r28(struct forbidden *on)
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
	forbidden_say(on, "a vector of it is there after they are freed",
		      !!irq_get_irq_data(on->irq));

	return 0;
}

/* Activation writes the message of each level of the hierarchy */
int forbidden_r30b(struct forbidden *on)
{
	forbidden_template.chip.irq_write_msi_msg = NULL;

	return forbidden_sub_vector(on, 1);
}

int forbidden_r32(struct forbidden *on)
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
	forbidden_say_count(on, "before: the device's own", own);
	forbidden_say_count(on, "before: the subdevice's", on->irq);

	pci_save_state(on->dev);
	ret = pci_bridge_secondary_bus_reset(on->dev->bus->self);
	forbidden_say(on, "reset of the bus", ret);
	pci_restore_state(on->dev);

	forbidden_ring(on, 0);
	forbidden_ring(on, 1);
	forbidden_say_count(on, "afterwards: the device's own", own);
	forbidden_say_count(on, "afterwards: the subdevice's", on->irq);

	return 0;
}
