# SPDX-License-Identifier: GPL-2.0-only
"""Rules about binding, devres, deletion and what is left behind."""

from __future__ import annotations

from collections.abc import Iterator

from checks.machine.episode import PLAIN
from checks.machine.instances import SYSTEM, Inst, View
from checks.machine.step import DOWN, HALTED, OWED, Kind, Step
from checks.rules.rule import Clause, clause_rule, is_done, step_rule
from generator.design import SUBDEVICES
from generator.expr import TRUE, Expr, all_of, any_of
from generator.facts import (
    ABSENT,
    ADDED,
    ALLOCATED,
    BELOW,
    CAP,
    CAP_NONE,
    CLAIMED,
    DYING,
    ENABLED,
    HANDLER,
    HOTPLUG,
    IDENT,
    INITIALISED,
    LIFE,
    LINE,
    MAPPED,
    MEMORY,
    MSIDATA,
    NOTED,
    NUMBERED,
    OPEN,
    PHASE,
    PMU,
    POWER,
    SLEEPY,
    SOURCE,
    SUBSTORE,
    UNBOUND,
    msi_on,
)
from generator.program import operations


@step_rule(
    "R01",
    mend="what puts managed resources on a device belongs into the probe of its driver",
    evidence=("drivers/base/dd.c really_probe()", "<20240823120501.00004151@Huawei.com>"),
    symptom="Resources present before probing; the device stays unbound, -EBUSY",
)
def devres_empty_at_probe(step: Step, view: View) -> Expr | None:
    """A device's devres list is empty when a driver binds to it."""
    if step.kind is not Kind.BIND or step.inst is None:
        return None
    held = [noted.eq(1) for noted in view.devres.get(step.inst, ())]
    return any_of(MSIDATA(step.inst).eq(1), *held)


@step_rule(
    "R02",
    mend="enable and allocate in probe, where devres takes it back with the driver",
    evidence=("kernel/irq/msi.c msi_setup_device_data()",
              "drivers/pci/msi/msi.c pci_setup_msi_context()", "<87plpsbbe5.ffs@tglx>"),
    symptom="the next bind says: Resources present before probing",
    implies=("R01",),
)
def managed_only_while_bound(step: Step, view: View) -> Expr | None:
    """What puts managed resources on a device happens while a driver of that device is bound.

    The first attempt to enable MSI or MSI-X does so; INTx does not.
    """
    if is_done(step, "pci_alloc_irq_vectors"):
        dev, types = step.role("dev"), step.params["types"]
        return all_of(PHASE(dev).eq(UNBOUND), types.has(1) | types.has(2), CAP(dev).ne(CAP_NONE))
    if step.op is not None and step.op.managed and step.entry != "devres":
        return PHASE(view.listed_at(step.role(step.op.on_devres))).eq(UNBOUND)
    return None


@step_rule(
    "R09",
    mend="leave bus mastering of a bridge on where something below may need it",
    evidence=("drivers/pci/pci.c pci_clear_master()", "drivers/pci/pci.c do_pci_disable_device()",
              "drivers/pci/pci.c pci_enable_bridge()", "<87plpsbbe5.ffs@tglx>"),
    symptom="DMA and messages of every device below the port stop, without a word",
)
def bus_master_is_shared(step: Step, _view: View) -> Expr | None:
    """Bus mastering of a bridge is cleared only when nothing below it needs it.

    In probe that cannot be known: a driver below that finds it set asks nobody for it.
    """
    # Not that sources are quiet before it is set: no message leaves a device whose MSI Enable is
    # clear, and drivers/pci/msi/pcidev_msi.c pci_msi_init() clears it when the device is found.
    # Before a handler comes, N4b asks for quiet.
    if is_done(step, "pci_clear_master"):
        dev = step.role("dev")
        return TRUE if step.entry == "probe" and dev.device.bridge else BELOW(dev).eq(1)
    if is_done(step, "pci_disable_device"):
        dev = step.role("dev")
        return ENABLED(dev).eq(1) & BELOW(dev).eq(1)
    return None


@step_rule(
    "R23",
    mend="take it on the subdevice itself: devm_ with its own device as the owner",
    evidence=("drivers/perf/cxl_pmu.c cxl_pmu_probe()",
              "drivers/cxl/core/regs.c devm_cxl_iomap_block()", "<87plpsbbe5.ffs@tglx>"),
    symptom="probe with driver NAME failed with error -16 at the second bind; an irq that outlives "
    "its driver",
)
def subdevice_owns_its_resources(step: Step, _view: View) -> Expr | None:
    """What a subdevice's driver takes, it takes on the subdevice, not through its parent."""
    op, inst = step.op, step.inst
    if op is None or inst is None or inst.device.kind not in SUBDEVICES:
        return None
    if step.entry == "devres" or not step.outcome:
        return None
    if "owner" in op.roles and step.role("owner") != inst:
        return TRUE
    through = ("pci_irq_vector", "pci_alloc_irq_vectors", "pci_msix_alloc_irq_at",
               "pci_request_regions")
    return TRUE if op.name in through else None


@clause_rule(
    "R24",
    mend="allocate, init, add; delete, uninit; after init no kfree() but in the release "
    "callback",
    evidence=("drivers/base/auxiliary.c auxiliary_device_init()",
              "drivers/base/auxiliary.c __auxiliary_device_add()",
              "include/linux/auxiliary_bus.h auxiliary_device_uninit()"),
    symptom="-EINVAL, -EEXIST or a refcount WARN; use after free where kfree() replaces uninit",
)
def auxiliary_protocol(step: Step, _view: View) -> Iterator[Clause]:
    """An auxiliary device is allocated, initialised, added, deleted, uninitialised, in order.

    After auxiliary_device_init() only auxiliary_device_uninit() frees it, and its id is unique.
    """
    needs = {
        "auxiliary_device_init": ALLOCATED,
        "auxiliary_device_add": INITIALISED,
        "auxiliary_device_delete": ADDED,
        "auxiliary_device_uninit": INITIALISED,
        "kfree": ALLOCATED,
    }
    if not is_done(step, *needs) or step.op is None or "dev" not in step.binding:
        return
    dev = step.role("dev")
    if dev.device.kind != "aux":
        return
    wanted, name = needs[step.op.name], step.op.name
    for life in (ABSENT, ALLOCATED, INITIALISED, ADDED):
        if life != wanted:
            yield Clause(f"{name}() finds {dev.name} {LIFE.show(life)}, "
                         f"and needs it {LIFE.show(wanted)}", LIFE(dev).eq(life),
                         _instead(name, life))
    if name == "auxiliary_device_add":
        yield Clause(f"{dev.name} has no id of its own", IDENT(dev).eq(0) & NUMBERED(dev).eq(0),
                     f"IDA_ALLOC({dev.name}) before it is added, or SET_ID({dev.name}), of a "
                     "number that is made of what it belongs to")


def _instead(name: str, life: int) -> str:
    """Return what a driver does instead of a call for an auxiliary device that is at `life`."""
    if name == "kfree" and life == INITIALISED:
        return "auxiliary_device_uninit() in the place of kfree(): the last reference frees it"
    if name in ("kfree", "auxiliary_device_uninit") and life == ADDED:
        return "auxiliary_device_delete(), then auxiliary_device_uninit()"
    if name == "auxiliary_device_uninit" and life == ALLOCATED:
        return "kfree(): auxiliary_device_init() has not gone well yet"
    if life == ABSENT and name not in ("auxiliary_device_init", "auxiliary_device_add"):
        return f"{name}() only where the device was created, and once"
    return "kzalloc(), auxiliary_device_init(), auxiliary_device_add(), in this order"


_TAKEN = (MEMORY, CLAIMED, MAPPED, POWER, HOTPLUG, PMU, HANDLER, SUBSTORE)


def _leftovers(view: View) -> Iterator[tuple[str, Expr]]:
    for inst in view.instances:
        if inst.device.kind == "service":
            continue
        if view.design.driver_of(inst.device) is None:
            yield from _left_by_parent(view, inst)
            continue
        off = PHASE(inst).eq(UNBOUND) & view.closed(inst)
        if inst.device.parent is None:  # of another its parent has one for it
            yield f"{inst.name} is unbound but an id that it took is left", off & IDENT(inst).ne(0)
        for fact in _TAKEN:
            yield f"{inst.name} is unbound but {fact.name} is left", off & fact(inst).ne(0)
            for part in view.children(inst):
                if part.device in view.parts:
                    yield (f"{inst.name} is unbound but {fact.name} of {part.name} is left",
                           off & fact(part).ne(0))
        if inst.device.kind == "pci" and not view.cores():  # what the core holds is no leftover
            yield from _left_on_port(view, inst, off)
        elif inst.device.parent is None and inst.device.kind not in ("pci", "core"):
            yield from _left_below(view, inst, off)


def _left_below(view: View, root: Inst, off: Expr) -> Iterator[tuple[str, Expr]]:
    """Yield what a driver leaves of the children of a device on another bus than PCI."""
    for child in view.children(root):
        yield f"{root.name} is unbound but {child.name} is left", off & LIFE(child).ne(ABSENT)
        yield (f"{root.name} is unbound but the id of {child.name} is taken",
               off & IDENT(child).ne(0))


def _left_by_parent(view: View, inst: Inst) -> Iterator[tuple[str, Expr]]:
    """Yield what the driver of its parent has for a device that no driver binds, and leaves."""
    parent = view.parent(inst)
    if parent == inst or view.design.driver_of(parent.device) is None:
        return
    off = PHASE(parent).eq(UNBOUND)
    for fact in (MEMORY, CLAIMED, MAPPED, HOTPLUG, PMU):
        yield (f"{parent.name} is unbound but {fact.name} of {inst.name} is left",
               off & fact(inst).ne(0))


def _left_on_port(view: View, port: Inst, off: Expr) -> Iterator[tuple[str, Expr]]:
    name = port.name
    requested = {
        do.binding["user"]
        for driver in view.design.drivers_of(port.device)
        for do in operations(driver.probe)
        if do.op.name == "request_irq"
    }
    yield f"{name} is unbound but enabled", off & ENABLED(port).ne(0)
    yield f"{name} is unbound but has vectors", off & msi_on(port)
    yield f"{name} is unbound but its note is left", off & NOTED(port).ne(0)
    yield f"{name} is unbound but its runtime PM reference is not back", off & SLEEPY(port).ne(0)
    for child in view.children(port):
        yield f"{name} is unbound but {child.name} is left", off & LIFE(child).ne(ABSENT)
        if child.device in requested:  # by the port's driver: no devres of the child frees it
            yield (f"{name} is unbound but the handler of {child.name} is left",
                   off & HANDLER(child).ne(0))
        yield f"{name} is unbound but the note of {child.name} is left", off & NOTED(child).ne(0)
        yield f"{name} is unbound but the id of {child.name} is taken", off & IDENT(child).ne(0)
    for user in view.users(port):
        yield (f"{user.name} can still raise its interrupt after shutdown",
               HALTED(port).eq(1) & SOURCE(user).eq(1))


@step_rule(
    "R36",
    mend="take it back in remove, and before probe returns an error; disable as often as enabled",
    evidence=("drivers/pci/pcie/portdrv.c pcie_portdrv_remove()",
              "drivers/pci/pci.c pci_disable_device()", "drivers/base/core.c device_shutdown()",
              "arch/x86/pci/common.c pcibios_disable_device",
              "drivers/acpi/pci_irq.c acpi_pci_irq_disable()"),
    symptom="disabling already-disabled device; memory, ids or vectors that outlive their driver; "
    "stale messages into the next kernel",
    states=_leftovers,
)
def undo_in_reverse(step: Step, view: View) -> Expr | None:
    """Vectors are freed before the device is disabled, as often as enabled, and nothing is left.

    That holds after a failed probe and after an unbind; after shutdown no source is live. A driver
    that leaves frees its handlers on the INTx line as well first: the last disable gives it back.
    """
    if not is_done(step, "pci_disable_device"):
        return None
    dev = step.role("dev")
    kept = [msi_on(dev)]
    if step.entry in ("probe", "remove", "devres"):
        kept += [HANDLER(user).eq(LINE) for user in view.users(dev)]
    none = ENABLED(dev).eq(0)
    if view.episode == "sleep":  # behind a resume that has failed, what it did not enable
        none &= OWED(dev).eq(0)
    return none | (ENABLED(dev).eq(1) & any_of(*kept))


@step_rule(
    "N1",
    mend="close the events before: perf_pmu_unregister() only where none can be open",
    evidence=("kernel/events/core.c perf_pmu_unregister()",),
    symptom="use after free: a panic when the event is closed",
)
def pmu_has_no_open_events(step: Step, _view: View) -> Expr | None:
    """A PMU is not unregistered, nor its memory freed, while an event is open on it."""
    if not is_done(step, "perf_pmu_unregister", "free driver data"):
        return None
    return OPEN(step.role("user")).eq(1)


@step_rule(
    "N47",
    mend="have the child's driver give its irq back in .shutdown, and leave its device alone",
    evidence=("drivers/base/core.c device_shutdown()", "kernel/events/core.c "
              "perf_pmu_unregister()"),
    symptom="a panic in reboot -f or kexec -e, and no machine that comes back",
)
def shutdown_keeps_what_is_used(step: Step, view: View) -> Expr | None:
    """At shutdown no device is deleted whose PMU has an open event: nobody was asked.

    Where perf cannot detach events (N1), a removal that is rare may be lived with. Every machine is
    shut down, and programs still run then, as with `reboot -f`.
    """
    if not is_done(step, "perf_pmu_unregister") or view.episode != PLAIN:
        return None
    user = step.role("user")
    return all_of(DOWN(SYSTEM).eq(1), DYING(user).eq(1), OPEN(user).eq(1))
