# SPDX-License-Identifier: GPL-2.0-only
"""What a search looks for: the conditions that rules watch in a machine, and what waives them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from checks.machine.machine import Machine, with_variables
from checks.machine.step import Step
from checks.rules.rule import Rule
from checks.search.machine_as_c import Watch
from generator.expr import FALSE, Expr, any_of
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
                    found += [Watch(rule.key, part, rule.statement, number, reason)
                              for part, reason in _parts(machine, rule, one.step, when)]
        if rule.on_state is not None:
            for message, when in rule.on_state(machine.view):
                found.append(Watch(rule.key, when, message, None,
                                   waived(machine, rule, None, message)))
    return tuple(found)


def _parts(machine: Machine, rule: Rule, step: Step, when: Expr) -> Iterator[tuple[Expr, str]]:
    """Yield what breaks a rule at a step, and the reason if it is waived: clauses by themselves.

    They are told apart only where a waiver says of what it is.
    """
    clauses = tuple(rule.clauses(step, machine.view))
    if not clauses or not any(one.what for one in machine.design.waivers if one.rule == rule.key):
        yield when, waived(machine, rule, step, step.text)
        return
    parts: dict[str, list[Expr]] = {}
    for clause in clauses:
        reason = waived(machine, rule, step, clause.says)
        parts.setdefault(reason, []).append(clause.when)
    for reason, ways in parts.items():
        if (part := any_of(*ways)) != FALSE:
            yield part, reason


def waived(machine: Machine, rule: Rule, step: Step | None, says: str) -> str:
    """Return why it is waived that a rule breaks at a step, or in a state, as a report says it."""
    for waiver in machine.design.waivers:
        if waiver.rule != rule.key or waiver.episode not in ("", machine.view.episode):
            continue
        if waiver.what and not re.search(rf"(?<!\w){re.escape(waiver.what)}(?!\w)", says):
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
