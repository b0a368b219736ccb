# SPDX-License-Identifier: GPL-2.0-only
"""What can be true of a device, and what hardware and platform can answer.

Numbers are kept small on purpose: a device has interrupt message numbers 0..2, an interrupt
table of 1, 2 or 4 entries, so that every relation between them (shared with a core service,
a hole below the highest, beyond what is allocated, beyond the table) occurs.
"""

from __future__ import annotations

from generator.expr import Expr, Fact, Operand, Place, all_of, any_of, named, num, pick, question

MOST = 4  # entries of the largest interrupt table; indices are 0..MOST-1

# A PCI device as its driver and the interrupt core leave it.
ENABLED = Fact("enabled", 3, "pci_dev.enable_cnt that this driver holds")
MASTER = Fact("master", 1, "Bus Master Enable in the command register")
MODE = named("mode", ("off", "INTx", "MSI", "MSI-X"), "what pci_alloc_irq_vectors() set up")
NVEC = Fact("nvec", MOST, "vectors 0..nvec-1 of the last pci_alloc_irq_vectors()")
DYN = Fact("dyn", 2**MOST - 1, "bit n: index n was added by pci_msix_alloc_irq_at()")
MSIDATA = Fact("msi_data", 1, "MSI device data among the devres of the device")
RPM_ALLOWED = Fact("rpm_allowed", 1, "the port may be runtime suspended when nobody holds it")
D3 = Fact("d3", 1, "the device is in D3hot")
DRVDATA = Fact("drvdata", 1, "dev_get_drvdata() is not NULL")
FAULTED = Fact("faulted", 1, "something failed in this probe that no hardware answer explains")
SLEEPY = Fact("sleepy", 1, "the driver gave its own runtime PM reference back")
GONE = Fact("gone", 1, "the device was pulled out; every read is all ones")
SAVED = named("saved", ("never", "without bus mastering", "with bus mastering"),
              "what pci_save_state() found since its driver was bound")
CONFIG_LOST = Fact("config_lost", 1, "a reset cleared its configuration, nobody restored it")

# Any device, as the driver core sees it.
PHASE = named("phase", ("unbound", "probing", "bound", "leaving"), "binding to its driver")
LIFE = named("life", ("absent", "allocated", "initialised", "added"), "of the struct device")
DYING = Fact("dying", 1, "deletion has begun: no driver can bind any more")
IDENT = Fact("id", 1, "holds a unique id")
NUMBERED = Fact("own number", 1, "has an id made of what it belongs to, which nobody gives out")
NOTED = Fact("noted", 1, "memory in which the driver that enumerates notes it")
OUTCOME = named("outcome", ("none", "bound", "refused"), "how the last probe ended")

# What a driver holds for its device. Interrupts: 0 none, 1+n vector n, then line and stale.
LINE = MOST + 1
STALE = MOST + 2
_IRQS = ("none", *(f"vector {n}" for n in range(MOST)), "INTx line")
IRQ = named("irq", (*_IRQS, "stale"), "the Linux irq that the device was given")
HANDLER = named("handler", (*_IRQS, "orphan"), "what its interrupt handler is registered on")
EXCLUSIVE = Fact("exclusive", 1, "its handler was requested without IRQF_SHARED")
WAKE = Fact("wake", 2, "how often its driver has made its interrupt wake the system")
NO_SUSPEND = Fact("no_suspend", 1, "its handler was requested with IRQF_NO_SUSPEND")
MASKED = Fact("masked", 1, "its driver has disabled its irq", local=True)
SOURCE = Fact("source", 1, "the device may raise its interrupt")
QUIET = Fact("quiet", 1, "its driver has turned its source off since it was bound")
MEMORY = Fact("memory", 1, "driver data")
CLAIMED = Fact("claimed", 1, "its register block is claimed")
MAPPED = Fact("mapped", 1, "its register block is mapped")
POWER = Fact("power", 1, "holds a runtime PM reference on its parent")
MORE_POWER = Fact("more_power", 2, "runtime PM references that it holds beside that one")
HOTPLUG = Fact("cpuhp", 1, "is a CPU hotplug instance")
PMU = Fact("pmu", 1, "is a registered perf PMU")
OPEN = Fact("open", 1, "a perf event is open on it and counts")
SUBSTORE = Fact("substore", 1, "its vector's descriptor is in its own store, not in that of "
                "the PCI device which signals")
PREPARING = Fact("preparing", 1, "a vector is being added to its own store")
MSI_DOMAIN = named("msi_domain", ("none", "parent", "own"),
                   "its provider's domain is set as the parent of its own, or it has one")
PREPARES = Fact("prepares", 1, "prepare_desc() of its domain makes desc->dev the PCI device")
SUBPARENT = named("sub_parent", ("no", "marked", "yes"),
                  "its MSI-X domain is parent of its subdevices': only marked so, or known as "
                  "such to the MSI core")
UNPROGRAMMED = Fact("unprogrammed", 1, "its vector's table entry was lost and not rewritten")
LOST = Fact("lost", 1, "its interrupt was on before sleep or reset, and is not on again")
STALE_COUNT = Fact("stale count", 1, "an open event's counter was cleared, and what was read of it "
                   "last is still taken for its value")
UNHEARD = Fact("unheard", 1, "its interrupt may have come while MSI was off; nobody looked")

# What a driver holds of others for its device: nothing of it may be left when it is unbound.
CLOCK = Fact("clock", 1, "a reference on its clock", held=True)
CLOCK_PREPARED = Fact("clock prepared", 3, "how often its driver prepared its clock", held=True)
CLOCK_ON = Fact("clock on", 3, "how often its driver enabled its clock", held=True)
SUPPLY = Fact("supply", 1, "a reference on its regulator", held=True)
SUPPLY_ON = Fact("supply on", 3, "how often its driver enabled its regulator", held=True)
RESET = Fact("reset", 1, "a reference on its reset line", held=True)
RELEASED = Fact("released", 1, "its reset line is deasserted")
POWER_DOMAIN = Fact("power domain", 1, "its driver attached it to a power domain", held=True)
RPM_ENABLED = Fact("runtime pm", 1, "its driver enabled runtime PM", held=True)
# Runtime PM of a device that is not PCI: drivers/base/power/runtime.c. A device is suspended to it
# until it is told otherwise, or has called runtime_resume.
RPM_ACTIVE = Fact("runtime active", 1, "runtime PM has it as active, not as suspended")
RPM_ASLEEP = Fact("runtime asleep", 1, "its runtime_suspend was the last that was called")
RPM_BUSY = Fact("runtime busy", 1, "nobody has told runtime PM yet that it may be idle")
RPM_ASKED = Fact("resume asked", 1, "somebody asked for its resume and does not wait for it")
RPM_LATER = Fact("autosuspend", 1, "runtime PM waits for a while before it suspends it")
RPM_FORCED = Fact("forced", 1, "pm_runtime_force_suspend() suspended it in use")
RPM_FORBIDDEN = Fact("runtime pm forbidden", 1, "its driver forbade runtime PM, which holds it "
                     "until that is allowed, by user space too")
CALL_HOLDS = Fact("call holds", 1, "a callback of an interface holds a runtime PM reference that "
                  "it took", local=True)
IN_RUNTIME_PM = Fact("in runtime PM", 1, "a runtime PM callback of its driver runs")
USB_HELD = Fact("usb reference", 1, "a reference on the USB device of its interface", held=True)
USB_INTERFACE = Fact("usb interface", 1, "a reference on its USB interface", held=True)
RC_DEVICE = Fact("rc device", 1, "a remote control device that its driver allocated", held=True)
FIRMWARE = Fact("firmware", 1, "firmware that its driver requested", held=True)
SCSI_HOST = Fact("scsi host", 1, "a SCSI host that its driver allocated", held=True)
USB_PHY = Fact("usb phy", 1, "a reference on its USB PHY", held=True)
FOUND_DEVICE = Fact("found device", 1, "a reference on another device", held=True)
IRQ_DOMAIN = Fact("own irq domain", 1, "an irq domain of its driver", held=True)
V4L2_DEVICE = Fact("v4l2 device", 1, "a struct v4l2_device that its driver registered", held=True)
HID_OPEN = Fact("hid open", 3, "how often its driver opened the HID device", held=True)
URB = Fact("urb", 1, "an URB that its driver allocated", held=True)
USB_BUFFER = Fact("usb buffer", 1, "memory for transfers of its USB device", held=True)
SPI_HOST = Fact("spi host", 3, "references on the SPI controller that its driver allocated")
OWN_INPUT = Fact("own input device", 1, "an input device that its driver frees, or unregisters",
                 held=True)
INPUT = Fact("input device", 1, "memory of the input device that its driver allocated", held=True)
# Memory of what drivers register; that of RTCs may be told of by a pointer that is NULL before.
INPUT_MEMORY = Fact("memory of its input device", 1, "the input device that its driver allocated")
TRIGGER = Fact("iio trigger", 1, "the IIO trigger that its driver allocated")
EXTCON = Fact("extcon device", 1, "the extcon device that its driver allocated")
RTC = Fact("rtc device", 1, "the RTC device that its driver allocated")
RTC_POINTER = Fact("rtc pointer", 1, "a pointer to its RTC device is not NULL", local=True)
ROLE_SWITCH = Fact("role switch", 1, "a reference on its USB role switch", held=True)
FWNODE = Fact("fwnode", 3, "references on firmware nodes", held=True)
OWN_CLOCK = Fact("own clock", 1, "a clock that its driver has registered", held=True)
CLOCK_TABLE = Fact("clock table", 1, "a table of clocks that its driver allocated", held=True)
CLOCK_LOOKUP = Fact("clock lookup", 1, "how others find the clock of its driver", held=True)
NODES = Fact("software nodes", 1, "software nodes that its driver has registered", held=True)
SRIOV = Fact("sriov", 1, "its virtual functions are there", held=True)
TEXT = Fact("text", 1, "a string or a buffer that its driver allocated", held=True)
DMA_BUFFER = Fact("dma memory", 3, "buffers for DMA that its driver allocated", held=True)
DMA_CHANNEL = Fact("dma channel", 3, "DMA channels that its driver has of others", held=True)
PHY_INITED = Fact("phy initialised", 3, "how often its driver initialised its PHY", held=True)
PHY_ON = Fact("phy on", 3, "how often its driver powered its PHY", held=True)
WORKQUEUE = Fact("workqueue", 1, "a workqueue of its driver's own", held=True)
OF_NODE = Fact("of node", 3, "references on device nodes that its driver took", held=True)
CONTROLS = Fact("controls", 1, "a handler of V4L2 controls that its driver filled", held=True)
LATENCY = Fact("latency request", 1, "a limit of CPU latency that its driver asked for", held=True)
OWN_CLIENT = Fact("own client", 1, "an I2C client that its driver added", held=True)
OWN_REGMAP = Fact("own regmap", 1, "a regmap that its driver allocated", held=True)
MMC_HOST = Fact("mmc host", 1, "an MMC host that its driver allocated", held=True)
DATA = (MEMORY, MMC_HOST)  # where a driver's data lies: in several, where it has them
MAILBOX = Fact("mailbox", 1, "a mailbox channel that its driver has of others", held=True)
SOUND_CARD = Fact("sound card", 1, "a sound card that its driver allocated", held=True)
UCSI = Fact("ucsi", 1, "an UCSI interface that its driver allocated", held=True)
VIRTIO = Fact("virtio registers", 1, "registers of a virtio device that its driver mapped",
              held=True)
REGION = Fact("region", 1, "ports or memory that its driver claimed", held=True)
DISPLAY = Fact("display", 1, "a character display that its driver allocated", held=True)

# Locks, of designs that take any: 0, or the number of the process that holds it.
DEVICE_MUTEX = Fact("device_lock", 63, "who holds its device_lock")
DESC_MUTEX = Fact("msi_lock_descs", 63, "who holds the mutex of its MSI descriptors")
ROOT_MUTEX = Fact("irqdomain_mutex", 63, "who holds the mutex of its root irqdomain")
MUTEXES = (DEVICE_MUTEX, DESC_MUTEX, ROOT_MUTEX)
WANTS = Fact("wants", 255, "the lock that its driver waits for: 64 times which, plus whose")
ADDING = Fact("adding", 1, "the call that added the device has not returned yet")
INSIDE = Fact("inside", 1, "its driver's probe runs inside the call that added the device")

# Questions to hardware and platform.
CAP = question("capability", ("none", "MSI", "MSI-X"), "interrupt capability in use")
COUNT = question(
    "count", ("1", "2", "4"), "entries: MSI messages granted, MSI-X table size", (CAP, (1, 2))
)
LINE_ROUTED = question("line", ("no", "yes"), "dev->irq is routed")
CAN_DYN = question("dynamic", ("no", "yes"), "the irqdomain can add MSI-X vectors", (CAP, (2,)))
MASKABLE = question(
    "maskable", ("no", "yes"), "MSI has per-vector masking, and the platform lets it be used",
    (CAP, (1,)),
)
IRQDOMAIN = question(
    "irqdomain", ("v2 parent", "v1", "none"), "dev_get_msi_domain() of the device", (CAN_DYN, (0,))
)
HAS = question("present", ("no", "yes"), "the device exists in this hardware")
MSG = question("message", ("0", "1", "2", "none"), "interrupt message number", (HAS, (1,)))
BLOCK = question(
    "block", ("in an assigned BAR", "elsewhere"), "where its registers lie", (HAS, (1,))
)
LEFT_ON = question(
    "left on", ("no", "yes"), "firmware or another kernel left its source on", (HAS, (1,))
)
LOSES = question(
    "loses registers", ("no", "yes"), "what was written to its registers is gone after sleep"
)
AFFINITY = question(
    "affinity", ("can be set", "cannot be set"), "whether its irq's chip can set the affinity"
)
MAY_WAKE = question("may wake", ("no", "yes"), "user space lets it wake the system")
BELOW = question("below", ("no", "yes"), "a live device below the port needs bus mastering")

# Variables of drivers' functions: what says `local` is gone when the driver is unbound, and is left
# out where designs are compared. No list of them exists elsewhere.
LOCAL = Fact("wanted", MOST, "the driver's local count of wanted vectors; 0: not made yet",
             local=True, vectors=True)
TOTAL = Fact("total", MOST, "the same with those of the extension counted in; 0: not made yet",
             local=True, vectors=True)
BEGUN = Fact("begun", 1, "the driver's local count has a value, if only 0", local=True)
SEEN = Fact("seen", 1, "the driver that enumerates serves it", local=True)
FILLED = Fact("irq noted", 1, "its place in the driver's array of irqs was written", local=True)
SECOND = named(
    "second irq", ("not needed", "number read", "looked up"), "of another service folded into it",
    local=True,
)
LOCATED = Fact("located", 1, "who enumerates has found where a register block of it lies",
               local=True)
KNOWN = Fact("known", 1, "its message number was read since the vectors last changed", local=True)
ALL_ONES = Fact("all ones", 1, "what its handler read of it last was all ones", local=True)

# Of the drivers of ports and their services alone: portdrv, pme, pciehp.
CALLBACKS = Fact("slot callbacks", 1, "memory with the functions of its hotplug slot")
SLOT = named("slot", ("none", "initialised", "added"), "its slot in the hotplug core")
POLLER = Fact("poller", 1, "a thread polls it for events")
SILENCED = Fact("silenced", 1, "its driver's note that its interrupt was turned off for sleep")
NOTIFIES = Fact("notifies", 1, "its driver's note that events are enabled")
MISSED = Fact("missed", 1, "something may have happened to it in its sleep; nobody looked")
NO_MSI = question("pme_nomsi", ("no", "yes"), "pcie_pme=nomsi or the DMI quirk")
DPC = question("dpc", ("no", "yes"), "the port has DPC, and the system leaves it to the kernel")
POLLED = question("polled", ("no", "yes"), "pciehp_poll_mode: events are polled, not signalled")
D3_POSSIBLE = question("bridge_d3", ("no", "yes"), "pci_bridge_d3_possible()")

# Of the driver of CXL PMUs, and of those who make its devices.
CAPS = Fact("caps", 1, "what its driver read of its abilities: how many counters there are")
NAMED = Fact("named", 1, "the name that it is to be registered under")
COUNTERS = Fact("counters", 1, "memory for the event of each of its counters")
PEEKED = Fact("peeked", 1, "its registers are mapped for a moment, to look at")

MODE_OFF, MODE_INTX, MODE_MSI, MODE_MSIX = range(4)
CAP_NONE, CAP_MSI, CAP_MSIX = range(3)
UNBOUND, PROBING, BOUND, LEAVING = range(4)
ABSENT, ALLOCATED, INITIALISED, ADDED = range(4)
NO_MESSAGE = 3
DOMAIN_NONE, DOMAIN_PARENT, DOMAIN_OWN = range(3)
SUBPARENT_NO, SUBPARENT_MARKED, SUBPARENT_YES = range(3)
V2_PARENT = 0


def entries(dev: Place) -> Expr:
    """Return how many entries the interrupt table of a device has."""
    return pick(COUNT(dev).eq(2), MOST, COUNT(dev) + 1)


def msi_on(dev: Place) -> Expr:
    """Return whether MSI or MSI-X is enabled."""
    return MODE(dev).ge(MODE_MSI)


def allocated(dev: Place, index: Operand) -> Expr:
    """Return whether an index has a vector, allocated at enable time or dynamically."""
    return msi_on(dev) & (num(index).lt(NVEC(dev)) | DYN(dev).has(index))


def on_vector(fact: Fact, dev: Place) -> Expr:
    """Return whether IRQ or HANDLER of a device is a valid vector."""
    return all_of(fact(dev).ge(1), fact(dev).le(MOST))


def interrupt_arrives(user: Place, provider: Place) -> Expr:
    """Return whether there is a sound path from `user` to its own handler."""
    on_msi = all_of(
        msi_on(provider),
        MASTER(provider).eq(1),
        MSG(user).ne(NO_MESSAGE),
        HANDLER(user).eq(MSG(user) + 1),
        any_of(allocated(provider, MSG(user)), SUBSTORE(user).eq(1)),
    )
    on_line = all_of(~msi_on(provider), HANDLER(user).eq(LINE))
    return any_of(on_msi, on_line)


def interrupt_lost(user: Place, provider: Place) -> Expr:
    """Return whether a live source of `user` has no sound path to its own handler."""
    return SOURCE(user).eq(1) & ~interrupt_arrives(user, provider)


# Of the questions, those that the platform answers and not the device.
PLATFORM = (LINE_ROUTED, CAN_DYN, IRQDOMAIN, AFFINITY, NO_MSI, D3_POSSIBLE, POLLED)
