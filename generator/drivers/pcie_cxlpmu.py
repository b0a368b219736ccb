# SPDX-License-Identifier: GPL-2.0-only
"""CXL PMUs of ports on an auxiliary bus: what portdrv does for them.

Every function here is one of drivers/pci/pcie/cxlpmu.c as the series leaves it, under its name
there; perf_cxl_pmu.py has the driver of the devices.
"""

from __future__ import annotations

from generator.ctext import Helper, Loop, Written, code, helper, leave
from generator.design import Device
from generator.drivers.portdrv_irqs import BEST
from generator.drivers.portdrv_services import PORT, SERVICE, free
from generator.expr import EACH, TRUE, Expr, Over, Place, Role, all_of, any_of, maximum
from generator.facts import (
    BLOCK,
    CAN_DYN,
    CAP,
    DRVDATA,
    FAULTED,
    HAS,
    LEFT_ON,
    LOCAL,
    MODE,
    MODE_MSIX,
    MSG,
    NO_MESSAGE,
    NOTED,
    NVEC,
    TOTAL,
    entries,
    msi_on,
)
from generator.operation import CONTINUE, IGNORE, RETURN, Do, Guard, OnFail, sets
from generator.ops.assign import assign, note
from generator.ops.device import (
    INIT_LIST_HEAD,
    KFREE_NOTE,
    KZALLOC_NOTE,
    LIST_ADD_TAIL,
)
from generator.ops.irq import (
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    PCI_MSIX_ALLOC_IRQ_AT,
)
from generator.ops.pci import (
    PCI_READ_CONFIG_DWORD,
    PCI_SET_DRVDATA,
)
from generator.ops.perf import PEEK, PEEK_ENDS, READQ
from generator.program import Block, Each, Function, If, Node, Not, both

CPMU = Device("cpmu", "aux", PORT, count=1, answers=((LEFT_ON, ("no", "yes")),))
_CPMU = Role("cpmu")
SOURCE = "drivers/pci/pcie/cxlpmu.c"
SETS = (
    "pcie_cxlpmu.*", "pcie_cxlpmu_set.*", "cxl_pmu_auxdev.*", "pcie_port_resize_irq_vec:type",
    "pcie_cxlpmu_count_vectors:nvec", "pcie_cxlpmu_discover_block:index",
    "pcie_cxlpmu_discover:end", "&msg",
)
NAMES: dict[Place, str] = {PORT: "dev", CPMU: "pmu"}  # what this file's C calls them
C = {CPMU: "cxl_pmu_auxdev.auxdev"}

NOTE = {"var": "pmu", "on": "pcie_cxlpmu"}
SET_NOTE = {"var": "set", "on": "pcie_cxlpmu_set"}


def guard(text: str, when: Expr | None, *, function: str = "") -> Guard:
    """Return a condition whose C is its name."""
    return Guard(text, when, (text,), function)


def servable(zero_service: bool) -> Expr:
    """Return when a CPMU gets its device: its message fits a table that is in use, or will be."""
    usable = all_of(
        HAS(CPMU).eq(1), BLOCK(CPMU).eq(0), MSG(CPMU).ne(NO_MESSAGE), MSG(CPMU).lt(entries(PORT))
    )
    alone = Over("all", SERVICE, HAS(EACH).eq(0))
    return usable & (any_of(msi_on(PORT), alone & CAP(PORT).ne(0)) if zero_service else
                     msi_on(PORT) & ~alone)


def store(path: str, value: str = "", text: str = "") -> Do:
    """Return an assignment that no fact hangs on; without `text`, C has it elsewhere."""
    return assign(path, value)(c={"text": text})


SET = guard("set", DRVDATA(PORT).eq(1))
LISTED = Guard("it is on the list", NOTED(CPMU).eq(1), ())


def listed(*body: Node, how: str = "list_for_each_entry(pmu, &set->pmus, node)") -> Each:
    """Return a loop over the list of the port's CPMUs."""
    backwards = "_reverse" in how
    return Loop(CPMU, (If(LISTED, body),), backwards, head=how)


def pcie_cxlpmu_block_start() -> Function:
    """Return the test of a register block: in an assigned memory BAR, over its full length."""

    def wrong(text: str, when: Expr | None = None) -> If:
        bad = BLOCK(CPMU).eq(1) if when is None else when
        return If(guard(text, bad), (leave("0", ok=False),))

    memory = guard("flags & IORESOURCE_MEM", TRUE)
    return Written(
        "pcie_cxlpmu_block_start",
        (
            code("/* A bridge has two BARs, resources beyond may be its windows */"),
            wrong("bar > 1"),
            code("flags = pci_resource_flags(dev, bar);"),
            If(Not(memory), (leave("0", ok=False),)),
            wrong("flags & IORESOURCE_UNSET"),
            code("len = pci_resource_len(dev, bar);"),
            wrong("len < CXL_PMU_REGMAP_SIZE"),
            wrong("offset > len - CXL_PMU_REGMAP_SIZE"),
            leave("pci_resource_start(dev, bar) + offset"),
        ),
        gives="resource_size_t",
    )


_IS_PMU = guard(
    "FIELD_GET(CXL_DVSEC_REG_LOCATOR_BLOCK_ID_MASK, reg_lo) == CXL_REGLOC_RBI_PMU",
    HAS(CPMU).eq(1),
)


def pcie_cxlpmu_discover_block() -> Function:
    """Return the look at one entry of the Register Locator."""
    nowhere = 'pci_info(dev, "CPMU %u: registers are not in an assigned BAR\\n", index);'
    return Written(
        "pcie_cxlpmu_discover_block",
        (
            PCI_READ_CONFIG_DWORD(PORT, c={"where": "pos", "into": "&reg_lo"}),
            PCI_READ_CONFIG_DWORD(PORT, c={"where": "pos + 4", "into": "&reg_hi"}),
            code(""),
            If(Not(_IS_PMU), (leave(),)),
            code(
                "/* The index becomes ABI, so a CPMU which is not usable has one too */",
            ),
            store("pcie_cxlpmu_discover_block:index", "pcie_cxlpmu_set.nr_blocks",
                  "index = set->nr_blocks"),
            store("pcie_cxlpmu_set.nr_blocks", "++", "set->nr_blocks++"),
            code(""),
            helper(
                pcie_cxlpmu_block_start(), fail=IGNORE, into="resource",
                args="dev, reg_lo, reg_hi",
            ),
            If(Not(guard("resource", BLOCK(CPMU).ne(1))), (code(nowhere), leave())),
            KZALLOC_NOTE(CPMU, fail=(leave(),), c=NOTE),
            assign("pcie_cxlpmu.resource")(c={"text": "pmu->resource = resource"}),
            assign("pcie_cxlpmu.index", "pcie_cxlpmu_set.nr_blocks")(
                c={"text": "pmu->index = index"}
            ),
            LIST_ADD_TAIL(
                CPMU, c={"entry": "&pmu->node", "on": "pcie_cxlpmu.node", "list": "&set->pmus",
                         "arg": "pcie_cxlpmu_set.pmus"},
            ),
        ),
        gives="void",
    )


def pcie_cxlpmu_discover() -> Function:
    """Return the walk over the Register Locator: which CPMUs the port has."""
    new = {"var": "found", "on": "pcie_cxlpmu_set"}  # `set` is what others ask the port for
    return Written(
        "pcie_cxlpmu_discover",
        (
            If(Not(guard("dev->hdr_type == PCI_HEADER_TYPE_BRIDGE", TRUE)), (leave(),)),
            code(
                "regloc = pci_find_dvsec_capability(dev, PCI_VENDOR_ID_CXL, "
                "CXL_DVSEC_REG_LOCATOR);"
            ),
            If(Not(guard("regloc", Over("any", CPMU, HAS(EACH).eq(1)))), (leave(),)),
            KZALLOC_NOTE(PORT, fail=(leave(),), c=new),
            INIT_LIST_HEAD(PORT, c={"list": "&found->pmus", "on": "pcie_cxlpmu_set.pmus"}),
            code(""),
            PCI_READ_CONFIG_DWORD(
                PORT, c={"where": "regloc + PCI_DVSEC_HEADER1", "into": "&header"}
            ),
            store("pcie_cxlpmu_discover:end", "", "end = regloc + PCI_DVSEC_HEADER1_LEN(header)"),
            store("pcie_cxlpmu_discover:end", "min(end, PCI_CFG_SPACE_EXP_SIZE)",
                  "end = min(end, PCI_CFG_SPACE_EXP_SIZE)"),
            code(
                "pos = regloc + CXL_DVSEC_REG_LOCATOR_BLOCK1_OFFSET;",
            ),
            Loop(
                CPMU,
                (helper(pcie_cxlpmu_discover_block(), args="dev, found, pos"),),
                again=free("pos + 8 <= end"),
                first=True,
                head="for (; pos + 8 <= end; pos += 8)",
            ),
            If(
                guard("list_empty(&found->pmus)", Over("all", CPMU, NOTED(EACH).eq(0))),
                (KFREE_NOTE(PORT, c=new), leave()),
            ),
            PCI_SET_DRVDATA(PORT, c={"var": "found", "data": "pcie_cxlpmu_set"}),
        ),
        gives="void",
    )


# Reads of a port that went away are all ones: no fault of what serves it.
_GONE = note("the port does not respond", sets(FAULTED(PORT), 1))


def pcie_cxlpmu_message_number() -> Function:
    """Return the reading of a CPMU's message number from its registers."""
    has_int = guard("cap & CXL_PMU_CAP_INT", MSG(CPMU).ne(NO_MESSAGE))
    return Written(
        "pcie_cxlpmu_message_number",
        (
            PEEK(
                CPMU, fail=RETURN,
                c={"var": "base", "address": "pmu->resource", "size": "CXL_PMU_REGMAP_SIZE"},
            ),
            READQ(CPMU, c={"var": "cap", "address": "base + CXL_PMU_CAP_REG"}),
            PEEK_ENDS(CPMU, c={"var": "base"}),
            code(""),
            If(free("PCI_POSSIBLE_ERROR(cap)"), (_GONE(), leave("-ENODEV", ok=False))),
            If(Not(has_int), (leave("-ENXIO", ok=False),)),
            store("&msg", "FIELD_GET(CXL_PMU_CAP_MSI_N_MSK, cap)",
                  "*msg = FIELD_GET(CXL_PMU_CAP_MSI_N_MSK, cap)"),
        ),
    )


MSIX_ON = guard("dev->msix_enabled", MODE(PORT).eq(MODE_MSIX))
CAN_ADD = both(MSIX_ON, guard("pci_msix_can_alloc_dyn(dev)", CAN_DYN(PORT).eq(1)))


def _message_number(fail: OnFail, say: str = "") -> Helper:
    said = {"args": "pmu, &msg"} | ({"say": say} if say else {})
    return Helper(pcie_cxlpmu_message_number(), fail, c=tuple(said.items()))


def pcie_cxlpmu_count_vectors(dynamic: bool, start: Expr) -> Function:
    """Return the counting in of CPMUs whose message number fits what was allocated."""
    begin = note("total = nvec", sets(TOTAL(PORT), start))
    more = assign(
        "pcie_cxlpmu_count_vectors:nvec", "max(nvec, msg + 1)",
        sets(TOTAL(PORT), maximum(TOTAL(PORT), MSG(_CPMU) + 1)),
        roles=("cpmu",),
    )
    fits = guard("msg < nr_entries", MSG(CPMU).lt(NVEC(PORT)))
    later: Block = (
        code(
            "/*",
            " * Vectors can be added later.  The platform may support it for MSI-X",
            " * while the port uses MSI, so ask what is in use, too.",
            " */",
        ),
        If(CAN_ADD, (leave("nvec"),)),
    )
    return Written(
        "pcie_cxlpmu_count_vectors",
        (
            begin(),
            If(Not(SET), (leave("nvec"),)),
            *(later if dynamic else ()),
            listed(
                _message_number(CONTINUE),
                If(fits, (more(CPMU, c={"text": "nvec = max(nvec, msg + 1)"}),)),
            ),
            leave("nvec"),
        ),
    )


def pcie_port_resize_irq_vec() -> Function:
    """Return the change of the number of vectors, of the kind that the port has."""
    name = "pcie_port_resize_irq_vec"
    same = guard("nvec == nr_entries", TOTAL(PORT).eq(NVEC(PORT)), function=name)
    kind = {"types": "*", "flags": "type", "min": "nvec", "max": "nvec"}
    return Written(
        name,
        (
            store("pcie_port_resize_irq_vec:type", "PCI_IRQ_MSI"),
            If(same, (leave("nr_entries"),)),
            If(MSIX_ON, (
                store("pcie_port_resize_irq_vec:type", "PCI_IRQ_MSIX", "type = PCI_IRQ_MSIX"),
            )),
            PCI_FREE_IRQ_VECTORS(PORT),
            code(""),
            PCI_ALLOC_IRQ_VECTORS(
                PORT, min=TOTAL(PORT), max=TOTAL(PORT), types=BEST, fail=RETURN, c=kind
            ),
        ),
    )


def counted_in(dynamic: bool) -> Block:
    """Return what portdrv does between reading the services' numbers and the exact count."""
    return (
        code(
            "/*",
            " * CXL PMUs are counted in only after it is known that the services",
            " * have their vectors.  If that many cannot be had, carry on as if",
            " * there were no CXL PMUs.",
            " */",
        ),
        helper(
            pcie_cxlpmu_count_vectors(dynamic, LOCAL(PORT)), into="total",
            args="dev, nvec, nr_entries",
        ),
        If(
            guard("total > nvec", TOTAL(PORT).gt(LOCAL(PORT))),
            (
                helper(
                    pcie_port_resize_irq_vec(), fail=IGNORE, then=(leave("0"),),
                    into="nr_entries", args="dev, total, nr_entries", works="nr_entries > 0",
                ),
            ),
        ),
    )


def _gets(value: str, text: str = "") -> Do:
    """Return the storing of a CPMU's irq, which C does behind the helper that got it."""
    return assign("pcie_cxlpmu.irq", value)(c={"text": text})


def pcie_cxlpmu_get_irq() -> Function:
    """Return the vector of a message number: the port's own, or one added for it."""
    added = PCI_MSIX_ALLOC_IRQ_AT(
        PORT, CPMU, nr=MSG(CPMU), fail=RETURN, c={"var": "map", "nr": "msg"}
    )
    return Written(
        "pcie_cxlpmu_get_irq",
        (
            PCI_IRQ_VECTOR(
                PORT,
                CPMU,
                nr=MSG(CPMU),
                c={"var": "irq", "nr": "msg"},
                fail=(
                    If(CAN_ADD, (), (leave("irq", ok=False),)),
                    added,
                    _gets("msi_map.virq"),
                    leave("map.virq"),
                ),
            ),
            _gets("pci_irq_vector()"),
            leave("irq"),
        ),
    )


_NO_MESSAGE = 'pci_info(dev, "CPMU %u: no message number (%d)\\n", pmu->index, ret);'
_NO_VECTOR = 'pci_info(dev, "CPMU %u: no vector for message %d (%d)\\n", pmu->index, msg, irq);'


def static_irq() -> Block:
    """Return the look-up of a vector that must be there."""
    return (
        PCI_IRQ_VECTOR(
            PORT, CPMU, nr=MSG(CPMU), fail=RETURN,
            c={"var": "irq", "nr": "msg", "say": _NO_VECTOR},
        ),
        _gets("pci_irq_vector()", "pmu->irq = irq"),
    )


def pcie_cxlpmu_assign_irq(dynamic: bool) -> Function:
    """Return the giving of an irq to one CPMU."""
    added = helper(
        pcie_cxlpmu_get_irq(), fail=RETURN, into="irq", args="dev, msg", say=_NO_VECTOR
    )
    return Written(
        "pcie_cxlpmu_assign_irq",
        (
            _message_number(RETURN, say=_NO_MESSAGE),
            *((added, code("pmu->irq = irq;")) if dynamic else static_irq()),
        ),
    )
