# SPDX-License-Identifier: GPL-2.0-only
"""Rules about binding, devres, deletion, power and what is left behind."""

from __future__ import annotations

from collections.abc import Iterator

from checks.bind import View
from checks.machine import HALTED, Step
from checks.rule import state_rule, step_rule
from generator.expr import Expr, all_of, any_of
from generator.facts import (
    ABSENT,
    ADDED,
    ALLOCATED,
    BELOW,
    BLOCK,
    CLAIMED,
    D3,
    ENABLED,
    HANDLER,
    HOTPLUG,
    IDENT,
    INITIALISED,
    LIFE,
    MAPPED,
    MASTER,
    MEMORY,
    MSIDATA,
    NOTED,
    OPEN,
    PHASE,
    PMU,
    POWER,
    SOURCE,
    UNBOUND,
    interrupt_lost,
    msi_on,
    on_vector,
)
from generator.program import operations


def _is(step: Step, *names: str) -> bool:
    return step.op is not None and step.op.name in names


@step_rule(
    "R01",
    evidence=("drivers/base/dd.c really_probe()", "<20240823120501.00004151@Huawei.com>"),
    symptom="Resources present before probing; the device stays unbound, -EBUSY",
)
def devres_empty_at_probe(step: Step, view: View) -> Expr | None:
    """A device's devres list is empty when a driver binds to it."""
    if step.entry != "driver core" or not step.text.startswith("bind ") or step.inst is None:
        return None
    return MSIDATA(step.inst).eq(1)


@step_rule(
    "R02",
    evidence=("kernel/irq/msi.c msi_setup_device_data()", "<87plpsbbe5.ffs@tglx>"),
    symptom="the next bind says: Resources present before probing",
    implies=("R01",),
)
def managed_only_while_bound(step: Step, view: View) -> Expr | None:
    """What puts managed resources on a device happens while a driver of that device is bound.

    The first attempt to enable MSI or MSI-X does so.
    """
    if _is(step, "pci_alloc_irq_vectors"):
        dev = step.role("dev")
    elif step.op is not None and step.op.managed and step.entry != "devres":
        dev = step.role(step.op.on_devres)
    else:
        return None
    return PHASE(dev).eq(UNBOUND)


@step_rule(
    "R09",
    evidence=("drivers/pci/pci.c pci_clear_master()", "drivers/pci/pci.c do_pci_disable_device()",
              "<87plpsbbe5.ffs@tglx>"),
    symptom="DMA and messages of every device below the port stop, without a word",
)
def bus_master_is_shared(step: Step, view: View) -> Expr | None:
    """Bus mastering of a bridge is cleared only when nothing below it needs it."""
    if _is(step, "pci_clear_master"):
        return BELOW(step.role("dev")).eq(1)
    if _is(step, "pci_disable_device"):
        dev = step.role("dev")
        return all_of(ENABLED(dev).eq(1), BELOW(dev).eq(1))
    return None


@step_rule(
    "R22",
    evidence=("drivers/pci/pcie/Kconfig PCIEPORTBUS", "drivers/cxl/Kconfig CXL_BUS",
              "<20240529164103.31671-1-Jonathan.Cameron@huawei.com>"),
    symptom="ld: undefined reference to the CXL function, with CXL_BUS=m",
)
def builtin_calls_no_module(step: Step, view: View) -> Expr | None:
    """Code that is always built in calls nothing that can be a module."""
    if step.op is None or not step.op.provider or step.driver is None or not step.driver.builtin:
        return None
    from generator.expr import TRUE

    return TRUE


@step_rule(
    "R23",
    evidence=("drivers/perf/cxl_pmu.c cxl_pmu_probe()", "<87plpsbbe5.ffs@tglx>"),
    symptom="Failed to request region at the second bind; an irq that outlives its driver",
)
def subdevice_owns_its_resources(step: Step, view: View) -> Expr | None:
    """What a subdevice's driver takes, it takes on the subdevice, not through its parent."""
    from generator.expr import TRUE

    if step.op is None or step.inst is None or step.inst.device.kind not in ("aux", "cxl"):
        return None
    if step.entry not in ("probe",):
        return None
    if step.op.managed and step.role(step.op.on_devres) != step.inst:
        return TRUE
    return TRUE if step.op.name == "pci_irq_vector" else None


@step_rule(
    "R24",
    evidence=("drivers/base/auxiliary.c auxiliary_device_init()", "include/linux/auxiliary_bus.h DOC"),
    symptom="-EINVAL, -EEXIST or a refcount WARN; use after free where kfree() replaces uninit",
)
def auxiliary_protocol(step: Step, view: View) -> Expr | None:
    """An auxiliary device is allocated, initialised, added, deleted, uninitialised: in this order.

    After auxiliary_device_init() only auxiliary_device_uninit() frees it, and its id is unique.
    """
    if step.op is None or step.outcome == "":
        return None
    needs = {
        "auxiliary_device_init": (ALLOCATED,),
        "auxiliary_device_add": (INITIALISED,),
        "auxiliary_device_delete": (ADDED,),
        "auxiliary_device_uninit": (INITIALISED,),
        "kfree": (ALLOCATED,),
    }.get(step.op.name)
    if needs is None or "dev" not in step.binding:
        return None
    dev = step.role("dev")
    if dev.device.kind != "aux":
        return None
    wrong = ~LIFE(dev).among(*needs)
    if step.op.name == "auxiliary_device_add":
        return wrong | IDENT(dev).eq(0)
    return wrong


@step_rule(
    "R34",
    evidence=("drivers/base/dd.c __driver_probe_device()", "drivers/pci/msi/msi.h pci_msix_mask()"),
    symptom="registers read as all ones; a handler that sees every overflow bit; lost unmasks",
)
def registers_need_d0(step: Step, view: View) -> Expr | None:
    """Whoever touches registers or vectors of a port keeps it in D0."""
    if step.op is None or not step.op.needs_d0:
        return None
    user = step.role(step.op.needs_d0)
    return D3(view.parent(user)).eq(1)


@state_rule(
    "R34s",
    evidence=("drivers/perf/cxl_pmu.c cxl_pmu_read()", "drivers/pci/pcie/portdrv.c pcie_portdrv_probe()"),
    symptom="counters read as all ones while the port sleeps",
)
def counting_needs_d0(view: View) -> Iterator[tuple[str, Expr]]:
    """A device that counts keeps its port in D0."""
    for inst in view.instances:
        if inst != view.parent(inst):
            yield (f"{inst.name} counts while {view.parent(inst).name} is in D3hot",
                   OPEN(inst).eq(1) & D3(view.parent(inst)).eq(1))


@step_rule(
    "N5",
    evidence=("drivers/pci/msi/msi.c msix_prepare_msi_desc()", "drivers/pci/msi/msi.c __pci_enable_msi_range()"),
    symptom="-EINVAL from a static allocation; a dynamic one caches an all-ones vector control",
)
def vectors_need_d0(step: Step, view: View) -> Expr | None:
    """Vectors are allocated while the device is in D0."""
    if not _is(step, "pci_alloc_irq_vectors", "pci_msix_alloc_irq_at"):
        return None
    return D3(step.role("dev")).eq(1)


@step_rule(
    "R36",
    evidence=("drivers/pci/pcie/portdrv.c pcie_portdrv_remove()", "drivers/pci/pci.c pci_disable_device()"),
    symptom="disabling already-disabled device; stale messages into the next kernel",
)
def undo_in_reverse(step: Step, view: View) -> Expr | None:
    """Vectors are freed before the device is disabled, and it is disabled as often as enabled."""
    if not _is(step, "pci_disable_device"):
        return None
    dev = step.role("dev")
    return ENABLED(dev).eq(0) | msi_on(dev)


@state_rule(
    "R36s",
    evidence=("drivers/pci/pcie/portdrv.c pcie_portdrv_remove()", "drivers/base/core.c device_shutdown()"),
    symptom="devices, vectors, ids or memory that outlive the driver that made them",
)
def unbound_leaves_nothing(view: View) -> Iterator[tuple[str, Expr]]:
    """After a failed probe or an unbind nothing is left; after shutdown no interrupt is live."""
    for inst in view.instances:
        driver = view.design.driver_of(inst.device)
        if driver is None or inst.device.kind == "service":
            continue
        off = PHASE(inst).eq(UNBOUND)
        yield from _leftovers(view, inst.name, off, view.users(inst), inst)
        if inst == view.parent(inst):
            for user in view.users(inst):
                yield (f"{user.name} can still raise its interrupt after shutdown",
                       HALTED(inst).eq(1) & SOURCE(user).eq(1))


def _leftovers(view: View, name: str, off: Expr, users: tuple, inst) -> Iterator[tuple[str, Expr]]:  # type: ignore
    own = (MEMORY, CLAIMED, MAPPED, POWER, HOTPLUG, PMU, HANDLER)
    for fact in own:
        yield f"{name} is unbound but {fact.name} is left", off & fact(inst).ne(0)
    if inst != view.parent(inst):
        return
    yield f"{name} is unbound but enabled", off & ENABLED(inst).ne(0)
    yield f"{name} is unbound but has vectors", off & msi_on(inst)
    yield f"{name} is unbound but its note is left", off & NOTED(inst).ne(0)
    for child in view.children(inst):
        yield f"{name} is unbound but {child.name} is left", off & LIFE(child).ne(ABSENT)
        yield f"{name} is unbound but the note of {child.name} is left", off & NOTED(child).ne(0)
        yield f"{name} is unbound but the id of {child.name} is taken", off & IDENT(child).ne(0)


@step_rule(
    "N1",
    evidence=("kernel/events/core.c perf_pmu_unregister()",),
    symptom="use after free: a panic when the event is closed",
)
def pmu_has_no_open_events(step: Step, view: View) -> Expr | None:
    """A PMU is not unregistered, nor its memory freed, while an event is open on it."""
    if not _is(step, "perf_pmu_unregister", "free driver data"):
        return None
    return OPEN(step.role("user")).eq(1)


@state_rule(
    "N3",
    evidence=("kernel/irq/manage.c __free_irq()",),
    symptom="a fault in the handler: DEBUG_SHIRQ calls it once in free_irq()",
)
def handler_data_outlives_irq(view: View) -> Iterator[tuple[str, Expr]]:
    """Mapping, memory and power that a handler uses exist from before request to after free."""
    uses = {"devm_ioremap": MAPPED, "devm_kzalloc": MEMORY, "pm_runtime_resume_and_get": POWER}
    for inst in view.instances:
        driver = view.design.driver_of(inst.device)
        if driver is None or inst.device.kind == "service":
            continue
        names = {do.op.name for block in driver.entries().values() for do in operations(block)}
        for name, fact in uses.items():
            if name in names:
                yield (f"the handler of {inst.name} can run without {fact.name}",
                       HANDLER(inst).ne(0) & fact(inst).eq(0))


@step_rule(
    "N7",
    evidence=("drivers/cxl/core/regs.c cxl_decode_regblock()", "drivers/pci/msi/msi.c msix_map_region()"),
    symptom="a mapping of the ROM or of a bridge window: reads of somebody else's registers",
)
def block_in_own_bar(step: Step, view: View) -> Expr | None:
    """A register block is mapped only where it lies in an assigned memory BAR of its device."""
    if not _is(step, "devm_ioremap", "ioremap", "devm_request_mem_region"):
        return None
    return BLOCK(step.role("user")).eq(1)


@step_rule(
    "N8",
    evidence=("kernel/irq/msi.c msi_lock_descs()", "kernel/irq/manage.c request_threaded_irq()"),
    symptom="BUG: sleeping function called from invalid context",
)
def no_sleep_in_atomic_context(step: Step, view: View) -> Expr | None:
    """What sleeps is not called from perf callbacks, handlers or noirq phases."""
    from generator.expr import TRUE

    return TRUE if step.op is not None and step.entry == "atomic" and step.op.sleeps else None


_UNUSED = (any_of, interrupt_lost, on_vector)

RULES = (
    devres_empty_at_probe,
    managed_only_while_bound,
    bus_master_is_shared,
    builtin_calls_no_module,
    subdevice_owns_its_resources,
    auxiliary_protocol,
    registers_need_d0,
    counting_needs_d0,
    undo_in_reverse,
    unbound_leaves_nothing,
    pmu_has_no_open_events,
    handler_data_outlives_irq,
    vectors_need_d0,
    block_in_own_bar,
    no_sleep_in_atomic_context,
)
