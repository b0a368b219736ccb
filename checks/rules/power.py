# SPDX-License-Identifier: GPL-2.0-only
"""Rules about runtime PM references, and about interrupts that are to wake the system."""

from __future__ import annotations

from collections.abc import Iterator

from checks.machine.instances import Inst, View
from checks.machine.step import Kind, Step
from checks.rules.rule import counted_on, is_done, step_rule
from generator.design import RUNTIME, SLEEP
from generator.expr import TRUE, Expr, all_of, any_of
from generator.facts import (
    CALL_HOLDS,
    HANDLER,
    IRQ,
    NO_SUSPEND,
    PHASE,
    POWER,
    SLEEPY,
    SOURCE,
    UNBOUND,
    WAKE,
)
from generator.ops.pm import RUNTIME_PUTS
from generator.program import operations


@step_rule(
    "N41",
    mend="put once for each reference taken, on every way; and no reference that is not "
    "one's own",
    implies=("N20",),
    evidence=("drivers/base/power/runtime.c rpm_drop_usage_count()",
              "include/linux/pm_runtime.h pm_runtime_put_noidle()",
              "drivers/pci/pci-driver.c local_pci_probe()"),
    symptom="Runtime PM usage count underflow!, or the device sleeps under whoever else holds it; "
    "pm_runtime_put_noidle() says nothing",
)
def puts_what_it_holds(step: Step, view: View) -> Expr | None:
    """A runtime PM reference is put by who holds it, and no more often than it was taken.

    Of a PCI device itself its driver has one without taking it, that of local_pci_probe().
    """
    if not is_done(step, *RUNTIME_PUTS, "pm_runtime_put_autosuspend"):
        return None
    dev = step.role("dev")
    if is_done(step, "pm_runtime_put_autosuspend") and dev.device.kind == "pci":
        return None  # that of local_pci_probe()
    user = step.role("user") if "user" in step.binding else dev
    none = POWER(user).eq(0)
    none &= counted_on(step, view)
    return none & SLEEPY(dev).eq(1) if dev == user and dev.device.kind == "pci" else none


@step_rule(
    "N42",
    mend="leave pm_runtime_get_sync(), pm_runtime_disable() and their like out of what the "
    "callback calls",
    evidence=("drivers/base/power/runtime.c rpm_resume()",
              "drivers/base/power/runtime.c __pm_runtime_disable()",
              "drivers/base/power/runtime.c pm_runtime_forbid()"),
    symptom="INFO: task kworker blocked for more than 120 seconds, in rpm_resume()",
)
def callback_does_not_wait_for_itself(step: Step, _view: View) -> Expr | None:
    """A runtime PM callback neither resumes the device that it is called for nor disables its
    runtime PM: both wait for it.
    """
    waits = is_done(
        step, "pm_runtime_get_sync", "pm_runtime_resume_and_get", "pm_runtime_forbid",
        "pm_runtime_disable", "disable runtime PM",
    )
    return TRUE if waits and step.entry in RUNTIME and step.role("dev") == step.inst else None


@step_rule(
    "N43",
    mend="turn the source off in suspend, before the irq is armed, or take an irq that "
    "nobody arms",
    evidence=("kernel/irq/pm.c irq_pm_check_wakeup()", "kernel/irq/pm.c suspend_device_irq()",
              "drivers/pci/pcie/pme.c pcie_pme_suspend()"),
    symptom="PM: Triggering wakeup from IRQ NN: the system wakes, or does not get to sleep, and "
    "nobody has asked for it",
)
def only_a_wakeup_source_wakes(step: Step, view: View) -> Expr | None:
    """On an irq that is to wake the system, who is not to wake it is silent over sleep.

    That the irq is armed is known of the irq, not of one of those who share it.
    """
    if step.kind is not Kind.POWER_LOST or WAKE not in view.given:
        return None
    return any_of(*(
        all_of(WAKE(one).ne(0), HANDLER(one).ne(0), HANDLER(one).eq(HANDLER(other)),
               WAKE(other).eq(0), SOURCE(other).eq(1))
        for port in view.instances if port.device.parent is None
        for one in view.users(port)
        for other in view.users(port) if other != one
    ))


def _armed(view: View) -> Iterator[tuple[str, Expr]]:
    for inst in view.instances if WAKE in view.given else ():
        if view.design.driver_of(inst.device) is not None:
            yield (f"{inst.name} is unbound but its interrupt still wakes the system",
                   PHASE(inst).eq(UNBOUND) & WAKE(inst).ne(0))


@step_rule(
    "N44",
    mend="disable_irq_wake() in resume for each enable_irq_wake() of suspend, or in "
    "remove for that of probe",
    evidence=("kernel/irq/manage.c irq_set_irq_wake()", "drivers/pci/pcie/pme.c pcie_pme_resume()"),
    symptom="Unbalanced IRQ NN wake disable; or wake_depth that grows with each sleep, and an "
    "interrupt that wakes the system for nobody",
    states=_armed,
)
def wake_is_balanced(step: Step, view: View) -> Expr | None:
    """An interrupt that is to wake the system is disarmed as often as it was armed.

    What is armed for a sleep is disarmed after it; what is armed in probe, when its driver goes.
    """
    if is_done(step, "disable_irq_wake"):
        return WAKE(step.role("user")).eq(0)
    if not step.settles or step.inst is not None or WAKE not in view.given:
        return None
    return any_of(*(
        WAKE(inst).ne(0) for inst in view.instances if _armed_for_sleep(inst, view)
    ))


def _armed_for_sleep(inst: Inst, view: View) -> bool:
    """Return whether its interrupt is armed by callbacks for sleep alone."""
    entries = {
        entry for driver in view.design.drivers for entry, block in driver.blocks().items()
        for do in operations(block)
        if do.op.gives(WAKE) and inst in view.of(do.places[0])
    }
    return bool(entries) and entries <= set(SLEEP)


@step_rule(
    "N45",
    mend="request it with IRQF_NO_SUSPEND too and arm it not, or give up sharing",
    evidence=("kernel/irq/pm.c irq_pm_install_action()",
              "Documentation/power/suspend-and-interrupts.rst IRQF_NO_SUSPEND"),
    symptom="WARNING in irq_pm_install_action(); a handler that runs while its device is without "
    "power, or an irq that wakes nobody",
)
def no_suspend_is_of_the_whole_irq(step: Step, view: View) -> Expr | None:
    """Who shares an irq with IRQF_NO_SUSPEND has asked for that as well, and none of them wakes.

    The flag keeps the irq going for everybody who is on it.
    """
    requests = is_done(step, "request_irq", "devm_request_irq")
    wakes = is_done(step, "enable_irq_wake")
    if NO_SUSPEND not in view.given or step.op is None or not (requests or wakes):
        return None
    user = step.role("user")
    unlike = int(wakes or not step.op.gives(NO_SUSPEND))
    others = [one for one in view.users(view.parent(user)) if wakes or one != user]
    return all_of(IRQ(user).ne(0), any_of(*(
        HANDLER(one).eq(IRQ(user)) & NO_SUSPEND(one).eq(unlike) for one in others
    )))


@step_rule(
    "N48",
    mend="put the reference before the error is returned, or go to the label that puts it",
    evidence=("drivers/base/power/runtime.c __pm_runtime_resume()",
              "drivers/iio/industrialio-core.c iio_read_channel_info()",
              "drivers/iio/industrialio-buffer.c iio_enable_buffers()"),
    symptom="a device that never sleeps again: /sys/devices/.../power/runtime_usage grows with "
    "each failure",
    unless="What a call has noted in the driver's data by then, in a flag or a pointer, is not "
    "lost.",
)
def failed_call_keeps_nothing(step: Step, view: View) -> Expr | None:
    """A callback of an interface that fails holds no reference that it took itself.

    Who called it takes an error for nothing done, and never calls what would put the reference: of
    runtime PM, a clock, a supply, a PHY.
    """
    if step.kind is Kind.CALL_FAILS and step.inst is not None:
        return any_of(*(read.ge(1) for read in view.taken.get((step.inst, step.context), ())))
    return CALL_HOLDS(step.role("dev")).eq(1) if is_done(step, "a call fails") else None
