# SPDX-License-Identifier: GPL-2.0-only
"""CPMUs of a port as the drawings of the discussion have them: found, counted, given an irq.

drivers/pcie_cxlpmu.py and its neighbours are the C of one design; here is what the others have in
common, without any C. Each function takes the device that stands for a CPMU in its design.
"""

from __future__ import annotations

from dataclasses import replace

from generator.design import Design, Device, Driver, Waiver
from generator.drivers.portdrv import PCI_EXPRESS, Services, portdrv
from generator.drivers.portdrv_irqs import BEST
from generator.drivers.portdrv_services import PORT, SERVICE
from generator.expr import EACH, Expr, Over, Place, Role, all_of, maximum
from generator.facts import (
    ADDED,
    BLOCK,
    CAN_DYN,
    CLAIMED,
    HAS,
    LIFE,
    LOCAL,
    MAPPED,
    MEMORY,
    MODE,
    MODE_MSIX,
    MSG,
    NO_MESSAGE,
    NVEC,
    PMU,
    POWER,
    TOTAL,
    entries,
    msi_on,
)
from generator.operation import CONTINUE, IGNORE, RETURN, Guard, sets
from generator.ops.assign import note
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.child import CHILD_REGISTER, CHILD_UNREGISTER
from generator.ops.device import DEVM_KZALLOC, IDA_ALLOC, IDA_FREE, KZALLOC, PUT_DEVICE
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    PCI_MSIX_ALLOC_IRQ_AT,
)
from generator.ops.perf import (
    CPUHP_STATE_ADD_INSTANCE,
    CPUHP_STATE_REMOVE_INSTANCE,
    DEVM_IOREMAP,
    DEVM_REQUEST_MEM_REGION,
    PEEK,
    PEEK_ENDS,
    PERF_PMU_REGISTER,
    PERF_PMU_UNREGISTER,
    QUIESCE,
    READQ,
    START_EVENTS,
    STOP_EVENTS,
    devm_action,
)
from generator.ops.pm import PM_RUNTIME_GET_ONLY, PM_RUNTIME_PUT_ONLY
from generator.program import Block, Each, Function, If, Return, both, call

ON_MSI = Guard("the port runs on MSI or MSI-X", msi_on(PORT), ())
CAN_ADD = both(
    Guard("the port runs on MSI-X", MODE(PORT).eq(MODE_MSIX), ()),
    Guard("pci_msix_can_alloc_dyn()", CAN_DYN(PORT).eq(1), ()),
)
RESET_COUNTERS = Waiver(
    "N14",
    "a reset of the link above a port clears the counters and enables of its CPMU, and nobody "
    "tells the driver, as nobody tells that of memory devices",
    episode="recovery",
)
OPEN_EVENTS = (
    Waiver(
        "N1",
        "perf cannot unregister a PMU under open events in this kernel: hot removal of a port does "
        "it all the same, whatever bus the PMU is on",
        inside="devres",
    ),
    Waiver(
        "N47", "the discussion is about binding: its drawings delete at shutdown as at removal",
        inside="devres",
    ),
)


def usable(pmu: Place) -> Expr:
    """Return whether a port has a CPMU that can be used: registers in a BAR, an interrupt."""
    return all_of(HAS(pmu).eq(1), BLOCK(pmu).eq(0), MSG(pmu).ne(NO_MESSAGE))


def found(pmu: Device, then: Block) -> If:
    """Return what is done for a CPMU that the port has and that can be used."""
    return If(Guard("the port has a CPMU that can be used", usable(pmu), ()), then)


def served(pmu: Device) -> Expr:
    """Return when a CPMU gets its device: beside services that run on MSI or MSI-X."""
    alone = Over("all", SERVICE, HAS(EACH).eq(0))
    return all_of(usable(pmu), MSG(pmu).lt(entries(PORT)), msi_on(PORT), ~alone)


def read_number(pmu: Device) -> Function:
    """Return a look at a CPMU's registers: which message number it has."""
    return Function("read message number", (PEEK(pmu, fail=RETURN), READQ(pmu), PEEK_ENDS(pmu)))


def counted_in(pmu: Device) -> Block:
    """Return the counting in of CPMUs once the services have their vectors: if all fit, resize.

    The services' own vectors are what is allocated when that fails.
    """
    each = Role("pmu")
    begin = note("total = nvec", sets(TOTAL(PORT), LOCAL(PORT)))
    more = note("total = max(total, msg + 1)",
                sets(TOTAL(PORT), maximum(TOTAL(PORT), MSG(each) + 1)), roles=("pmu",))
    fits = Guard("msg < nr_entries", MSG(pmu).lt(NVEC(PORT)), ())
    resize = Function("resize", (
        If(Guard("total == nr_entries", TOTAL(PORT).eq(NVEC(PORT)), ()), (Return(),)),
        PCI_FREE_IRQ_VECTORS(PORT),
        PCI_ALLOC_IRQ_VECTORS(PORT, min=TOTAL(PORT), max=TOTAL(PORT), types=BEST, fail=RETURN),
    ))
    return (
        begin(),
        Each(pmu, (
            found(pmu, (call(read_number(pmu), fail=CONTINUE), If(fits, (more(pmu),)))),
        )),
        If(
            Guard("total > nvec", TOTAL(PORT).gt(LOCAL(PORT)), ()),
            (call(resize, fail=IGNORE, then=(Return(),)),),
        ),
    )


def give_irq(pmu: Device, *, dynamic: bool) -> Function:
    """Return the giving of the port's vector to a CPMU; `dynamic`: one is added if need be."""
    added: Block = (
        If(CAN_ADD, (), (Return(ok=False),)),
        PCI_MSIX_ALLOC_IRQ_AT(PORT, pmu, nr=MSG(pmu), fail=RETURN),
    )
    look_up = PCI_IRQ_VECTOR(PORT, pmu, nr=MSG(pmu), fail=added if dynamic else RETURN)
    return Function("give irq", (call(read_number(pmu), fail=RETURN), look_up))


def created(pmu: Device, make: Function, *, dynamic: bool) -> Block:
    """Return the creation of every CPMU's device, each with its irq."""
    each = (call(give_irq(pmu, dynamic=dynamic), fail=CONTINUE), call(make, fail=IGNORE))
    return (If(ON_MSI, (Each(pmu, (found(pmu, each),)),)),)


def add_aux(pmu: Device) -> Function:
    """Return the making of an auxiliary device."""
    return Function("add auxiliary device", (
        IDA_ALLOC(pmu), KZALLOC(pmu), AUXILIARY_DEVICE_INIT(pmu), AUXILIARY_DEVICE_ADD(pmu),
    ))


def add_child(pmu: Device) -> Function:
    """Return the making of a device on a bus of its own kind."""
    return Function("add device", (
        KZALLOC(pmu, fail=RETURN),
        CHILD_REGISTER(pmu, fail=(PUT_DEVICE(pmu), Return(ok=False))),
    ))


def deleted(pmu: Device) -> Block:
    """Return the deletion of every CPMU's device that is there."""
    delete: Block = (CHILD_UNREGISTER(pmu),)
    if pmu.kind == "aux":
        delete = (AUXILIARY_DEVICE_DELETE(pmu), AUXILIARY_DEVICE_UNINIT(pmu), IDA_FREE(pmu))
    there = Guard("the CPMU has a device", LIFE(pmu).eq(ADDED), ())
    return (Each(pmu, (If(there, delete),), backwards=True),)


def cxl_pmu(pmu: Device, interrupt: Block = ()) -> Driver:
    """Return the perf driver; `interrupt` is how it comes by an irq that it is not given."""
    return Driver(
        "cxl_pmu", pmu,
        probe=(
            # awake for as long as anything here may touch registers or the table
            PM_RUNTIME_GET_ONLY(PORT, pmu, fail=RETURN),
            devm_action(PM_RUNTIME_PUT_ONLY, "put port")(PORT, pmu, pmu, fail=RETURN),
            DEVM_REQUEST_MEM_REGION(pmu, pmu),
            DEVM_IOREMAP(pmu, pmu),
            DEVM_KZALLOC(pmu, pmu),
            QUIESCE(pmu),
            *interrupt,
            DEVM_REQUEST_IRQ(pmu, pmu, shared=1),
            devm_action(QUIESCE, "quiesce")(pmu, pmu),
            CPUHP_STATE_ADD_INSTANCE(pmu, fail=RETURN),
            devm_action(CPUHP_STATE_REMOVE_INSTANCE, "remove instance")(pmu, pmu, fail=RETURN),
            PERF_PMU_REGISTER(pmu, fail=RETURN),
            devm_action(PERF_PMU_UNREGISTER, "unregister")(pmu, pmu, fail=RETURN),
        ),
        shutdown=(QUIESCE(pmu),),
        suspend=(STOP_EVENTS(pmu),),
        resume=(START_EVENTS(pmu),),
        unbind=False,
        gives=(CLAIMED, PMU),
        handler_needs=(MAPPED, MEMORY, POWER),
    )


def beside_services(
    design: Design, pmu: Device, add: Function, services: Services = PCI_EXPRESS
) -> Design:
    """Return a design of services with CPMUs beside them.

    The CPMUs' numbers count before the vectors are sized.
    Where the platform can, vectors are added for those that still have none.
    """
    return replace(
        design,
        devices=(PORT, SERVICE, pmu),
        drivers=(
            portdrv(
                services=services,
                counted_in=counted_in(pmu),
                served=created(pmu, add, dynamic=True),
                before_remove=deleted(pmu),
            ),
            cxl_pmu(pmu),
        ),
        serves=(*design.serves, (pmu, served(pmu))),
        waivers=(*design.waivers, *OPEN_EVENTS, RESET_COUNTERS),
    )
