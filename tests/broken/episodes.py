# SPDX-License-Identifier: GPL-2.0-only
"""Designs that do not outlast sleep, recovery, or the driver that comes after them."""

from dataclasses import replace

from broken.parts import (
    AWAKE as REFERENCED,
)
from broken.parts import (
    DELETE,
    KID,
    MADE,
    MAKE,
    PORT,
    SLEEP,
    Case,
    design,
    kid,
    port,
)
from generator.design import Design, Device, Driver
from generator.drivers.portdrv_pm import PCIEHP_RESUME_NOIRQ, PCIEHP_RUNTIME_SUSPEND, PCIEHP_SUSPEND
from generator.facts import CAN_DYN, CAP, COUNT, MSG, SUBSTORE
from generator.operation import Operation, ok, sets
from generator.ops.device import DEVICE_REGISTER, DEVICE_UNREGISTER, KZALLOC
from generator.ops.irq import (
    FREE_IRQ,
    INTX,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    PCI_MSIX_ALLOC_IRQ_AT,
    REQUEST_IRQ,
)
from generator.ops.pci import (
    PCI_RESTORE_STATE,
    PCI_SAVE_STATE,
    RESTORE_SUBDEVICE_VECTORS,
)
from generator.ops.perf import PERF_PMU_REGISTER, START_EVENTS, USER
from generator.ops.source import ENABLE_SOURCE
from generator.program import Block

# The descriptor of the vector is in the store of the child, where no 6.12 kernel puts it.
OWN_STORE = Operation(
    "own store", ("user",), (ok(sets(SUBSTORE(USER), 1)),), source="kernel/irq/msi.c"
)

ONE = PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=MSIX)
AT = PCI_MSIX_ALLOC_IRQ_AT(PORT, KID, nr=MSG(KID))
DROP = (*DELETE, PCI_FREE_IRQ_VECTORS(PORT))
X86 = {CAP: "MSI-X", COUNT: "2", CAN_DYN: "yes", MSG: "1"}
SLEPT = ("system: goes to sleep", "system: loses power", "PCI core: restores what it saved")
AWAKE = "system: is awake again"


def subdevice(**callbacks: Block) -> Driver:
    """Return a port that gives its child a vector of the child's own."""
    made = port((ONE, AT, OWN_STORE(KID), *MAKE), DROP)
    return replace(made, **callbacks)


def counting(**callbacks: Block) -> Driver:
    """Return a driver of a PMU."""
    return replace(kid((PERF_PMU_REGISTER(KID),)), **callbacks)


COUNTS_AGAIN = replace(START_EVENTS, needs=())  # of a driver that maps nothing
# Hotplug as an auxiliary driver: the operations are its own, not the port's iteration.
SUSPEND = replace(PCIEHP_SUSPEND, reaches=())(KID)
LOOK = replace(PCIEHP_RESUME_NOIRQ, reaches=())(KID)
ITERATED = PCIEHP_RESUME_NOIRQ(KID)
HANDLES = kid((REQUEST_IRQ(KID),), (FREE_IRQ(KID),))

# A port with one service, on its line; another driver of the port serves it as well.
SERVICE = Device("service", "service", PORT)
SERVING = port(
    (PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=INTX), PCI_IRQ_VECTOR(PORT, SERVICE, nr=0),
     KZALLOC(SERVICE), DEVICE_REGISTER(SERVICE)),
    (DEVICE_UNREGISTER(SERVICE),),
)
MORE = replace(SERVING, name="more", instead_of="portdrv")
SERVED = Design("served", "portdrv serves a port", (PORT, SERVICE), (SERVING,))
SERVED_BY = (
    "port: bind portdrv",
    "port: pci_alloc_irq_vectors(port)",
    "port: pci_irq_vector(port, service)",
    "port: kzalloc(service)",
    "port: device_register(service)",
    "port: probe returns 0",
)

# The one service that watches the link, on a port that may sleep.
HP = Device("hp", "service", PORT)
SLEEPS = replace(
    port(
        (PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=INTX), PCI_IRQ_VECTOR(PORT, HP, nr=0),
         KZALLOC(HP), DEVICE_REGISTER(HP), *SLEEP),
        (*REFERENCED, DEVICE_UNREGISTER(HP)),
    ),
    suspend=(PCIEHP_SUSPEND(HP),),
    runtime_suspend=(),
)
SLEEPING = Design("sleeping", "portdrv lets a port sleep", (PORT, HP), (SLEEPS,))

CASES = (
    # drivers/pci/pci-driver.c pci_pm_resume_noirq() -> pci_restore_state() ->
    # pci_restore_msi_state() -> drivers/pci/msi/msi.c __pci_restore_msix_state(), whose
    # msi_for_each_desc(entry, &dev->dev, ...) walks the store of the PCI device; the child's entry
    # keeps what power-on left there: masked.
    Case(
        "R32",
        broken=design(subdevice(resume=()), HANDLES, given=X86),
        mended=design(
            subdevice(resume_noirq=(RESTORE_SUBDEVICE_VECTORS(PORT),)), HANDLES, given=X86
        ),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: pci_msix_alloc_irq_at(port, kid)",
            "port: own store for kid",
            *MADE,
            "port: probe returns 0",
            "kid: bind kiddrv",
            "kid: request_irq(kid)",
            "kid: probe returns 0",
            *SLEPT,
            "port: resume portdrv",
            AWAKE,
        ),
        hardware={},
        floating=("kid",),
        episode="sleep",
    ),
    # drivers/base/power/main.c dpm_suspend(), then dpm_noirq_resume_devices(); drivers/pci/pcie/
    # portdrv.c pcie_port_device_resume_noirq() iterates, and pcie_port_device_iter() calls nobody
    # who is not on pcie_port_bus_type. A resume_noirq of the child's own would be called, although
    # the bus has none: device_resume_noirq() goes on to dev->driver->pm.
    Case(
        "R33",
        broken=design(
            replace(port(MAKE, DELETE), resume_noirq=(ITERATED,)),
            replace(kid(()), suspend=(SUSPEND,)),
        ),
        mended=design(
            replace(port(MAKE, DELETE), resume_noirq=(ITERATED,)),
            replace(kid(()), suspend=(SUSPEND,), resume_noirq=(LOOK,)),
        ),
        trace=(
            "port: bind portdrv",
            *MADE,
            "port: probe returns 0",
            "kid: bind kiddrv",
            "kid: probe returns 0",
            SLEPT[0],
            "kid: suspend kiddrv",
            "kid: pciehp_suspend(kid)",
            *SLEPT[1:],
            "port: resume_noirq portdrv",
            "port: pciehp_resume_noirq(kid)",
        ),
        hardware={},
        floating=("kid",),
        episode="sleep",
    ),
    # drivers/pci/pcie/err.c pcie_do_recovery() resets the link and calls report_slot_reset(), which
    # leaves it to the driver to restore: one that does not keeps a port with its BARs unset.
    Case(
        "N13",
        broken=design(replace(port((PCI_SAVE_STATE(PORT),)), slot_reset=())),
        mended=design(
            replace(port((PCI_SAVE_STATE(PORT),)), slot_reset=(PCI_RESTORE_STATE(PORT),))
        ),
        trace=(
            "port: bind portdrv",
            "port: pci_save_state(port)",
            "port: probe returns 0",
            "hardware: reports a fatal error",
            "AER: resets the link",
            "port: slot_reset portdrv",
            "AER: is done",
        ),
        hardware={},
        episode="recovery",
    ),
    # drivers/perf/cxl_pmu.c cxl_pmu_event_start() sets CXL_PMU_COUNTER_CFG_ENABLE; perf calls it
    # when an event is scheduled in, and has no notion of system sleep (kernel/events/core.c).
    Case(
        "N14",
        broken=design(port(MAKE, DELETE), counting()),
        mended=design(port(MAKE, DELETE), counting(resume=(COUNTS_AGAIN(KID),))),
        trace=(
            "port: bind portdrv",
            *MADE,
            "port: probe returns 0",
            "kid: bind kiddrv",
            "kid: perf_pmu_register(kid)",
            "kid: probe returns 0",
            "user: opens an event on kid",
            *SLEPT,
            AWAKE,
        ),
        hardware={},
        floating=("kid", "user"),
        episode="sleep",
    ),
    # drivers/perf/cxl_pmu.c cxl_pmu_event_start() sets counter and prev_count to 0. This one only
    # enables the counter: __cxl_pmu_read() masks 0 - prev_count to the width of the counter.
    Case(
        "N46",
        broken=design(port(MAKE, DELETE), counting(resume=(ENABLE_SOURCE(KID),))),
        mended=design(port(MAKE, DELETE), counting(resume=(COUNTS_AGAIN(KID),))),
        trace=(
            "port: bind portdrv",
            *MADE,
            "port: probe returns 0",
            "kid: bind kiddrv",
            "kid: perf_pmu_register(kid)",
            "kid: probe returns 0",
            "user: opens an event on kid",
            *SLEPT,
            "kid: resume kiddrv",
            "kid: enable source for kid",
            AWAKE,
        ),
        hardware={},
        floating=("kid", "user"),
        episode="sleep",
    ),
    # drivers/base/power/main.c dpm_suspend() calls the .suspend of the port, and drivers/pci/pcie/
    # portdrv.c pcie_port_device_suspend() those of the services, pciehp_suspend() among them; one
    # that calls nobody leaves hotplug on as dpm_suspend_noirq() and the platform cut the power.
    Case(
        "N15",
        broken=replace(SERVED, drivers=(replace(SERVING, suspend=()),)),
        mended=replace(SERVED, drivers=(replace(SERVING, suspend=(PCIEHP_SUSPEND(SERVICE),)),)),
        trace=(*SERVED_BY, "system: goes to sleep", "port: suspend portdrv",
               "system: loses power"),
        hardware={},
        episode="sleep",
    ),
    # drivers/base/power/runtime.c rpm_suspend() -> drivers/pci/pci-driver.c
    # pci_pm_runtime_suspend() calls the port driver, which must have hotplug turned off when it
    # returns: pci_finish_runtime_suspend() puts the port into D3 then. It is allowed to once
    # drivers/pci/pcie/portdrv.c pcie_portdrv_probe() has given its reference back.
    Case(
        "N15",
        broken=SLEEPING,
        mended=replace(SLEEPING, drivers=(
            replace(SLEEPS, runtime_suspend=(PCIEHP_RUNTIME_SUSPEND(HP),)),
        )),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            "port: pci_irq_vector(port, hp)",
            "port: kzalloc(hp)",
            "port: device_register(hp)",
            "port: pm_runtime_put_autosuspend(port)",
            "port: pm_runtime_allow(port)",
            "port: probe returns 0",
            "port: runtime_suspend portdrv",
            "port: runtime_suspend returns",
        ),
        hardware={},
        episode="sleep",
    ),
    # drivers/base/bus.c unbind_store() -> drivers/pci/pci-driver.c pci_device_remove() -> the port
    # driver's .remove, which unregisters the service: drivers/pci/pcie/dpc.c dpc_remove() disables
    # DPC. Only then can bind_store() of the other driver find the port unbound.
    Case(
        "R35",
        broken=replace(SERVED, drivers=(SERVING, MORE)),
        mended=replace(SERVED, drivers=(SERVING,)),
        trace=(
            *SERVED_BY,
            "user: wants more for port",
            "port: unbind portdrv",
            "port: device_unregister(service)",
        ),
        hardware={},
        episode="late",
    ),
)
