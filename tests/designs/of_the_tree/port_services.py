# SPDX-License-Identifier: GPL-2.0-only
"""drivers/pci/pcie: PME and DPC of a root port, each bound to a device that portdrv registers.

Of portdrv.c only what the two need, on MSI: a service that shares the line is portdrv's own case.
"""

from dataclasses import replace

from generator.context import work
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.facts import ADDED, LIFE, MSG, SOURCE
from generator.fingerprint import Fingerprint
from generator.operation import IGNORE, RETURN, Guard, ok, sets
from generator.ops.assign import note
from generator.ops.child import CHILD_REGISTER, CHILD_UNREGISTER
from generator.ops.device import KZALLOC, PUT_DEVICE
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    FREE_IRQ,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    REQUEST_IRQ,
)
from generator.ops.pci import (
    PCI_CLEAR_MASTER,
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_SET_MASTER,
)
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE, source
from generator.ops.work import CANCEL_WORK_SYNC, INIT_WORK, SCHEDULE_WORK
from generator.program import Function, If, Not, Return, call, either

PORT = Device("port", "pci")
PME, DPC = (Device(name, "express", PORT, answers=((MSG, ("0",)),)) for name in ("pme", "dpc"))
PME_OFF = replace(DISABLE_SOURCE, name="pcie_pme_interrupt_enable, off",
                  fingerprint=Fingerprint(("pcie_pme_interrupt_enable",)))
PME_ON = replace(ENABLE_SOURCE, name="pcie_pme_interrupt_enable, on", undo=PME_OFF,
                 fingerprint=Fingerprint(("pcie_pme_interrupt_enable",)))
DPC_ON, DPC_OFF = source("dpc_enable", "dpc_disable")
# What is done under data->lock is one operation: nobody comes between.
USER = Role("user")
DATA = Fact("noirq", 1, "data->noirq")
DISABLE = replace(PME_OFF, name="pcie_pme_disable_interrupt", outcomes=tuple(
    replace(way, gives=(*way.gives, sets(DATA(USER), 1))) for way in PME_OFF.outcomes
), fingerprint=Fingerprint(("pcie_pme_disable_interrupt",)))
ENABLE_UNLESS_NOIRQ = replace(PME_ON, name="pcie_pme_interrupt_enable, on unless noirq", outcomes=(
    ok(sets(SOURCE(USER), 1), when=DATA(USER).eq(0)), ok(when=DATA(USER).eq(1)),
))
PROBED = note("data is zeroed", sets(DATA(USER), 0), roles=("user",))
OURS = Guard("a PME is pending", None, ("rtsta & PCI_EXP_RTSTA_PME",))
HAS_PME = Guard("there is PME", LIFE(PME).eq(ADDED), ())
HAS_DPC = Guard("there is DPC", LIFE(DPC).eq(ADDED), ())


def init(service: Device) -> Function:
    """Return pcie_device_init() of a service: one that fails is left out."""
    return Function(f"pcie_device_init_{service.name}", (
        KZALLOC(service, fail=RETURN),  # portdrv:294
        CHILD_REGISTER(service, fail=(  # portdrv:311
            PUT_DEVICE(service),  # portdrv:313
            Return(ok=False),
        )),
    ))


port = Driver(
    "pcieport", PORT,
    probe=(
        PCI_ENABLE_DEVICE(PORT, fail=RETURN),  # portdrv:335
        PCI_SET_MASTER(PORT),  # portdrv:344
        PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=4, types=MSIX | MSI, fail=(  # portdrv:119
            PCI_CLEAR_MASTER(PORT),  # portdrv:375
            Return(),
        )),
        PCI_IRQ_VECTOR(PORT, PME, nr=0, fail=IGNORE),  # portdrv:154
        PCI_IRQ_VECTOR(PORT, DPC, nr=0, fail=IGNORE),  # portdrv:164
        call(init(PME), fail=IGNORE),
        call(init(DPC), fail=IGNORE),
        If(Not(either(HAS_PME, HAS_DPC)), (
            PCI_FREE_IRQ_VECTORS(PORT),  # portdrv:374
            PCI_CLEAR_MASTER(PORT),  # portdrv:375
        )),
    ),
    remove=(
        If(HAS_DPC, (
            CHILD_UNREGISTER(DPC),  # portdrv:449
        )),
        If(HAS_PME, (
            CHILD_UNREGISTER(PME),  # portdrv:449
        )),
        PCI_FREE_IRQ_VECTORS(PORT),  # portdrv:506
        PCI_DISABLE_DEVICE(PORT),  # portdrv:733
    ),
    builtin=True,
)
pme = Driver(
    "pcie_pme", PME,
    probe=(
        KZALLOC_DATA(PME, fail=RETURN),  # pme:338
        PROBED(PME),  # pme:338
        INIT_WORK(PME, work="work"),  # pme:343
        PME_OFF(PME),  # pme:347
        REQUEST_IRQ(PME, shared=1, fail=(  # pme:350
            KFREE_DATA(PME),  # pme:352
            Return(ok=False),
        )),
        PME_ON(PME),  # pme:359
    ),
    remove=(
        DISABLE(PME),  # pme:450
        FREE_IRQ(PME),  # pme:451
        CANCEL_WORK_SYNC(PME, work="work"),  # pme:452
        KFREE_DATA(PME),  # pme:453
    ),
    atomic=(If(OURS, (
        PME_OFF(PME),  # pme:284
        SCHEDULE_WORK(PME, work="work"),  # pme:288
    )),),
    contexts=(work("work", (ENABLE_UNLESS_NOIRQ(PME),)),),  # pme:256
    builtin=True,
)
dpc = Driver(
    "dpc", DPC,
    probe=(
        DEVM_REQUEST_IRQ(DPC, DPC, shared=1, fail=RETURN),  # dpc:465
        DPC_ON(DPC),  # dpc:475
    ),
    remove=(DPC_OFF(DPC),),  # dpc:502
    builtin=True,
)
DESIGN = Design("port-services", "a root port has PME and DPC", (PORT, PME, DPC), (port, pme, dpc))
