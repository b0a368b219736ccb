# SPDX-License-Identifier: GPL-2.0-only
"""What a search looks for: the conditions that rules watch in a machine, and what waives them."""

from __future__ import annotations

from collections.abc import Sequence

from checks.machine.machine import Machine, with_variables
from checks.machine.step import Step
from checks.rules.rule import Rule
from checks.search.machine_as_c import Watch
from generator.expr import FALSE
from generator.reads import reads


def watches_of(machine: Machine, rules: Sequence[Rule]) -> tuple[Watch, ...]:
    """Return every condition that the rules watch in a machine."""
    found: list[Watch] = []
    for rule in rules:
        if rule.on_step is not None:
            for number, one in enumerate(machine.transitions):
                if not one.step.entry:
                    continue
                when = rule.on_step(one.step, machine.view)
                if when is not None and when != FALSE:
                    found.append(Watch(rule.key, when, rule.statement, number,
                                       _waived(machine, rule, one.step)))
        if rule.on_state is not None:
            for message, when in rule.on_state(machine.view):
                found.append(Watch(rule.key, when, message, None,
                                   _waived(machine, rule, None)))
    return tuple(found)


def _waived(machine: Machine, rule: Rule, step: Step | None) -> str:
    for waiver in machine.design.waivers:
        if waiver.rule != rule.key or waiver.episode not in ("", machine.view.episode):
            continue
        if step is None:
            if not waiver.op and not waiver.inside:
                return waiver.reason
            continue
        name = step.op.name if step.op is not None else step.kind.value
        if waiver.op in ("", name) and waiver.inside in ("", step.inside, step.entry):
            return waiver.reason
    return ""


def with_questions(machine: Machine, watches: Sequence[Watch]) -> Machine:
    """Return the machine with the questions that only rules ask among its variables."""
    asked = [read for watch in watches for read in reads(watch.when) if read.fact.question]
    return with_variables(machine, asked)
