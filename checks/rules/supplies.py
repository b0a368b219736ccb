# SPDX-License-Identifier: GPL-2.0-only
"""Rules about what a driver has of others for its device: clocks, regulators, power domains."""

from __future__ import annotations

from collections.abc import Iterator

from checks.machine.instances import Inst, View
from checks.machine.step import Step
from checks.rules.rule import Clause, clause_rule, counted_on, is_done
from generator.expr import Expr, Fact, num
from generator.facts import (
    CLOCK_ON,
    CLOCK_PREPARED,
    PHASE,
    PHY_INITED,
    PHY_ON,
    RELEASED,
    SUPPLY_ON,
    UNBOUND,
)
from generator.program import operations

# What counts down, by hand or in devres, and what it counts.
OFF: tuple[tuple[Fact, tuple[str, ...]], ...] = (
    (CLOCK_ON, ("clk_disable", "clk_disable_unprepare", "clk_bulk_disable_unprepare",
                "disable and put clock")),
    (CLOCK_PREPARED, ("clk_unprepare", "unprepare and put clock")),
    (SUPPLY_ON, ("regulator_disable", "regulator_bulk_disable", "disable and put regulator")),
    (PHY_ON, ("phy_power_off",)),
    (PHY_INITED, ("phy_exit",)),
)


def _asserts(view: View, inst: Inst) -> bool:
    """Return whether remove asserts the reset of a device: then it is to be so behind each failure.

    A driver that does not may leave it released.
    """
    driver = view.design.driver_of(inst.device)
    return driver is not None and any(
        do.op.name == "reset_control_assert" and inst.device in do.places
        for do in operations(driver.remove)
    )


def _left(view: View) -> Iterator[tuple[str, Expr]]:
    late = {
        give.target.fact for do in view.operations if do.op.undo is not None and do.op.managed
        for way in do.op.undo.outcomes for give in way.gives if give.value != num(0)
    }
    some = sorted((fact for fact in {*view.given, *late} if fact.held), key=lambda fact: fact.name)
    for inst in view.instances:
        owner = view.parent(inst) if inst.device in view.parts else inst
        held = [*some, RELEASED] if _asserts(view, inst) else some
        if held and view.design.driver_of(owner.device) is not None:
            whose = "" if owner == inst else f" of {inst.name}"
            for fact in held:
                yield (f"{owner.name} is unbound but {fact.name}{whose} is left: {fact.doc}",
                       PHASE(owner).eq(UNBOUND) & view.closed(owner) & fact(inst).ne(0))


@clause_rule(
    "R40",
    mend="undo it in remove and behind every failure, in reverse, as often as it was done; or "
    "take it by the devm_ call that switches on as well",
    evidence=("drivers/clk/clk.c clk_core_disable()", "drivers/clk/clk-devres.c devm_clk_get()",
              "drivers/regulator/core.c _regulator_put()"),
    symptom="CLOCK already disabled; WARN in _regulator_put(); a clock, a supply or a domain that "
    "stays on for nobody",
    states=_left,
    unless="Behind a resume that has failed that is not asked: what it did not switch on the "
    "driver switches off.",
)
def supplies_are_given_back(step: Step, view: View) -> Iterator[Clause]:
    """Clocks, supplies, resets and power domains are off and given back when a driver is unbound.

    They are switched off only as often as on, and a regulator is off before it is put.
    """
    if step.op is None:
        return
    for fact, names in OFF:
        if is_done(step, *names):
            dev = step.role("dev")
            yield Clause(f"{step.op.name} of {dev.name}, whose {fact.name} is 0 already",
                         fact(dev).eq(0) & counted_on(step, view),
                         "switch off once, where it was switched on")
    if is_done(step, "regulator_put", "put regulator"):
        dev = step.role("dev")
        yield Clause(f"the regulator of {dev.name} is put while it is on", SUPPLY_ON(dev).ne(0),
                     "regulator_disable() before")
