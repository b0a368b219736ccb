// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drivers must not do with what is a device's own: vectors, its line,
 * registers, power
 */

#define dev_fmt(fmt) "forbidden: " fmt

#include <linux/delay.h>
#include <linux/device.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/jiffies.h>
#include <linux/kernel_stat.h>
#include <linux/msi.h>
#include <linux/pci.h>

#include "forbidden.h"

#define FOREVER			(60 * HZ)

/* Of a driver that does not know its device yet */
static irqreturn_t forbidden_stranger(int irq, void *data)
{
	return IRQ_NONE;
}

static void forbidden_free_irq(void *data)
{
	struct forbidden *on = data;

	free_irq(on->irq, on);
}

/* A handler that devres frees, registered before vectors are on its list */
int forbidden_r02b(struct forbidden *on)
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

int forbidden_r04(struct forbidden *on)
{
	struct msi_map map;
	int ret;

	ret = pci_alloc_irq_vectors(on->dev, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		return ret;

	map = pci_msix_alloc_irq_at(on->dev, MSI_ANY_INDEX, NULL);
	forbidden_say(on, "a vector added to MSI", map.index);

	return 0;
}

int forbidden_r04b(struct forbidden *on)
{
	forbidden_say(on, "no less than two MSI messages",
		      pci_alloc_irq_vectors(on->dev, 2, 2, PCI_IRQ_MSI));

	return 0;
}

/* The source is on while the number of vectors changes */
int forbidden_r06(struct forbidden *on)
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
	forbidden_say_count(on, "before: an event", on->irq);
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
	forbidden_say_count(on, "afterwards: an event meanwhile", on->irq);
	forbidden_say(on, "what the device still waits to be told of",
		      readl(on->regs + EDU_STATUS));

	return 0;
}

/* The reserve: nobody has a handler, and nothing mutes the device */
int forbidden_r08(struct forbidden *on)
{
	unsigned long end = jiffies + FOREVER;
	int ret;

	ret = pci_alloc_irq_vectors(on->dev, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		return ret;

	on->irq = pci_irq_vector(on->dev, 0);
	writel(1, on->regs + EDU_RAISE);
	forbidden_say(on, "can be masked",
		      irq_get_msi_desc(on->irq)->pci.msi_attrib.can_mask);

	ret = request_irq(on->irq, forbidden_stranger, 0, "forbidden", on);
	if (ret)
		return ret;

	forbidden_say_count(on, "before anybody wanted it", on->irq);
	while (time_before(jiffies, end) &&
	       !irqd_irq_disabled(irq_get_irq_data(on->irq))) {
		writel(1, on->regs + EDU_RAISE);
		cond_resched();
	}
	forbidden_say_count(on, "storm", on->irq);

	return 0;
}

int forbidden_r10(struct forbidden *on)
{
	forbidden_say(on, "MSI-X without a vector",
		      pci_alloc_irq_vectors(on->dev, 0, 0, PCI_IRQ_MSIX));

	return 0;
}

int forbidden_r11(struct forbidden *on)
{
	struct msi_map map;
	int ret;

	ret = forbidden_msix(on, 2);
	if (ret < 0)
		return ret;

	map = pci_msix_alloc_irq_at(on->dev, 1, NULL);
	forbidden_say(on, "a vector that is there is added", map.index);

	return 0;
}

/* As where the platform has no such thing: msi_parent_ops say what it has */
int forbidden_r12(struct forbidden *on)
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
	forbidden_say(on, "a vector added where that is not supported",
		      map.index);

	return 0;
}

/* Two devices' mutexes of descriptors, one inside the other */
int forbidden_r26(struct forbidden *on)
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

	forbidden_lock_both(&on->dev->dev, &other->dev);

	return 0;
}

static void forbidden_say_registers(struct forbidden *on, const char *what)
{
	u32 id;

	pci_read_config_dword(on->dev, PCI_VENDOR_ID, &id);
	pci_info(on->dev, "R34: %s: STATUS %#x, vendor and device %#x\n", what,
		 readl(on->regs + NIC_STATUS), id);
}

/*
 * Registers of a device whose power was taken away: by the slot, as a runtime
 * suspend to D3cold has it done.  Nobody answers: all ones, but QEMU has zeroes
 * for memory that nobody decodes.
 */
int forbidden_r34(struct forbidden *on)
{
	struct pci_dev *slot = pci_upstream_bridge(on->dev);

	if (!slot)
		return -ENODEV;

	forbidden_say_registers(on, "in D0");
	pcie_capability_set_word(slot, PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_PCC);
	forbidden_say_registers(on, "in D3cold");
	pcie_capability_clear_word(slot, PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_PCC);

	return 0;
}

/* The source is left on, and its handler goes */
int forbidden_n4(struct forbidden *on)
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

/* Something happens at a source that was on, and then comes a handler */
static int forbidden_late(struct forbidden *on, const char *what)
{
	unsigned int before;
	int ret;

	writel(NIC_CAUSE(0), on->regs + NIC_ICS);
	msleep(200);
	before = kstat_irqs_usr(pci_irq_vector(on->dev, 0));

	ret = forbidden_request(on, 0);
	if (ret)
		return ret;

	msleep(200);
	forbidden_say(on, what, kstat_irqs_usr(on->irq) - before);
	free_irq(on->irq, on);

	return 0;
}

/*
 * Firmware has left the source on.  Made quiet in time it raises nothing; else
 * its message waits for the handler, and comes before anybody asked for it.
 */
int forbidden_n4b(struct forbidden *on)
{
	int ret;

	ret = forbidden_msix(on, 1);
	if (ret < 0)
		return ret;

	writel(NIC_VECTORS, on->regs + NIC_IVAR);
	writel(NIC_CAUSE(0), on->regs + NIC_IMC);
	ret = forbidden_late(on, "made quiet, the first handler is called");
	if (ret)
		return ret;

	writel(NIC_CAUSE(0), on->regs + NIC_ICR);
	writel(NIC_CAUSE(0), on->regs + NIC_IMS);

	return forbidden_late(on, "left on, the first handler is called");
}

/* Another device on the same line, whose driver does what it should */
int forbidden_share(struct forbidden *on)
{
	on->irq = on->dev->irq;

	return request_irq(on->irq, forbidden_handler, IRQF_SHARED,
			   "forbidden other", on);
}

int forbidden_n5(struct forbidden *on)
{
	int ret;

	ret = pci_set_power_state(on->dev, PCI_D3hot);
	forbidden_say(on, "D3hot", ret);
	forbidden_say(on, "vectors in D3hot", forbidden_msix(on, 1));

	return 0;
}

int forbidden_n6(struct forbidden *on)
{
	struct msi_map map;

	forbidden_say(on, "vectors can be added to MSI-X",
		      pci_msix_can_alloc_dyn(on->dev));
	map = pci_msix_alloc_irq_at(on->dev, MSI_ANY_INDEX, NULL);
	forbidden_say(on, "a vector added while MSI-X is off",
		      map.index);

	return 0;
}

/* Registers that another has are mapped first, and claimed only then */
int forbidden_n7b(struct forbidden *on)
{
	resource_size_t start = pci_resource_start(on->dev, NIC_FLASH);
	void __iomem *other, *mine;

	if (!request_mem_region(start, SZ_4K, "forbidden other"))
		return -EBUSY;

	other = ioremap_wc(start, SZ_4K);
	mine = ioremap(start, SZ_4K);
	forbidden_say(on, "mapped by another", !!other);
	forbidden_say(on, "mapped once more", !!mine);
	forbidden_say(on, "claimed then",
		      request_mem_region(start, SZ_4K, "forbidden") ?
		      0 : -EBUSY);

	return 0;
}
