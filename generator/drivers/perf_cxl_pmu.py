# SPDX-License-Identifier: GPL-2.0-only
"""The perf driver of CXL PMUs, drivers/perf/cxl_pmu.c: one driver, two buses.

Every function here is one of that file as the series leaves it, under its name there.
"""

from __future__ import annotations

from dataclasses import replace

from generator.ctext import Written, code, helper, leave
from generator.design import Device, Driver
from generator.drivers.pcie_cxlpmu import CPMU
from generator.drivers.portdrv_services import PORT, free
from generator.expr import Place
from generator.facts import CAPS, CLAIMED, COUNTERS, MAPPED, MEMORY, NAMED, PMU, POWER
from generator.fingerprint import Fails, Fingerprint
from generator.operation import RETURN, Guard, Operation, fault, ok, sets
from generator.ops.assign import assign
from generator.ops.device import C_DEV_SET_DRVDATA, DEVM_KZALLOC, INIT_LIST_HEAD
from generator.ops.irq import DEVM_FREE_IRQ, DEVM_REQUEST_IRQ, PCI_IRQ_VECTOR
from generator.ops.perf import (
    CPUHP_STATE_ADD_INSTANCE,
    CPUHP_STATE_REMOVE_INSTANCE,
    DEVM_IOREMAP,
    DEVM_KASPRINTF,
    DEVM_KCALLOC,
    DEVM_REQUEST_MEM_REGION,
    OWNER,
    PARSE_CAPS,
    PERF_PMU_REGISTER,
    PERF_PMU_UNREGISTER,
    QUIESCE,
    START_EVENTS,
    STOP_EVENTS,
    devm_action,
)
from generator.ops.pm import PM_RUNTIME_GET_ONLY, PM_RUNTIME_PUT_ONLY
from generator.program import Block, Function, If, Not

SOURCE = "drivers/perf/cxl_pmu.c"
NAMES: dict[Place, str] = {PORT: "dev->parent", CPMU: "dev"}  # what the aux driver's C calls them
_INFO = {"data": "info"}
_DRVDATA = {"data": "dev_get_drvdata(dev)"}
REGISTERS = {"address": "pmu->resource", "size": "CXL_PMU_REGMAP_SIZE"}
# What perf is told of: kernel/events/core.c perf_pmu_register() refuses a PMU without a name, and
# an event that opens is noted at its counter.
_NAME = replace(
    DEVM_KASPRINTF, outcomes=(ok(sets(NAMED(OWNER), 1)), *DEVM_KASPRINTF.outcomes[1:])
)
_COUNTERS = replace(
    DEVM_KCALLOC,
    outcomes=(ok(sets(COUNTERS(OWNER), 1)), *DEVM_KCALLOC.outcomes[1:]),
    needs=(CAPS,),  # how many there are
)
_QUIESCE = replace(QUIESCE, needs=(*QUIESCE.needs, CAPS))  # it goes over every counter
_REGISTER = replace(PERF_PMU_REGISTER, needs=(NAMED, COUNTERS))


def _lists(pmu: Device) -> Block:
    """Return the beginnings of the lists of what a PMU can count."""
    names = "event_caps_fixed", "event_caps_configurable"
    return tuple(INIT_LIST_HEAD(pmu, c={"on": f"cxl_pmu_info.{name}"}) for name in names)


def cxl_pmu_setup_info() -> Function:
    """Return the allocation of a PMU's state and the reading of its capabilities."""
    return Written(
        "cxl_pmu_setup_info",
        (
            DEVM_KZALLOC(CPMU, CPMU),
            C_DEV_SET_DRVDATA(CPMU),
            *_lists(CPMU),
            assign("cxl_pmu_info.base", "devm_ioremap()")(),
            assign("cxl_pmu_info.on_cpu", "-1")(),
            PARSE_CAPS(CPMU),
            _COUNTERS(CPMU),
        ),
        gives="pointer",
    )


def cxl_pmu_setup_irq() -> Function:
    """Return the request of a PMU's interrupt."""
    return Written(
        "cxl_pmu_setup_irq",
        (
            DEVM_KASPRINTF(CPMU),
            DEVM_REQUEST_IRQ(CPMU, CPMU, shared=1),
        ),
    )


def cxl_pmu_setup_perf() -> Function:
    """Return the registrations that make a PMU usable."""
    return Written(
        "cxl_pmu_setup_perf",
        (
            assign("cxl_pmu_info.pmu")(),
            CPUHP_STATE_ADD_INSTANCE(CPMU, fail=RETURN),
            devm_action(CPUHP_STATE_REMOVE_INSTANCE, "cxl_pmu_cpuhp_remove")(
                CPMU, CPMU, fail=RETURN
            ),
            _REGISTER(CPMU, fail=RETURN, c={"on": "cxl_pmu_info.pmu"}),
            devm_action(PERF_PMU_UNREGISTER, "cxl_pmu_perf_unregister")(CPMU, CPMU, fail=RETURN),
        ),
    )


def cxl_pmu_aux_driver() -> Driver:
    """Return the perf driver of CPMUs on the auxiliary bus."""
    return Driver(
        "cxl_pmu",
        CPMU,
        probe=(
            code(
                "/*",
                " * Neither the registers nor the port's MSI-X table can be accessed",
                " * unless the port is in D0.  Most of the accesses are made with",
                " * interrupts off, where the port cannot be resumed, so keep it",
                " * resumed until everything else here is undone.",
                " */",
            ),
            PM_RUNTIME_GET_ONLY(
                PORT, CPMU, fail=RETURN, c={"on": "auxiliary_device.dev.parent"}
            ),
            devm_action(PM_RUNTIME_PUT_ONLY, "cxl_pmu_put_port")(
                PORT, CPMU, CPMU, fail=RETURN, c={"data": "dev->parent"}
            ),
            DEVM_REQUEST_MEM_REGION(CPMU, CPMU, c={"var": "res", **REGISTERS}),
            DEVM_IOREMAP(CPMU, CPMU, c={"var": "base", **REGISTERS}),
            helper(cxl_pmu_setup_info(), into="info", args="dev, base"),
            _NAME(
                CPMU,
                c={
                    "var": "name",
                    "format": '"cxl_pmu_%04x%04x.%u", pmu->segment, pmu->devid, pmu->index',
                },
            ),
            code("/* The irq may be shared, it must not be raised by leftovers */"),
            _QUIESCE(CPMU, c=_INFO),
            code(""),
            helper(cxl_pmu_setup_irq(), args="dev, info, name, pmu->irq", failed="rc"),
            devm_action(_QUIESCE, "cxl_pmu_quiesce")(CPMU, CPMU, c=_INFO),
            helper(cxl_pmu_setup_perf(), args="dev, info, name", failed="rc"),
        ),
        shutdown=(
            STOP_EVENTS(CPMU, c=_INFO),
            DEVM_FREE_IRQ(CPMU, CPMU, c={"irq": "to_cxl_pmu_auxdev(auxdev)->irq", **_INFO}),
        ),
        suspend=(STOP_EVENTS(CPMU, c=_DRVDATA),),
        resume=(START_EVENTS(CPMU, c=_DRVDATA),),
        unbind=False,
        gives=(CLAIMED, PMU),
        handler_needs=(MAPPED, MEMORY, POWER),
        c={CPMU: "auxiliary_device.dev", PORT: "auxiliary_device.dev.parent"},
        sources=(SOURCE,),
        variable="cxl_pmu_aux_driver",
        sets=tuple(f"cxl_pmu_info.{name}" for name in ("base", "on_cpu", "pmu")),
    )


ENDPOINT = Device("endpoint", "pci")
MEM_PMU = Device("memory PMU", "cxl", ENDPOINT)


def cxl_pmu_probe(zero: bool = True) -> Block:
    """Return the probe on the CXL bus; `zero`: message number 0 is a valid one."""
    # of another type the name is not set: what is in it then is anybody's guess
    unnamed = If(Guard("dev_name", None, ()), (leave("-ENOMEM", ok=False),))
    refused = free("info->irq < 0") if zero else free("info->irq <= 0")
    checks: Block = (If(refused, (leave("-EINVAL", ok=False),)),)
    if zero:
        checks = (
            *checks,
            code("/* Without MSI, vector 0 is INTx, which a CPMU does not use */"),
            If(Not(free("pci_dev_msi_enabled(pdev)")), (leave("-EINVAL", ok=False),)),
        )
    return (
        DEVM_KZALLOC(MEM_PMU, MEM_PMU),
        C_DEV_SET_DRVDATA(MEM_PMU),
        *_lists(MEM_PMU),
        PARSE_CAPS(MEM_PMU),
        DEVM_KCALLOC(MEM_PMU),
        If(free("pmu->type == CXL_PMU_MEMDEV"), (DEVM_KASPRINTF(MEM_PMU),), (unnamed,)),
        *checks,
        PCI_IRQ_VECTOR(ENDPOINT, MEM_PMU, nr=0, fail=RETURN),
        DEVM_KASPRINTF(MEM_PMU),
        DEVM_REQUEST_IRQ(MEM_PMU, MEM_PMU, shared=1),
        CPUHP_STATE_ADD_INSTANCE(MEM_PMU, fail=RETURN),
        devm_action(CPUHP_STATE_REMOVE_INSTANCE, "cxl_pmu_cpuhp_remove")(
            MEM_PMU, MEM_PMU, fail=RETURN
        ),
        PERF_PMU_REGISTER(MEM_PMU, fail=RETURN, c={"on": "cxl_pmu_info.pmu"}),
        devm_action(PERF_PMU_UNREGISTER, "cxl_pmu_perf_unregister")(
            MEM_PMU, MEM_PMU, fail=RETURN
        ),
    )


def cxl_bus_driver(zero: bool = True) -> Driver:
    """Return the driver of CPMUs of memory devices, which no design here explores."""
    return Driver(
        "cxl_pmu on the CXL bus", MEM_PMU, probe=cxl_pmu_probe(zero),
        c={MEM_PMU: "device", ENDPOINT: "device.parent"}, sources=(SOURCE,),
        variable="cxl_pmu_driver",
    )


def _register(name: str, undo: str) -> Operation:
    return Operation(
        name, (), (ok(), fault("-ENOMEM")), source=f"{name}()",
        fingerprint=Fingerprint((name,), fails=Fails.NEGATIVE),
        undo=Operation(undo, (), (ok(),), source=f"{undo}()", fingerprint=Fingerprint((undo,))),
    )


CPUHP_SETUP_STATE_MULTI = _register("cpuhp_setup_state_multi", "cpuhp_remove_multi_state")
CXL_DRIVER_REGISTER = _register("cxl_driver_register", "cxl_driver_unregister")
AUXILIARY_DRIVER_REGISTER = _register(
    "auxiliary_driver_register", "auxiliary_driver_unregister"
)


def module_init() -> tuple[Block, Block]:
    """Return what cxl_pmu_init() has done, and what it goes on to do."""
    return (CPUHP_SETUP_STATE_MULTI(),), (
        CXL_DRIVER_REGISTER(c={"driver": "cxl_pmu_driver", "label": "err_unregister_cxl"}),
        AUXILIARY_DRIVER_REGISTER(c={"driver": "cxl_pmu_aux_driver"}),
    )
