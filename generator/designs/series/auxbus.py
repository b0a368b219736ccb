# SPDX-License-Identifier: GPL-2.0-only
"""The path from today's portdrv to one that serves CXL PMUs: which steps, and in which order.

The designs on the way are the target with things left out, so whatever is changed in the
target is changed in every step that has it; a step whose thing the target lacks is not made.
"""

from __future__ import annotations

from dataclasses import replace

from generator import rewrite
from generator.ctext import Code
from generator.design import Design
from generator.drivers import pcie_cxlpmu, perf_cxl_pmu
from generator.drivers.perf_cxl_pmu import cxl_bus_driver, cxl_pmu_probe, module_init
from generator.drivers.portdrv import SOURCES
from generator.editing.file_edits import Listed, NewFile, Paragraph, Put, Section
from generator.editing.function_edits import (
    Derived,
    Edit,
    InFunction,
    InsertBefore,
    Local,
    Piece,
    Removed,
    Split,
    Tail,
)
from generator.editing.moved_code import Include, Moved, Part
from generator.program import Block, Call, If, Node
from generator.rendering.helpers import functions
from generator.series.spec import SeriesSpec, Step

PORTDRV, PORTDRV_H = SOURCES[0], "drivers/pci/pcie/portdrv.h"
CXLPMU, PERF = pcie_cxlpmu.SOURCE, perf_cxl_pmu.SOURCE
CXLPCI_H, CXL_PMU_H = "drivers/cxl/cxlpci.h", "drivers/cxl/pmu.h"
REGLOC_H, PMU_H = "include/cxl/regloc.h", "include/cxl/pmu.h"
MAINTAINERS, ENTRY = "MAINTAINERS", "COMPUTE EXPRESS LINK PMU (CPMU)"
DOC = "Documentation/admin-guide/perf/cxl.rst"
SYMBOL = "CONFIG_PCIEPORTBUS_CXLPMU"


def without_serving(design: Design) -> Design:
    """Return a design in which ports without services get nothing, not even discovery."""
    served = rewrite.rewritten(
        design, lambda node: () if _is_call(node, "pcie_cxlpmu_serve_port") else None
    )
    fewer = tuple(
        (device, pcie_cxlpmu.servable(False) if device == pcie_cxlpmu.CPMU else when)
        for device, when in served.serves
    )
    later = rewrite.functions(served, "pcie_port_device_register", _discover_later)
    return replace(later, serves=fewer)


def _is_call(node: object, name: str) -> bool:
    return isinstance(node, Call) and node.function.name == name


def _discover_later(body: Block) -> Block:
    """Return the registration of a port with discovery after the first early return."""
    found = tuple(node for node in body if _is_call(node, "pcie_cxlpmu_discover"))
    rest = tuple(node for node in body if node not in found)
    early = next((at for at, node in enumerate(rest) if isinstance(node, If)), -1)
    return (*rest[: early + 1], *found, *rest[early + 1 :]) if found else body


def static(design: Design) -> Design:
    """Return a design in which no vector is added after the allocation."""
    counted = rewrite.functions(design, "pcie_cxlpmu_count_vectors", _without_question)
    return rewrite.functions(counted, "pcie_cxlpmu_assign_irq", _looked_up)


def _looked_up(body: Block) -> Block:
    """Return the giving of an irq with a vector that must be there already."""
    at = next((n for n, node in enumerate(body) if _is_call(node, "pcie_cxlpmu_get_irq")), None)
    if at is None:
        return body
    after = at + 1 + isinstance(body[at + 1], Code)  # what stores the irq that the helper got
    return (*body[:at], *pcie_cxlpmu.static_irq(), *body[after:])


def _without_question(body: Block) -> Block:
    kept: list[Node] = []
    for node in body:
        if isinstance(node, If) and node.guard == pcie_cxlpmu.CAN_ADD:
            while kept and isinstance(kept[-1], Code):
                kept.pop()
        else:
            kept.append(node)
    return tuple(kept)


def series(design: Design, start: Design) -> SeriesSpec:
    """Return the series that leads from `start` to a design with CXL PMUs on ports."""
    known = functions(design)
    serves, adds = "pcie_cxlpmu_serve_port" in known, "pcie_cxlpmu_get_irq" in known
    full = design
    fixed = static(full) if adds else full
    bound = without_serving(fixed) if serves else fixed
    created = replace(bound, drivers=bound.drivers[:1])
    steps = [
        *_preparation(start),
        _step("create", _create(), created),
        _step("bind", _bind(), bound),
    ]
    own = NewFile(CXLPMU, "files/cxlpmu.c.j2", pcie_cxlpmu.NAMES)
    if serves:
        edits = (
            own, Derived(PORTDRV, pcie_cxlpmu.NAMES),
            Section(PORTDRV_H, SYMBOL, "files/portdrv.h.j2", ""),
        )
        steps.append(_step("no_service", edits, fixed))
    if adds:
        edits_ = (own, Derived(PORTDRV, pcie_cxlpmu.NAMES, needed=False))
        steps.append(_step("dynamic", edits_, full))
    return SeriesSpec(
        design.name, start, tuple(steps), "messages/cover.txt.j2", templates="auxbus", children=2,
    )


def _step(
    key: str, edits: tuple[Edit, ...], design: Design, unchanged: bool = False, zero: bool = True,
    fulfilled: tuple[tuple[str, str], ...] = (),
) -> Step:
    return Step(
        key, f"messages/{key}.txt.j2", edits, design, unchanged, (cxl_bus_driver(zero),), fulfilled
    )


def _preparation(start: Design) -> tuple[Step, ...]:
    """Return the steps before there is anything new: one fix, and moves."""
    zero = Derived(
        PERF, {}, "rc", of={"cxl_pmu_probe": (cxl_pmu_probe(zero=False), cxl_pmu_probe())}
    )
    layout = (
        "CXL_DVSEC_REG_LOCATOR",
        "CXL_DVSEC_REG_LOCATOR_BLOCK1_OFFSET",
        "CXL_DVSEC_REG_LOCATOR_BIR_MASK",
        "CXL_DVSEC_REG_LOCATOR_BLOCK_ID_MASK",
        "CXL_DVSEC_REG_LOCATOR_BLOCK_OFF_LOW_MASK",
    )
    in_uapi = ("register locator", "uapi, as PCI_DVSEC_CXL_REG_LOCATOR")
    locator = Part(CXLPCI_H, (*layout, "cxl_regloc_type"), there=((*in_uapi, layout),))
    capability = Part(
        PERF,
        ("CXL_PMU_CAP_REG", "CXL_PMU_CAP_MSI_N_MSK", "CXL_PMU_CAP_INT"),
        "/* CXL_PMU_CAP_REG and its interrupt fields are in <cxl/pmu.h> */",
    )
    size = Part(CXL_PMU_H, ("CXL_PMU_REGMAP_SIZE",))
    return (
        _step("number_zero", (zero,), start, fulfilled=(("message number 0", "taken"),)),
        _step("any_cpu", _any_cpu(), start, unchanged=True),
        _step("all_ones", _all_ones(), start, unchanged=True),
        _step(
            "regloc",
            (
                Moved((locator,), REGLOC_H, "files/regloc.h.j2"),
                Include(CXLPCI_H, "<cxl/regloc.h>", after="<linux/pci.h>"),
                Listed(MAINTAINERS, ENTRY, f"F:\t{REGLOC_H}"),
            ),
            start,
            unchanged=True,
            fulfilled=(
                in_uapi,
                ("register block types", "include/cxl/pci.h"),
            ),
        ),
        _step(
            "capability",
            (
                Moved((capability, size), PMU_H, "files/pmu.h.j2"),
                Include(PERF, "<cxl/pmu.h>", after="<linux/spinlock.h>", apart=True),
                Include(CXL_PMU_H, "<cxl/pmu.h>", after="<linux/device.h>"),
                Listed(MAINTAINERS, ENTRY, f"F:\t{PMU_H}"),
            ),
            start,
            unchanged=True,
        ),
        _step("setup", (_setup(),), start, unchanged=True),
        _step("split_vectors", (_vectors(),), start, unchanged=True),
    )


def _any_cpu() -> tuple[Edit, ...]:
    """Return what lets an interrupt be handled on another CPU than that of the events."""
    moved = "text:WARN_ON(irq_set_affinity("
    return (
        Include(PERF, "<linux/spinlock.h>", after="<linux/pci.h>"),
        Put(
            PERF, after="\tint irq;",
            line="\traw_spinlock_t lock; /* Counters, and what was read of them last */",
        ),
        Split(
            PERF, "__cxl_pmu_read", "splits/cxl_pmu_read.c.j2",
            {"delta": Piece("set:delta", "text:local64_add(")},
        ),
        InFunction(
            PERF, "cxl_pmu_event_start", "raw_spin_lock(&info->lock);",
            before="text:local64_set(&hwc->prev_count",
        ),
        InFunction(
            PERF, "cxl_pmu_event_start", "raw_spin_unlock(&info->lock);",
            after="text:writeq(0, base + CXL_PMU_COUNTER_REG",
        ),
        InFunction(
            PERF, "cxl_pmu_probe", "raw_spin_lock_init(&info->lock);", after="call:dev_set_drvdata"
        ),
        Removed(PERF, "cxl_pmu_probe", "set:info->irq"),
        Removed(PERF, "cxl_pmu_online_cpu", moved),
        Removed(PERF, "cxl_pmu_offline_cpu", moved),
    )


def _all_ones() -> tuple[Edit, ...]:
    """Return the tests for registers of a device that does not answer."""
    absent = "if (PCI_POSSIBLE_ERROR(%s))\n\t\treturn %s;\n"
    return (
        InFunction(
            PERF, "cxl_pmu_parse_caps", absent % ("val", "-ENODEV"),
            before="set:freeze_for_enable",
        ),
        InFunction(
            PERF, "cxl_pmu_irq",
            "/* It does not answer, which says nothing of overflows */\n\t"
            + absent % ("overflowed", "IRQ_NONE"),
            before="text:bitmap_from_arr64(",
        ),
    )


def _setup() -> Split:
    """Return the splitting of cxl_pmu_probe() into what every bus needs and the rest."""
    name = (("dev_name", "name"),)
    return Split(
        PERF,
        "cxl_pmu_probe",
        "splits/cxl_pmu_probe.c.j2",
        {
            "state": Piece(
                "call:devm_kzalloc", "if:!info->hw_events", (("pmu->base", "base"),), "pointer"
            ),
            "name": Piece("switch:pmu->type", "if:!dev_name"),
            "number": Piece("if:info->irq < 0", "set:irq"),
            "irq": Piece("set:irq_name", "call:devm_request_irq", name, through_check=True),
            "pmu": Piece("set:info->pmu", "set:info->pmu", name),
            "perf": Piece("call:cpuhp_state_add_instance"),
        },
    )


def _vectors() -> Split:
    """Return the splitting of pcie_port_enable_irq_vec()."""
    shared = "PCIE_PORT_SERVICE_PME | PCIE_PORT_SERVICE_HP | PCIE_PORT_SERVICE_BWNOTIF"
    pointers = (("&pme", "pme"), ("&aer", "aer"), ("&dpc", "dpc"))
    return Split(
        PORTDRV,
        "pcie_port_enable_irq_vec",
        "splits/pcie_port_enable_irq_vec.c.j2",
        {
            "allocation": Piece("call:pci_alloc_irq_vectors", "if:nvec != nr_entries", pointers),
            "assignment": Piece(f"if:mask & ({shared})", "if:mask & PCIE_PORT_SERVICE_DPC"),
        },
    )


def _create() -> tuple[Edit, ...]:
    """Return what creates the devices."""
    return (
        NewFile(CXLPMU, "files/cxlpmu.c.j2", pcie_cxlpmu.NAMES),
        Derived(PORTDRV, pcie_cxlpmu.NAMES),
        Local(PORTDRV, "pcie_port_alloc_irq_vec", "nvec", "total"),
        InsertBefore(
            PORTDRV, "files/resize.c.j2", "pcie_port_alloc_irq_vec", pcie_cxlpmu.NAMES
        ),
        Paragraph(
            PORTDRV, "Allocate as many vectors as the services", "files/alloc_irq_vec_doc.j2", " * "
        ),
        Section(
            PORTDRV_H, SYMBOL, "files/portdrv.h.j2", "struct device *pcie_port_find_device("
        ),
        Include(PMU_H, "<linux/auxiliary_bus.h>", before="<linux/bits.h>"),
        Include(PMU_H, "<linux/container_of.h>", after="<linux/bits.h>"),
        Include(PMU_H, "<linux/types.h>", after="<linux/container_of.h>"),
        Put(PMU_H, "files/pmu_auxdev.h.j2", before="#endif /* _LINUX_CXL_PMU_H */"),
        Put(
            "drivers/pci/pcie/Kconfig", "files/Kconfig.pcie.j2", after="config PCIEPORTBUS",
            paragraph=True,
        ),
        Put(
            "drivers/pci/pcie/Makefile", line=f"pcieportdrv-$({SYMBOL}) += cxlpmu.o",
            after="pcieportdrv-y",
        ),
        Listed(MAINTAINERS, ENTRY, f"F:\t{CXLPMU}"),
    )


def _while_stopped() -> tuple[Edit, ...]:
    """Return what keeps perf's callbacks from registers over system sleep."""
    stop = "if (info->stopped)\n\t\treturn;\n"
    up_to_date = (
        "if (info->stopped) {\n\t\thwc->state |= PERF_HES_UPTODATE;\n\t\treturn;\n\t}\n"
    )
    return (
        InFunction(PERF, "cxl_pmu_enable", stop, before="call:writeq"),
        InFunction(PERF, "cxl_pmu_disable", stop, before="call:writeq"),
        InFunction(PERF, "cxl_pmu_event_start", stop, before="if:info->filter_hdm"),
        InFunction(
            PERF, "__cxl_pmu_read", stop.replace("info->stopped", "READ_ONCE(info->stopped)"),
            before="text:raw_spin_lock(",
        ),
        InFunction(PERF, "cxl_pmu_event_stop", up_to_date, before="set:cfg"),
    )


def _bind() -> tuple[Edit, ...]:
    """Return what binds the perf driver to the devices."""
    done, todo = module_init()
    names = perf_cxl_pmu.NAMES
    return (
        Include(PERF, "<linux/auxiliary_bus.h>", after="<linux/io-64-nonatomic-lo-hi.h>"),
        Include(PERF, "<linux/cpu.h>", after="<linux/bug.h>"),
        Include(PERF, "<linux/ioport.h>", after="<linux/cpu.h>"),
        Include(PERF, "<linux/pm.h>", after="<linux/pci.h>"),
        Include(PERF, "<linux/pm_runtime.h>", after="<linux/pm.h>"),
        Include(PERF, "<linux/smp.h>", after="<linux/pm_runtime.h>"),
        Put(
            PERF, before="\traw_spinlock_t lock;",
            line="\tbool stopped; /* Leave the registers alone, they may be lost */",
        ),
        *_while_stopped(),
        InsertBefore(PERF, "files/cxl_pmu_quiesce.c.j2", "cxl_pmu_setup_info", names, "rc"),
        InsertBefore(PERF, "files/cxl_pmu_aux.c.j2", "cxl_pmu_online_cpu", names, "rc"),
        Tail(PERF, "cxl_pmu_init", "call:__cxl_driver_register", done, todo, "rc"),
        InFunction(
            PERF, "cxl_pmu_exit", "auxiliary_driver_unregister(&cxl_pmu_aux_driver);",
            before="call:cxl_driver_unregister",
        ),
        Put(
            "drivers/perf/Kconfig", line="\tselect AUXILIARY_BUS", after="depends on CXL_BUS",
            within="config CXL_PMU",
        ),
        Paragraph(
            "drivers/perf/Kconfig", "Support performance monitoring as defined in CXL rev",
            "files/Kconfig.perf.j2", "\t  ", 72,
        ),
        Put(
            DOC, "files/cxl.rst.j2", after="In common with other CXL bus devices", paragraph=True
        ),
        Paragraph(DOC, "The CPMU driver registers a perf PMU", "files/cxl_names.rst.j2"),
    )
