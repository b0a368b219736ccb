# SPDX-License-Identifier: GPL-2.0-only
"""Who keeps a device awake: the references of runtime PM, as drivers/base/power/runtime.c counts.

`POWER` of a device is a reference that its driver holds, on its parent or on the device itself;
`SLEEPY` says that the one of local_pci_probe() was given away. Of devices that are not PCI, whose
callbacks a process of its own calls (runtime_calls.py), `RPM_ACTIVE` is what D3 is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.machine.instances import Inst, Own, View
from checks.machine.lock_owners import number
from checks.machine.schedule import may_stay_suspended, woken_for_sleep
from checks.machine.step import SHUT, STAYS, Build, Substitution
from generator.context import CALLBACKS, resuming
from generator.design import RUNTIME, Driver
from generator.expr import FALSE, TRUE, Expr, Fact, Place, Read, Role, all_of, any_of, num
from generator.facts import (
    BOUND,
    D3,
    IN_RUNTIME_PM,
    PHASE,
    POWER,
    PROBING,
    RPM_ACTIVE,
    RPM_ALLOWED,
    RPM_BUSY,
    RPM_ENABLED,
    RPM_FORBIDDEN,
    RPM_LATER,
    SLEEPY,
)
from generator.meaning import fold
from generator.operation import Do, Operation
from generator.ops.pm import RUNTIME_GETS
from generator.ops.runtime import DONE, FORBIDS, SUSPENDS
from generator.program import operations


def idle(view: View, inst: Inst) -> Expr:
    """Return whether runtime PM may suspend a device that is awake: nobody holds it.

    Allowing it drops what local_pci_probe() holds: from there on it may sleep, the rest of the
    probe included. Once shut down, device_shutdown() holds it.
    """
    quiet = [POWER(child).eq(0) & PHASE(child).ne(PROBING) for child in view.children(inst)]
    if is_set(view, inst, POWER):
        quiet.append(POWER(inst).eq(0))
    quiet += [RPM_ACTIVE(child).eq(0) & IN_RUNTIME_PM(child).eq(0)
              for child in view.children(inst) if calls_of(view, child)]
    # drivers/base/power/sysfs.c control_store(): where no driver says it, user space does
    allowed = RPM_ALLOWED(inst).eq(1) if is_set(view, inst, RPM_ALLOWED) else TRUE
    may = all_of(PHASE(inst).among(PROBING, BOUND), SHUT(inst).eq(0), allowed, SLEEPY(inst).eq(1))
    return all_of(may, *quiet)


def may_sleep(view: View, inst: Inst) -> bool:
    """Return whether anybody lets runtime PM suspend a device, at some time."""
    return is_set(view, inst, RPM_ALLOWED) or is_set(view, inst, SLEEPY)


def called_at_runtime(made: Build, driver: Driver) -> bool:
    """Return whether runtime PM calls a driver in the episode that is built."""
    called = bool(set(RUNTIME) & driver.callbacks().keys())
    return called and driver.device.kind == "pci" and made.episode.name == "sleep"


def calls_of(view: View, inst: Inst) -> Own | None:
    """Return the process in which runtime PM calls the driver of a device that is not PCI."""
    return next((own for own in view.contexts
                 if own.inst == inst and own.context.kind == CALLBACKS), None)


def may_resume(made: Build, driver: Driver) -> Expr:
    """Return when runtime PM can resume a device: not where the PM core has put an end to that."""
    stage = made.turns.stages.get("suspend", ()) if woken_for_sleep(driver) else ()
    may = any_of(made.turns.quiet(), *(made.turns.at(turn) for turn in stage))
    alone = (fold(~left_alone(made.view, inst)) for inst in made.view.of(driver.device))
    return all_of(may, *alone)


def left_alone(view: View, inst: Inst) -> Expr:
    """Return whether the PM core leaves a device suspended all through the sleep that goes on.

    drivers/base/power/main.c device_suspend() disables runtime PM of it then.
    """
    driver = view.design.driver_of(inst.device)
    asked = view.episode == "sleep" and driver is not None and may_stay_suspended(driver)
    return STAYS(inst).eq(1) if asked else FALSE


def resumed(made: Build, by: Inst, inst: Inst) -> Expr:
    """Return when who resumes a device above it gets on: its runtime_resume has returned."""
    driver = made.view.design.driver_of(inst.device)
    if by != inst and calls_of(made.view, inst):
        return RPM_ENABLED(inst).eq(0) | (RPM_ACTIVE(inst).eq(1) & IN_RUNTIME_PM(inst).eq(0))
    if inst == by or driver is None or not called_at_runtime(made, driver):
        return TRUE
    awake = D3(inst).eq(0) & IN_RUNTIME_PM(inst).eq(0)
    return awake | ~may_resume(made, driver)


def resumes(op: Operation) -> bool:
    """Return whether an operation takes a reference, and waits until the device is in D0."""
    return op.name in RUNTIME_GETS and any(
        one.target.fact == D3 and one.value == num(0) for way in op.outcomes for one in way.gives
    )


def asks(op: Operation) -> bool:
    """Return whether an operation waits for runtime_resume of a device that is not PCI."""
    return op.name in RUNTIME_GETS and bool(op.begins)


def has_waited(made: Build, op: Operation, outcome: str, inst: Inst) -> Expr:
    """Return when what waits for runtime PM of a device gets on, beyond that no callback runs."""
    if calls_of(made.view, inst) is None or not op.begins:
        return TRUE
    if asks(op) and outcome == "ok":  # its runtime_resume has gone well
        return RPM_ACTIVE(inst).eq(1)
    if op.name == FORBIDS:  # nobody looks whether its runtime_resume has gone well
        return RPM_ACTIVE(inst).eq(1) | RPM_ENABLED(inst).eq(0)
    if op.name in SUSPENDS:  # its runtime_suspend has, or will not be called
        return ~idle_off_pci(made, inst) | RPM_LATER(inst).eq(1)
    return TRUE


def awaits(
    view: View, op: Operation, place: Place | None, context: str, inst: Inst
) -> tuple[tuple[Read, Expr], ...]:
    """Return whose runtime PM a process waits for while an operation does, by number."""
    if not isinstance(place, Inst) or op.waits != DONE or calls_of(view, place) is None:
        return ()
    return ((resuming(context)(inst), num(number(view, place))),)


def held_by(view: View, inst: Inst) -> list[Expr]:
    """Return whether somebody holds a device that is not PCI, for each who could."""
    forbidden = [RPM_FORBIDDEN(inst).eq(1)] if RPM_FORBIDDEN in view.given else []
    return [*(POWER(one).ge(1) for one in (inst, *view.children(inst))), *forbidden]


def idle_off_pci(made: Build, inst: Inst) -> Expr:
    """Return whether runtime PM suspends a device that is not PCI.

    rpm_check_suspend_allowed(); while the system sleeps device_prepare() holds it.
    """
    view = made.view
    below = [
        PHASE(child).ne(PROBING) & (RPM_ACTIVE(child).eq(0) if calls_of(view, child) else TRUE)
        for child in view.children(inst)
    ]
    on = all_of(RPM_ENABLED(inst).eq(1), RPM_ACTIVE(inst).eq(1), RPM_BUSY(inst).eq(0))
    calm = TRUE if made.plain else made.turns.quiet()
    return all_of(on, SHUT(inst).eq(0), calm, ~any_of(*held_by(view, inst)), *below)


# What makes a device one that others name in firmware, for that alone: drivers/of/property.c
# of_supplier_bindings. With fw_devlink=rpm, which is the default, each of those has a device link
# with DL_FLAG_PM_RUNTIME to it from before any of them is bound.
_SUPPLIES = frozenset({
    "devm_phy_create", "phy_create", "devm_of_phy_provider_register", "of_phy_provider_register",
    "devm_of_clk_add_hw_provider", "of_clk_add_hw_provider", "devm_regulator_register",
    "regulator_register", "devm_reset_controller_register", "reset_controller_register",
    "devm_mbox_controller_register", "mbox_controller_register", "devm_pwmchip_add", "pwmchip_add",
    "devm_pinctrl_register",
})


def supplies(view: View, inst: Inst) -> bool:
    """Return whether a device has consumers, each of which may resume it, and let go of it.

    drivers/base/dd.c __driver_probe_device() does both around their probe, which may be tried while
    this device is probed: pm_runtime_get_suppliers(), pm_runtime_put_suppliers().
    """
    return inst.device.parent is None and any(
        do.op.name in _SUPPLIES and do.places[0] == inst.device for do in view.operations)


def is_set(view: View, inst: Inst, fact: Fact) -> bool:
    """Return whether any driver, or what undoes its calls, sets a fact of this very device."""
    return any(
        place == inst and value not in (num(0), fact(inst))
        for driver in view.design.drivers for by in view.of(driver.device)
        for block in driver.blocks().values() for do in operations(block)
        for op in (do.op, do.op.undo) if op is not None and op.gives(fact)
        for place, value in _given(view, do, op, fact, {driver.device: by})
    )


def _given(
    view: View, do: Do, op: Operation, fact: Fact, substitution: Substitution
) -> Iterator[tuple[Place, Expr]]:
    """Yield what is set by an operation, to what; of one that is made for each of several: none."""
    by_role: dict[Place, Place] = {
        Role(role): view.resolve(place, substitution) for role, place in do.binding.items()
    }
    for way in op.outcomes:
        for give in way.gives:
            place = by_role.get(give.target.of)
            if give.target.fact == fact and give.each is None and isinstance(place, Inst):
                yield place, view.bind(give.value, by_role)
