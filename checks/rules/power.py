# SPDX-License-Identifier: GPL-2.0-only
"""Rules about runtime PM: whose references are put, and who waits for whom."""

from __future__ import annotations

from checks.machine.instances import View
from checks.machine.step import Step
from checks.rules.rule import is_done, step_rule
from generator.design import RUNTIME
from generator.expr import TRUE, Expr
from generator.facts import POWER, SLEEPY
from generator.ops.pm import RUNTIME_PUTS


@step_rule(
    "N41",
    evidence=("drivers/base/power/runtime.c rpm_drop_usage_count()",
              "include/linux/pm_runtime.h pm_runtime_put_noidle()",
              "drivers/pci/pci-driver.c local_pci_probe()"),
    symptom="Runtime PM usage count underflow!, or the device sleeps under whoever else holds it; "
    "pm_runtime_put_noidle() says nothing",
)
def puts_what_it_holds(step: Step, _view: View) -> Expr | None:
    """A runtime PM reference is put by who holds it, and no more often than it was taken.

    Of a PCI device itself its driver has one without taking it, that of local_pci_probe().
    """
    if not is_done(step, *RUNTIME_PUTS):
        return None
    dev, user = step.role("dev"), step.role("user")
    none = POWER(user).eq(0)
    return none & SLEEPY(dev).eq(1) if dev == user and dev.device.kind == "pci" else none


@step_rule(
    "N42",
    evidence=("drivers/base/power/runtime.c rpm_resume()",
              "drivers/base/power/runtime.c pm_runtime_forbid()"),
    symptom="INFO: task kworker blocked for more than 120 seconds, in rpm_resume()",
)
def callback_does_not_wait_for_itself(step: Step, _view: View) -> Expr | None:
    """A runtime PM callback does not resume the device that it is called for: that waits for it."""
    waits = is_done(
        step, "pm_runtime_get_sync", "pm_runtime_resume_and_get", "pm_runtime_forbid"
    )
    return TRUE if waits and step.entry in RUNTIME and step.role("dev") == step.inst else None
