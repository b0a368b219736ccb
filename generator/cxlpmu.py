# SPDX-License-Identifier: GPL-2.0-only
"""CXL PMUs of ports on an auxiliary bus: what portdrv does for them, and their perf driver.

Every function here is one of drivers/pci/pcie/cxlpmu.c or drivers/perf/cxl_pmu.c as the
series leaves them, under its name there.
"""

from __future__ import annotations

from generator.design import Device, Driver
from generator.expr import EACH, TRUE, Expr, Over, Role, maximum
from generator.facts import (
    BELOW,
    BLOCK,
    CAN_DYN,
    DRVDATA,
    FOUND_MASTER,
    HAS,
    IRQ,
    LIFE,
    LOCAL,
    MODE,
    MODE_MSIX,
    MSG,
    NO_MESSAGE,
    NOTED,
    NVEC,
    TOTAL,
    ADDED,
    msi_on,
    on_vector,
)
from generator.operation import CONTINUE, IGNORE, RETURN, Guard, sets
from generator.ops.assign import assign, note
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import (
    DEV_SET_DRVDATA,
    DEVM_KZALLOC,
    IDA_ALLOC,
    IDA_FREE,
    KFREE_NOTE,
    KZALLOC,
    KZALLOC_NOTE,
)
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    PCI_MSIX_ALLOC_IRQ_AT,
)
from generator.ops.pci import (
    PCI_CLEAR_DRVDATA,
    PCI_CLEAR_MASTER,
    PCI_READ_CONFIG_DWORD,
    PCI_READ_CONFIG_WORD,
    PCI_SET_DRVDATA,
    PCI_SET_MASTER,
)
from generator.ops.perf import (
    CPUHP_STATE_ADD_INSTANCE,
    CPUHP_STATE_REMOVE_INSTANCE,
    DEVM_IOREMAP,
    DEVM_KASPRINTF,
    DEVM_KCALLOC,
    DEVM_REQUEST_MEM_REGION,
    IOREMAP,
    IOUNMAP,
    PARSE_CAPS,
    PERF_PMU_REGISTER,
    PERF_PMU_UNREGISTER,
    QUIESCE,
    devm_action,
)
from generator.ops.pm import PM_RUNTIME_PUT, PM_RUNTIME_RESUME_AND_GET
from generator.portdrv import BEST, PORT, free
from generator.program import Block, Each, Function, If, Not, Return, both, call

CPMU = Device("cpmu", "aux", PORT, count=1)
_CPMU = Role("cpmu")


def guard(text: str, when: Expr | None, *, function: str = "") -> Guard:
    """Return a condition whose C is its name."""
    return Guard(text, when, (text,), function)


SET = guard("set", DRVDATA(PORT).eq(1))
LISTED = Guard("it is on the list", NOTED(CPMU).eq(1), ())


def listed(*body: object, backwards: bool = False) -> Each:
    """Return a loop over the list of the port's CPMUs."""
    return Each(CPMU, (If(LISTED, body),), backwards=backwards)  # type: ignore[arg-type]  # nodes


def pcie_cxlpmu_block_start() -> Function:
    """Return the test of a register block: in an assigned memory BAR, over its full length."""
    return Function(
        "pcie_cxlpmu_block_start",
        (
            If(guard("bar > 1", BLOCK(CPMU).eq(1)), (Return(ok=False),)),
            If(Not(guard("flags & IORESOURCE_MEM", TRUE)), (Return(ok=False),)),
            If(guard("flags & IORESOURCE_UNSET", BLOCK(CPMU).eq(1)), (Return(ok=False),)),
            If(guard("len < CXL_PMU_REGMAP_SIZE", BLOCK(CPMU).eq(1)), (Return(ok=False),)),
            If(
                guard("offset > len - CXL_PMU_REGMAP_SIZE", BLOCK(CPMU).eq(1)),
                (Return(ok=False),),
            ),
        ),
    )


_IS_PMU = guard(
    "FIELD_GET(CXL_DVSEC_REG_LOCATOR_BLOCK_ID_MASK, reg_lo) == CXL_REGLOC_RBI_PMU",
    HAS(CPMU).eq(1),
)


def pcie_cxlpmu_discover_block() -> Function:
    """Return the look at one entry of the Register Locator."""
    return Function(
        "pcie_cxlpmu_discover_block",
        (
            PCI_READ_CONFIG_DWORD(PORT),
            PCI_READ_CONFIG_DWORD(PORT),
            If(Not(_IS_PMU), (Return(),)),
            call(pcie_cxlpmu_block_start(), fail=(Return(),)),
            If(Not(guard("resource", TRUE)), (Return(),)),
            KZALLOC_NOTE(CPMU, fail=(Return(),)),
        ),
    )


def pcie_cxlpmu_discover() -> Function:
    """Return the walk over the Register Locator: which CPMUs the port has."""
    return Function(
        "pcie_cxlpmu_discover",
        (
            If(Not(free("dev->hdr_type == PCI_HEADER_TYPE_BRIDGE")), (Return(),)),
            If(Not(free("regloc")), (Return(),)),
            KZALLOC_NOTE(PORT, fail=(Return(),)),
            PCI_READ_CONFIG_DWORD(PORT),
            Each(
                CPMU,
                (call(pcie_cxlpmu_discover_block()),),
                again=free("pos + 8 <= end"),
                first=True,
            ),
            If(
                guard("list_empty(&set->pmus)", Over("all", CPMU, NOTED(EACH).eq(0))),
                (KFREE_NOTE(PORT), Return()),
            ),
            PCI_SET_DRVDATA(PORT),
        ),
    )


def pcie_cxlpmu_message_number() -> Function:
    """Return the reading of a CPMU's message number from its registers."""
    return Function(
        "pcie_cxlpmu_message_number",
        (
            IOREMAP(CPMU, fail=RETURN),
            IOUNMAP(CPMU),
            If(free("cap == ~0ULL"), (Return(ok=False),)),
            If(Not(guard("cap & CXL_PMU_CAP_INT", MSG(CPMU).ne(NO_MESSAGE))), (Return(ok=False),)),
        ),
    )


_MSIX_ON = guard("dev->msix_enabled", MODE(PORT).eq(MODE_MSIX))
CAN_ADD = both(_MSIX_ON, guard("pcie_cxlpmu_can_alloc_dyn(dev)", CAN_DYN(PORT).eq(1)))


def pcie_cxlpmu_count_vectors(dynamic: bool, start: Expr) -> Function:
    """Return the counting in of CPMUs whose message number fits what was allocated."""
    begin = note("total = nvec", sets(TOTAL(PORT), start))
    more = note(
        "total = max(total, msg + 1)",
        sets(TOTAL(PORT), maximum(TOTAL(PORT), MSG(_CPMU) + 1)),
        roles=("cpmu",),
    )
    fits = guard("msg < nr_entries", MSG(CPMU).lt(NVEC(PORT)))
    later: Block = (If(CAN_ADD, (Return(),)),) if dynamic else ()
    return Function(
        "pcie_cxlpmu_count_vectors",
        (
            begin(),
            If(Not(SET), (Return(),)),
            *later,
            listed(
                call(pcie_cxlpmu_message_number(), fail=CONTINUE),
                If(fits, (more(CPMU),)),
            ),
        ),
    )


_TYPE = {"types": "*"}  # a local variable


def pcie_port_resize_irq_vec() -> Function:
    """Return the change of the number of vectors, of the kind that the port has."""
    same = guard("nvec == nr_entries", TOTAL(PORT).eq(NVEC(PORT)))
    return Function(
        "pcie_port_resize_irq_vec",
        (
            If(same, (Return(),)),
            If(_MSIX_ON, ()),
            PCI_FREE_IRQ_VECTORS(PORT),
            PCI_ALLOC_IRQ_VECTORS(
                PORT, min=TOTAL(PORT), max=TOTAL(PORT), types=BEST, fail=RETURN, c=_TYPE
            ),
        ),
    )


def counted_in(dynamic: bool) -> Block:
    """Return what portdrv does between reading the services' numbers and the exact count."""
    return (
        call(pcie_cxlpmu_count_vectors(dynamic, LOCAL(PORT))),
        If(
            guard("total > nvec", TOTAL(PORT).gt(LOCAL(PORT))),
            (call(pcie_port_resize_irq_vec(), fail=IGNORE, then=(Return(),)),),
        ),
    )


def pcie_cxlpmu_get_irq() -> Function:
    """Return the vector of a message number: the port's own, or one added for it."""
    return Function(
        "pcie_cxlpmu_get_irq",
        (
            PCI_IRQ_VECTOR(
                PORT,
                CPMU,
                nr=MSG(CPMU),
                fail=(
                    If(CAN_ADD, (), (Return(ok=False),)),
                    PCI_MSIX_ALLOC_IRQ_AT(PORT, CPMU, nr=MSG(CPMU), fail=RETURN),
                ),
            ),
        ),
    )


def pcie_cxlpmu_assign_irq(dynamic: bool) -> Function:
    """Return the giving of an irq to one CPMU."""
    static: Block = (PCI_IRQ_VECTOR(PORT, CPMU, nr=MSG(CPMU), fail=RETURN),)
    return Function(
        "pcie_cxlpmu_assign_irq",
        (
            call(pcie_cxlpmu_message_number(), fail=RETURN),
            *((call(pcie_cxlpmu_get_irq(), fail=RETURN),) if dynamic else static),
            assign("pcie_cxlpmu.irq", "*")(),
        ),
    )


def pcie_cxlpmu_init_child() -> Function:
    """Return the making of the struct device of a CPMU."""
    return Function(
        "pcie_cxlpmu_init_child",
        (KZALLOC(CPMU), AUXILIARY_DEVICE_INIT(CPMU)),
        undo=Function("pcie_cxlpmu_init_child", (AUXILIARY_DEVICE_UNINIT(CPMU),)),
    )


def pcie_cxlpmu_add_device() -> Function:
    """Return the adding of one CPMU to the auxiliary bus."""
    return Function(
        "pcie_cxlpmu_add_device",
        (IDA_ALLOC(CPMU), call(pcie_cxlpmu_init_child()), AUXILIARY_DEVICE_ADD(CPMU)),
    )


_HAS_IRQ = guard("pmu->irq", on_vector(IRQ, CPMU))
_HAS_CHILD = guard("pmu->child", LIFE(CPMU).eq(ADDED))


def assign_and_add(dynamic: bool) -> tuple[Block, Block]:
    """Return the two loops: every CPMU gets its irq before any gets its device."""
    first = listed(call(pcie_cxlpmu_assign_irq(dynamic), fail=CONTINUE))
    second = listed(If(_HAS_IRQ, (call(pcie_cxlpmu_add_device(), fail=CONTINUE),)))
    return (first,), (second,)


def pcie_cxlpmu_add_devices(dynamic: bool) -> Function:
    """Return the serving of the CPMUs of a port that has services."""
    irqs, devices = assign_and_add(dynamic)
    return Function(
        "pcie_cxlpmu_add_devices",
        (
            If(Not(SET), (Return(),)),
            If(Not(guard("pci_dev_msi_enabled(dev)", msi_on(PORT))), (Return(),)),
            *irqs,
            *devices,
        ),
    )


def any_of_them(name: str, what: Guard) -> Function:
    """Return the question whether one CPMU of the list has something."""
    return Function(name, (listed(If(what, (Return(),))), Return(ok=False)))


def pcie_cxlpmu_alloc_vectors(dynamic: bool) -> Function:
    """Return the vector dance on a port that has no service to do it."""
    begin = note("nvec = 1", sets(LOCAL(PORT), 1))
    exact = guard("nvec == nr_entries", TOTAL(PORT).eq(NVEC(PORT)))
    return Function(
        "pcie_cxlpmu_alloc_vectors",
        (
            begin(),
            PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=16, types=BEST, fail=RETURN),
            call(pcie_cxlpmu_count_vectors(dynamic, LOCAL(PORT))),
            If(exact, (Return(),)),
            PCI_FREE_IRQ_VECTORS(PORT),
            PCI_ALLOC_IRQ_VECTORS(PORT, min=TOTAL(PORT), max=TOTAL(PORT), types=BEST, fail=RETURN),
        ),
    )


def pcie_cxlpmu_serve_port(dynamic: bool) -> Function:
    """Return the serving of the CPMUs of a port without services."""
    irqs, devices = assign_and_add(dynamic)
    was_on = guard("command & PCI_COMMAND_MASTER", FOUND_MASTER(PORT).eq(1))
    # Bus mastering is on already where a live device below has asked for it.
    found = note("command", sets(FOUND_MASTER(PORT), BELOW(PORT)))
    give_up = (PCI_FREE_IRQ_VECTORS(PORT), Return())
    return Function(
        "pcie_cxlpmu_serve_port",
        (
            If(Not(SET), (Return(),)),
            call(pcie_cxlpmu_alloc_vectors(dynamic), fail=(Return(),)),
            *irqs,
            call(any_of_them("pcie_cxlpmu_any_irq", _HAS_IRQ), fail=give_up),
            PCI_READ_CONFIG_WORD(PORT),
            found(),
            PCI_SET_MASTER(PORT),
            *devices,
            call(
                any_of_them("pcie_cxlpmu_any_child", _HAS_CHILD),
                fail=(If(Not(was_on), (PCI_CLEAR_MASTER(PORT),)), *give_up),
            ),
        ),
    )


def pcie_cxlpmu_delete_devices() -> Function:
    """Return the deletion of every CPMU's device: its driver is unbound when this returns."""
    delete = Function(
        "pcie_cxlpmu_delete_device",
        (AUXILIARY_DEVICE_DELETE(CPMU), AUXILIARY_DEVICE_UNINIT(CPMU), IDA_FREE(CPMU)),
    )
    return Function(
        "pcie_cxlpmu_delete_devices",
        (
            If(Not(SET), (Return(),)),
            listed(If(_HAS_CHILD, (call(delete),)), backwards=True),
        ),
    )


def pcie_cxlpmu_forget() -> Function:
    """Return the freeing of what discovery noted."""
    return Function(
        "pcie_cxlpmu_forget",
        (
            If(Not(SET), (Return(),)),
            PCI_CLEAR_DRVDATA(PORT),
            listed(KFREE_NOTE(CPMU)),
            KFREE_NOTE(PORT),
        ),
    )


# drivers/perf/cxl_pmu.c: one driver, two buses.


def cxl_pmu_setup_info() -> Function:
    """Return the allocation of a PMU's state and the reading of its capabilities."""
    return Function(
        "cxl_pmu_setup_info",
        (
            DEVM_KZALLOC(CPMU, CPMU),
            DEV_SET_DRVDATA(CPMU),
            PARSE_CAPS(CPMU),
            DEVM_KCALLOC(CPMU),
        ),
    )


def cxl_pmu_setup_irq() -> Function:
    """Return the request of a PMU's interrupt."""
    return Function(
        "cxl_pmu_setup_irq",
        (DEVM_KASPRINTF(CPMU), DEVM_REQUEST_IRQ(CPMU, CPMU, shared=1)),
    )


def cxl_pmu_setup_perf() -> Function:
    """Return the registrations that make a PMU usable."""
    return Function(
        "cxl_pmu_setup_perf",
        (
            CPUHP_STATE_ADD_INSTANCE(CPMU, fail=RETURN),
            devm_action(CPUHP_STATE_REMOVE_INSTANCE, "cxl_pmu_cpuhp_remove")(
                CPMU, CPMU, fail=RETURN
            ),
            PERF_PMU_REGISTER(CPMU, fail=RETURN),
            devm_action(PERF_PMU_UNREGISTER, "cxl_pmu_perf_unregister")(CPMU, CPMU, fail=RETURN),
        ),
    )


def cxl_pmu_aux_driver() -> Driver:
    """Return the perf driver of CPMUs on the auxiliary bus."""
    return Driver(
        "cxl_pmu",
        CPMU,
        probe=(
            PM_RUNTIME_RESUME_AND_GET(
                PORT, CPMU, fail=RETURN, c={"on": "auxiliary_device.dev.parent"}
            ),
            devm_action(PM_RUNTIME_PUT, "cxl_pmu_put_port")(PORT, CPMU, CPMU, fail=RETURN),
            DEVM_REQUEST_MEM_REGION(CPMU, CPMU),
            DEVM_IOREMAP(CPMU, CPMU),
            call(cxl_pmu_setup_info()),
            DEVM_KASPRINTF(CPMU),
            QUIESCE(CPMU),
            call(cxl_pmu_setup_irq()),
            devm_action(QUIESCE, "cxl_pmu_quiesce")(CPMU, CPMU),
            call(cxl_pmu_setup_perf()),
        ),
        shutdown=(QUIESCE(CPMU),),
        unbind=False,
        c={CPMU: "auxiliary_device.dev", PORT: "auxiliary_device.dev.parent"},
        sources=("drivers/perf/cxl_pmu.c",),
        variable="cxl_pmu_aux_driver",
    )
