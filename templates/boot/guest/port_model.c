// SPDX-License-Identifier: GPL-2.0-only
/*
 * A PCIe port with CXL PMUs, for tests in a virtual machine
 *
 * The ports that QEMU has signal with one vector and have no CXL PMU.  This
 * puts itself between the PCI core and one of them, and shows what such a port
 * has in addition: a Register Locator DVSEC with CXL PMUs, MSI-X with several
 * vectors, and the Interrupt Message Numbers of its services.
 *
 * Registers and vectors are those of another function, QEMU's ivshmem-doorbell
 * (the host below): its shared memory and its MSI-X table are where the port's
 * two BARs are, and whatever the port's command register and MSI-X control say
 * is said to it, too.  Its memory is written, and its vectors are raised, by a
 * program outside of the virtual machine.
 *
 * The port's own events, of hotplug say, come from QEMU by the port's own single
 * vector, so that is made a copy of the one which services were told to use.
 *
 * A platform that tells senders of messages apart, as an ITS does, takes the
 * host for the sender.  So it is told that the port sends under the host's
 * number; the port's own events do not come from there, and its own vector writes
 * to the shared memory instead, whose owner then raises the right one.
 *
 * What a reset of the port does to it is seen by the Interrupt Line register,
 * which holds a mark that does not survive one.
 */

#define dev_fmt(fmt) "port_model: " fmt

#include <linux/bitfield.h>
#include <linux/device.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/irqdomain.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/msi.h>
#include <linux/notifier.h>
#include <linux/of.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/syscore_ops.h>
#include <linux/sysfs.h>
#include <linux/timer.h>
#include <linux/types.h>

/* Where the DVSEC is put, and what the port does not have itself */
#define MODEL_REGLOC		0xe00
#define MODEL_MSI		0xd0
#define MODEL_MSIX		0xf0
#define MODEL_MSI_DWORDS	6

/* CXL 2.0 8.1.9: Register Locator DVSEC */
#define MODEL_REGLOC_ID		8
#define MODEL_REGLOC_BLOCKS	0xc
#define MODEL_MAX_BLOCKS	4

#define MODEL_PBA		0x800

/* After the orders of the guest: how often the CXL PMUs were reset */
#define MODEL_RESETS		0x40
#define MODEL_RING		0x48	/* 1: the port has an event of its own */
#define MODEL_MARK		0x5a

#define MODEL_COMMAND		(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

static char *port_name;
module_param_named(port, port_name, charp, 0444);
MODULE_PARM_DESC(port, "the port, as 0000:00:01.0, or 0000:00:01.0/00.0 for one below");

static char *host_name;
module_param_named(host, host_name, charp, 0444);
MODULE_PARM_DESC(host, "the ivshmem-doorbell function");

static unsigned int entries;
module_param(entries, uint, 0444);
MODULE_PARM_DESC(entries, "how many vectors, 0 for neither MSI-X nor MSI");

static bool msi;
module_param(msi, bool, 0444);
MODULE_PARM_DESC(msi, "MSI, a power of two of vectors, instead of MSI-X");

static bool gone;
module_param(gone, bool, 0644);
MODULE_PARM_DESC(gone, "the port was pulled out, configuration reads as ones");

static int pme = -1;
module_param(pme, int, 0444);
MODULE_PARM_DESC(pme, "message number of PME, hotplug, bandwidth notification");

static int aer = -1;
module_param(aer, int, 0444);
MODULE_PARM_DESC(aer, "message number of AER");

static bool dynamic = true;
module_param(dynamic, bool, 0444);
MODULE_PARM_DESC(dynamic, "whether MSI-X vectors can be added one by one");

static bool lose_asleep;
module_param(lose_asleep, bool, 0644);
MODULE_PARM_DESC(lose_asleep, "the port loses its power while the system sleeps");

static uint bar_size;
module_param(bar_size, uint, 0444);
MODULE_PARM_DESC(bar_size, "how much of the shared memory BAR 0 of the port is");

static uint blocks[MODEL_MAX_BLOCKS];
static int nr_blocks;
module_param_array(blocks, uint, &nr_blocks, 0444);
MODULE_PARM_DESC(blocks, "low halves of the Register Locator's entries");

static struct {
	raw_spinlock_t lock;
	struct pci_ops ops;		/* Those of the port's bus, but two */
	struct pci_ops *real;		/* Those of the port's bus */
	struct pci_bus *bus;
	unsigned int devfn;
	struct pci_dev *host;
	struct pci_ops *host_ops;
	void __iomem *table;		/* MSI-X table of the host */
	void __iomem *own;		/* That of the port itself, or NULL */
	void __iomem *orders;		/* Shared memory behind BAR 0 */
	u32 own_bar;
	struct timer_list timer;
	int exp;
	int err;
	int real_msi;			/* What the port has itself, or 0 */
	int real_msix;
	int msix;			/* Where it is shown, or 0 */
	int link;			/* Last extended capability of the port */
	u8 first;			/* Its first capability */
	u32 bar[2];
	u32 msi[MODEL_MSI_DWORDS];
	u16 msix_flags;
	u16 command;
	u8 line;
	unsigned int resets;
	u32 ring;			/* Where own events are written to, or 0 */
} model = { .lock = __RAW_SPIN_LOCK_UNLOCKED(model.lock) };

static u32 model_real_read(int where)
{
	u32 val;

	if (model.real->read(model.bus, model.devfn, where, 4, &val))
		return U32_MAX;

	return val;
}

static void model_host_write_word(int where, u16 clear, u16 set)
{
	struct pci_dev *host = model.host;
	u32 val;

	model.host_ops->read(host->bus, host->devfn, where, 2, &val);
	model.host_ops->write(host->bus, host->devfn, where, 2,
			      (val & ~clear) | set);
}

/* The host decodes memory and masters the bus if the port does */
static void model_set_command(u16 command)
{
	model.command = command & MODEL_COMMAND;
	model_host_write_word(PCI_COMMAND, MODEL_COMMAND, model.command);
}

static void model_set_msix_flags(u16 flags)
{
	u16 mask = PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL;

	model.msix_flags = (model.msix_flags & ~mask) | (flags & mask);
	model_host_write_word(model.host->msix_cap + PCI_MSIX_FLAGS, mask,
			      flags & mask);
	if (model.own)
		model.real->write(model.bus, model.devfn,
				  model.real_msix + PCI_MSIX_FLAGS, 2,
				  flags & mask);
}

static void model_set_vector(unsigned int nr, u32 low, u32 high, u32 data,
			     u32 ctrl)
{
	void __iomem *entry = model.table + nr * PCI_MSIX_ENTRY_SIZE;

	writel(low, entry + PCI_MSIX_ENTRY_LOWER_ADDR);
	writel(high, entry + PCI_MSIX_ENTRY_UPPER_ADDR);
	writel(data, entry + PCI_MSIX_ENTRY_DATA);
	writel(ctrl, entry + PCI_MSIX_ENTRY_VECTOR_CTRL);
}

/* MSI has one message for all vectors, the MSI-X table of the host has each */
static void model_set_msi(void)
{
	u16 flags = model.msi[0] >> 16;
	bool on = flags & PCI_MSI_FLAGS_ENABLE;
	unsigned int i, nr = 1 << FIELD_GET(PCI_MSI_FLAGS_QSIZE, flags);

	for (i = 0; on && i < min(nr, entries); i++)
		model_set_vector(i, model.msi[1], model.msi[2],
				 (model.msi[3] & ~(nr - 1)) | i,
				 model.msi[4] >> i & 1);

	model_set_msix_flags(on ? PCI_MSIX_FLAGS_ENABLE : 0);
}

/* The message that is used: hardware makes do with those that it was granted */
static u32 model_message(int message)
{
	if (!msi)
		return message;

	return min_t(u32, message,
		     (1 << FIELD_GET(PCI_MSI_FLAGS_QSIZE, model.msi[0] >> 16)) - 1);
}

/* Forget the vectors, as a reset or loss of power does */
static void model_lose(void)
{
	unsigned int i;

	model.resets++;
	model.bar[0] = 0;
	model.bar[1] = 0;
	model.line = 0;
	model.msi[0] &= ~((PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE) << 16);
	memset(&model.msi[1], 0, sizeof(model.msi) - sizeof(model.msi[0]));
	model_set_command(PCI_COMMAND_MEMORY);
	if (model.orders)
		writel(model.resets, model.orders + MODEL_RESETS);
	if (entries) {
		for (i = 0; i < entries; i++)
			model_set_vector(i, 0, 0, 0,
					 PCI_MSIX_ENTRY_CTRL_MASKBIT);
		model_set_msix_flags(0);
	}
	model_set_command(0);
}

/* See whether the port was reset since the last time */
static void model_look(void)
{
	u32 val;

	if (model.real->read(model.bus, model.devfn, PCI_INTERRUPT_LINE, 1,
			     &val))
		return;

	if (val == MODEL_MARK || val == 0xff)
		return;

	model_lose();
	model.real->write(model.bus, model.devfn, PCI_INTERRUPT_LINE, 1,
			  MODEL_MARK);
}

static u32 model_regloc_dword(int offset)
{
	unsigned int len = MODEL_REGLOC_BLOCKS + 8 * nr_blocks;
	unsigned int block = (offset - MODEL_REGLOC_BLOCKS) / 8;

	switch (offset) {
	case 0:
		return PCI_EXT_CAP_ID_DVSEC | 1 << 16;
	case PCI_DVSEC_HEADER1:
		return PCI_VENDOR_ID_CXL | len << 20;
	case PCI_DVSEC_HEADER2:
		return MODEL_REGLOC_ID;
	}

	return offset % 8 == 4 ? blocks[block] : 0;
}

/* What a register of the port reads as, given what it really reads as */
static u32 model_dword(int where, u32 val)
{
	int end = MODEL_REGLOC + MODEL_REGLOC_BLOCKS + 8 * nr_blocks;

	if (where == PCI_INTERRUPT_LINE)
		return (val & ~0xff) | model.line;

	if (bar_size && where == PCI_BASE_ADDRESS_0)
		return model.bar[0];

	if (model.msix && where == PCI_BASE_ADDRESS_1)
		return model.bar[1];

	if (where == model.exp && pme >= 0) {
		val &= ~((u32)PCI_EXP_FLAGS_IRQ << 16);
		return val | FIELD_PREP(PCI_EXP_FLAGS_IRQ,
					model_message(pme)) << 16;
	}

	if (model.err && where == model.err + PCI_ERR_ROOT_STATUS && aer >= 0) {
		val &= ~PCI_ERR_ROOT_AER_IRQ;
		return val | FIELD_PREP(PCI_ERR_ROOT_AER_IRQ,
					model_message(aer));
	}

	if (where == PCI_CAPABILITY_LIST && msi)
		return (val & ~0xff) | MODEL_MSI;

	if (where == PCI_CAPABILITY_LIST && model.msix &&
	    model.msix != model.real_msix)
		return (val & ~0xff) | model.msix;

	/* What is not to be seen stays in the list, as a null capability */
	if (where && where == model.real_msi)
		return val & ~0xff;

	if (where && where == model.real_msix && model.msix != where)
		return val & ~0xff;

	if (msi && where >= MODEL_MSI &&
	    where < MODEL_MSI + MODEL_MSI_DWORDS * 4)
		return model.msi[(where - MODEL_MSI) / 4];

	if (model.msix && where == model.msix) {
		if (where != model.real_msix)
			val = PCI_CAP_ID_MSIX | model.first << 8;
		return (val & 0xffff) | model.msix_flags << 16;
	}

	if (model.msix && where == model.msix + PCI_MSIX_TABLE)
		return 1;

	if (model.msix && where == model.msix + PCI_MSIX_PBA)
		return MODEL_PBA | 1;

	if (!nr_blocks)
		return val;

	if (where == model.link)
		return (val & 0xfffff) | MODEL_REGLOC << 20;

	if (where >= MODEL_REGLOC && where < end)
		return model_regloc_dword(where - MODEL_REGLOC);

	return val;
}

static bool model_is_port(struct pci_bus *bus, unsigned int devfn)
{
	return bus == model.bus && devfn == model.devfn;
}

static int model_read(struct pci_bus *bus, unsigned int devfn, int where,
		      int size, u32 *val)
{
	unsigned int shift = (where & 3) * 8;
	unsigned long flags;
	u32 dword;
	int ret;

	if (!model_is_port(bus, devfn))
		return model.real->read(bus, devfn, where, size, val);

	if (gone) {
		*val = U32_MAX >> (32 - size * 8);
		return 0;
	}

	raw_spin_lock_irqsave(&model.lock, flags);
	ret = model.real->read(bus, devfn, where & ~3, 4, &dword);
	if (!ret && !PCI_POSSIBLE_ERROR(dword)) {
		model_look();
		dword = model_dword(where & ~3, dword);
	}
	raw_spin_unlock_irqrestore(&model.lock, flags);

	*val = dword >> shift;
	if (size < 4)
		*val &= (1U << (size * 8)) - 1;

	return ret;
}

/* Whether a write was meant for what is not there but for us */
static bool model_written(int where, u32 dword, u32 mask)
{
	if (where == PCI_COMMAND) {
		if (mask & 0xffff)
			model_set_command(dword);
		return false;
	}

	if (bar_size && where == PCI_BASE_ADDRESS_0) {
		model.bar[0] = dword & ~(bar_size - 1);
		model.real->write(model.bus, model.devfn, where, 4,
				  model.own_bar);
		return true;
	}

	if (model.msix && where == PCI_BASE_ADDRESS_1) {
		model.bar[1] = dword & ~(SZ_4K - 1);
		return true;
	}

	if (msi && where >= MODEL_MSI &&
	    where < MODEL_MSI + MODEL_MSI_DWORDS * 4) {
		/* What cannot be written is never written */
		model.msi[(where - MODEL_MSI) / 4] = dword;
		model_set_msi();
		return true;
	}

	if (model.msix && where == model.msix) {
		if (mask & 0xffff0000)
			model_set_msix_flags(dword >> 16);
		return true;
	}

	if (model.msix && (where == model.msix + PCI_MSIX_TABLE ||
			   where == model.msix + PCI_MSIX_PBA))
		return true;

	return nr_blocks && where >= MODEL_REGLOC;
}

/* The PCI core has ideas about the command register of a function without driver */
static u32 model_host_value(struct pci_bus *bus, unsigned int devfn, int where,
			    u32 val)
{
	if (bus != model.host->bus || devfn != model.host->devfn ||
	    where != PCI_COMMAND)
		return val;

	return (val & ~MODEL_COMMAND) | model.command;
}

static int model_write(struct pci_bus *bus, unsigned int devfn, int where,
		       int size, u32 val)
{
	unsigned int shift = (where & 3) * 8;
	u32 dword, mask = U32_MAX;
	unsigned long flags;
	int ret = 0;

	if (!model_is_port(bus, devfn)) {
		val = model_host_value(bus, devfn, where, val);
		return model.real->write(bus, devfn, where, size, val);
	}

	if (gone)
		return 0;

	if (size < 4)
		mask = ((1U << (size * 8)) - 1) << shift;

	raw_spin_lock_irqsave(&model.lock, flags);
	model_look();
	dword = model_dword(where & ~3, model_real_read(where & ~3));
	dword = (dword & ~mask) | ((val << shift) & mask);
	if (where == PCI_INTERRUPT_LINE) {
		model.line = val;
		val = (val & ~0xff) | MODEL_MARK;
	}
	if (!model_written(where & ~3, dword, mask))
		ret = model.real->write(bus, devfn, where, size, val);
	raw_spin_unlock_irqrestore(&model.lock, flags);

	return ret;
}

/* Find out where the port's registers are that others read as they are */
static int model_layout(struct pci_dev *port)
{
	int pos, next = PCI_CFG_SPACE_SIZE;
	u32 val;

	model.exp = port->pcie_cap;
	model.err = port->aer_cap;
	model.real_msi = pci_find_capability(port, PCI_CAP_ID_MSI);
	model.real_msix = pci_find_capability(port, PCI_CAP_ID_MSIX);
	model.first = model_real_read(PCI_CAPABILITY_LIST);
	model.msix = 0;

	if (entries && msi) {
		for (pos = 0; pos < MODEL_MSI_DWORDS; pos++) {
			if (model_real_read(MODEL_MSI + pos * 4))
				return -EBUSY;
		}
		val = PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT |
		      FIELD_PREP(PCI_MSI_FLAGS_QMASK, ilog2(entries));
		model.msi[0] = PCI_CAP_ID_MSI | model.first << 8 | val << 16;
	} else if (entries) {
		model.msix = model.real_msix ?: MODEL_MSIX;
		if (!model.real_msix && model_real_read(MODEL_MSIX))
			return -EBUSY;
		model.msix_flags = entries - 1;
	}

	if (!nr_blocks)
		return 0;

	if (port->cfg_size < PCI_CFG_SPACE_EXP_SIZE ||
	    model_real_read(MODEL_REGLOC))
		return -EBUSY;

	while (next) {
		model.link = next;
		val = model_real_read(next);
		if (next == PCI_CFG_SPACE_SIZE && !val)
			return -ENXIO;
		next = PCI_EXT_CAP_NEXT(val);
	}

	return 0;
}

/* Put a BAR of the port into one of the host */
static int model_nest(struct pci_dev *port, int bar, int in,
		      resource_size_t size)
{
	struct resource *res = &port->resource[bar];
	struct resource *parent = &model.host->resource[in];

	if (size > resource_size(parent) || parent->start > U32_MAX - size)
		return -ERANGE;

	if (res->parent)
		release_resource(res);

	res->name = pci_name(port);
	res->flags = IORESOURCE_MEM;
	res->start = parent->start;
	res->end = parent->start + size - 1;
	model.bar[bar] = res->start;

	return request_resource(parent, res);
}

/* Nobody sees the port's own MSI-X table, but it stays where it is */
static int model_keep_table(struct pci_dev *port)
{
	struct resource *res = &port->resource[0];
	resource_size_t start = res->start;

	if (!bar_size || !model.real_msix || model.own)
		return 0;

	if (!res->parent || start > U32_MAX)
		return -ENXIO;

	release_resource(res);
	if (!request_mem_region(start, SZ_4K, "port_model"))
		return -EBUSY;

	model.own_bar = start;
	model.own = ioremap(start, SZ_4K);

	return model.own ? 0 : -ENOMEM;
}

/* What the entry of the port's own vector is, given that of the host */
static u32 model_own_dword(unsigned int at, u32 val)
{
	if (!model.ring || at == PCI_MSIX_ENTRY_VECTOR_CTRL)
		return val;

	if (at == PCI_MSIX_ENTRY_LOWER_ADDR)
		return model.ring;

	return at == PCI_MSIX_ENTRY_DATA;
}

/* Affinity and masks of the vector are written to the host's table only */
static void model_copy(struct timer_list *timer)
{
	unsigned int from = pme > 0 ? pme * PCI_MSIX_ENTRY_SIZE : 0;
	unsigned long flags;
	unsigned int i;
	u32 val;

	raw_spin_lock_irqsave(&model.lock, flags);
	if (model.msix_flags & PCI_MSIX_FLAGS_ENABLE) {
		for (i = 0; i < PCI_MSIX_ENTRY_SIZE; i += 4) {
			val = model_own_dword(i, readl(model.table + from + i));
			if (val != readl(model.own + i))
				writel(val, model.own + i);
		}
	}
	raw_spin_unlock_irqrestore(&model.lock, flags);
	mod_timer(timer, jiffies + 2);
}

/* The vectors of a platform can be added one by one, or not */
static int model_forbid_dynamic(struct pci_dev *port)
{
	static struct msi_parent_ops ops;
	struct irq_domain *domain = dev_get_msi_domain(&port->dev);

	if (!domain || !irq_domain_is_msi_parent(domain))
		return -EOPNOTSUPP;

	if (domain->msi_parent_ops != &ops)
		ops = *domain->msi_parent_ops;
	ops.supported_flags &= ~MSI_FLAG_PCI_MSIX_ALLOC_DYN;
	domain->msi_parent_ops = &ops;

	return 0;
}

/* Messages of the port are sent by the host: say so, where that matters */
#ifdef CONFIG_OF
static int model_same_sender(struct pci_dev *port)
{
	static struct property prop = { .name = "msi-map" };
	static __be32 map[64];
	struct device_node *np;
	const __be32 *old;
	u32 id, base;
	int len;

	np = pci_find_host_bridge(port->bus)->dev.parent->of_node;
	old = of_get_property(np, "msi-map", &len);
	if (!old || prop.value)
		return 0;

	if (len < 16 || len + 16 > sizeof(map) || !bar_size)
		return -EOPNOTSUPP;

	id = PCI_DEVID(model.host->bus->number, model.host->devfn);
	base = be32_to_cpu(old[0]);
	if (id < base || id - base >= be32_to_cpu(old[3]))
		return -EOPNOTSUPP;

	/* Of several entries that match the first one counts */
	map[0] = cpu_to_be32(PCI_DEVID(port->bus->number, port->devfn));
	map[1] = old[1];
	map[2] = cpu_to_be32(be32_to_cpu(old[2]) + id - base);
	map[3] = cpu_to_be32(1);
	memcpy(&map[4], old, len);
	prop.value = map;
	prop.length = len + 16;
	model.ring = pci_bus_address(model.host, 2) + bar_size + MODEL_RING;

	return of_update_property(np, &prop);
}
#else
static int model_same_sender(struct pci_dev *port)
{
	return 0;
}
#endif

static int model_place(struct pci_dev *port)
{
	int ret;

	ret = model_layout(port);
	if (ret)
		return ret;

	ret = model_keep_table(port);
	if (ret)
		return ret;

	ret = model_same_sender(port);
	if (ret)
		return ret;

	if (bar_size) {
		ret = model_nest(port, 0, 2, bar_size);
		if (ret)
			return ret;
	}

	if (entries && !msi) {
		ret = model_nest(port, 1, 1, SZ_4K);
		if (ret)
			return ret;
	}

	return dynamic ? 0 : model_forbid_dynamic(port);
}

static int model_adopt(struct pci_dev *port)
{
	u16 command;
	u8 line;
	int ret;

	if (!model.real) {
		model.real = port->bus->ops;
		model.ops = *model.real;
		model.ops.read = model_read;
		model.ops.write = model_write;
		model.host_ops = model.host->bus->ops;
		if (model.host_ops != model.real)
			return -EOPNOTSUPP;
	}
	model.bus = port->bus;
	model.devfn = port->devfn;

	if (port->bus->ops == &model.ops)
		pci_bus_set_ops(port->bus, model.real);

	ret = model_place(port);
	if (ret)
		return ret;

	pci_read_config_byte(port, PCI_INTERRUPT_LINE, &line);
	if (line != MODEL_MARK)
		model.line = line;
	pci_write_config_byte(port, PCI_INTERRUPT_LINE, MODEL_MARK);
	pci_read_config_word(port, PCI_COMMAND, &command);
	model_set_command(command);

	port->msi_cap = entries && msi ? MODEL_MSI : 0;
	port->msix_cap = model.msix;
	pci_bus_set_ops(port->bus, &model.ops);
	pci_bus_set_ops(model.host->bus, &model.ops);
	if (model.own)
		mod_timer(&model.timer, jiffies + 2);

	return 0;
}

/* Whether a device is the port: port_name has no bus number but the first */
static bool model_is_named(struct pci_dev *dev)
{
	const char *below = strchr(port_name, '/');
	struct pci_dev *above = dev->bus->self;

	if (!below)
		return !strcmp(pci_name(dev), port_name);

	/* Of its own name, only device and function */
	return above && !strcmp(pci_name(dev) + strlen("0000:00:"), below + 1) &&
	       strlen(pci_name(above)) == below - port_name &&
	       !strncmp(pci_name(above), port_name, below - port_name);
}

static int model_begin(void);

/*
 * A port that was removed, and was found again, is the same port.  Where host
 * bridges are found after us, it is the port that a driver is bound to.
 */
static int model_notify(struct notifier_block *nb, unsigned long action,
			void *data)
{
	struct device *dev = data;
	int ret;

	if (action == BUS_NOTIFY_BIND_DRIVER && !model.host &&
	    model_is_named(to_pci_dev(dev))) {
		ret = model_begin();
		return ret ? notifier_from_errno(ret) : NOTIFY_OK;
	}

	if (action != BUS_NOTIFY_ADD_DEVICE || !model.host ||
	    !model_is_named(to_pci_dev(dev)))
		return NOTIFY_DONE;

	ret = model_adopt(to_pci_dev(dev));
	if (ret)
		dev_err(dev, "not found again (%d)\n", ret);

	return NOTIFY_OK;
}

static struct notifier_block model_nb = { .notifier_call = model_notify };

static void model_lose_all(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&model.lock, flags);
	model_lose();
	model.real->write(model.bus, model.devfn, PCI_COMMAND, 2, 0);
	raw_spin_unlock_irqrestore(&model.lock, flags);
}

static int model_sleep(void *data)
{
	if (model.bus && lose_asleep)
		model_lose_all();

	return 0;
}

static const struct syscore_ops model_syscore_ops = { .suspend = model_sleep };
static struct syscore model_syscore = { .ops = &model_syscore_ops };

/* What does not survive a reset is lost at once: write anything */
static int model_set_lose(const char *val, const struct kernel_param *kp)
{
	if (!model.bus)
		return -ENODEV;

	model_lose_all();

	return 0;
}

static int model_get_lose(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%u\n", model.resets);
}

static const struct kernel_param_ops model_lose_ops = {
	.set = model_set_lose,
	.get = model_get_lose,
};
module_param_cb(lose, &model_lose_ops, NULL, 0644);

static struct pci_dev *model_find_port(void)
{
	struct pci_dev *dev = NULL;

	for_each_pci_dev(dev) {
		if (model_is_named(dev))
			return dev;
	}

	return NULL;
}

/* The PCI core has given all BARs their addresses, portdrv is not there yet */
static int model_begin(void)
{
	struct pci_dev *port;
	struct device *dev;
	int ret;

	dev = bus_find_device_by_name(&pci_bus_type, NULL, host_name);
	if (!dev) {
		pr_err("port_model: no host %s\n", host_name);
		return -ENODEV;
	}
	model.host = to_pci_dev(dev);

	ret = pci_enable_device(model.host);
	if (ret)
		return ret;

	model.table = ioremap(pci_resource_start(model.host, 1), SZ_4K);
	if (!model.table)
		return -ENOMEM;

	if (bar_size && pci_resource_len(model.host, 2) >= bar_size + SZ_4K)
		model.orders = ioremap(pci_resource_start(model.host, 2) +
				       bar_size, SZ_4K);

	timer_setup(&model.timer, model_copy, 0);
	port = model_find_port();
	if (port) {
		ret = model_adopt(port);
		if (ret)
			pci_err(port, "not taken over (%d)\n", ret);
		else
			pci_info(port, "%u vectors and %d CXL PMUs of %s\n",
				 entries, nr_blocks, pci_name(model.host));
		pci_dev_put(port);
	}

	register_syscore(&model_syscore);

	return 0;
}

static int __init model_init(void)
{
	int ret;

	if (!port_name || !host_name)
		return 0;

	if (!list_empty(&pci_root_buses)) {
		ret = model_begin();
		if (ret)
			return ret;
	}

	return bus_register_notifier(&pci_bus_type, &model_nb);
}
rootfs_initcall(model_init);
