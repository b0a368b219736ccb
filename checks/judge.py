# SPDX-License-Identifier: GPL-2.0-only
"""Everything that is asked of a design: the rules, and what it does to the services of today."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from checks.degrade import RULE as DEGRADES
from checks.degrade import degrade
from checks.explore import STATES, Counterexample, Report, explore
from checks.finding import Verdict
from checks.goal import Goal, goals_of, with_goals, with_ways
from checks.rule import Rule
from checks.rules.all import RULES
from generator.design import Design
from generator.designs import today
from generator.errors import ModelError
from generator.portdrv import SERVICE

ALL: tuple[Rule, ...] = tuple(sorted((*RULES, DEGRADES), key=lambda rule: rule.key))


def judge(
    design: Design, *, states: int = STATES, seconds: float = 600.0, first: bool = False,
    sought: tuple[Goal, ...] | None = None, engine: Callable[..., Report] = explore,
) -> Report:
    """Return the verdict on a design, by exploration and, if it extends today's, beside that.

    The report has the shortest counterexample first, and says which goals were reached: those
    of `sought` or else the usual ones.
    `engine` asks the rules, checks.spin.explore() as well; N2 is always our explorer's.
    Errors: ModelError for a design that makes no sense.
    """
    keys = [rule.key for rule in ALL]
    for waiver in design.waivers:
        if waiver.rule not in keys:
            raise ModelError(
                f"{design.where}: a waiver of {waiver.rule}, which is no rule: {', '.join(keys)}"
            )
    sought = goals_of(design) if sought is None else sought
    seeking, never = with_goals(design, sought)
    found = engine(seeking, (*RULES, *never), states=states, seconds=seconds, first=first)
    report = with_ways(found, design, sought)
    shortest = sorted(report.counterexamples, key=lambda one: len(one.trace))
    report = replace(report, counterexamples=tuple(shortest))
    extends = SERVICE in design.devices and design is not today.DESIGN
    if not extends or report.verdict is not Verdict.HOLDS:
        return report
    beside = degrade(_today(design), design, states=states, seconds=seconds)
    degraded = tuple(
        Counterexample(
            DEGRADES.key,
            DEGRADES.title,
            f"{DEGRADES.statement} Here: {one.after}; {beside.base} has {' or '.join(one.before)}.",
            one.trace,
            one.hardware,
        )
        for one in beside.degraded
    )
    return replace(report, verdict=beside.verdict, counterexamples=degraded)


def _today(design: Design) -> Design:
    """Return today's design on the hardware that a design is given."""
    given = {
        key: value for key, value in design.given.items()
        if not isinstance(key, tuple) or key[1] in today.DESIGN.devices
    }
    return replace(today.DESIGN, given={**today.DESIGN.given, **given})
