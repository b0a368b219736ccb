# SPDX-License-Identifier: GPL-2.0-only
"""On what hardware and platform a rule can break: the questions that decide what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from checks.machine.machine import Machine, build
from checks.rules.rule import Rule
from checks.search.watches import watches_of
from generator.design import Design
from generator.expr import Expr, Fact, Read
from generator.facts import PLATFORM
from generator.reads import reads


def needs(rule: Rule, designs: Iterable[Design]) -> tuple[Fact, ...]:
    """Return the questions that a rule asks in some designs: of devices first, then of platforms.

    Asked are those of its conditions, and those that decide the facts in its conditions; all
    that there are where a rule compares designs.
    """
    found: dict[Fact, None] = {}
    for design in designs:
        machine = build(design)
        if rule.on_step is None and rule.on_state is None:
            found.update({one.fact: None for one in machine.variables if one.fact.question})
        for watch in watches_of(machine, (rule,)):
            found.update(dict.fromkeys(_asked(machine, watch.when)))
    return tuple(sorted(found, key=lambda fact: (fact in PLATFORM, fact.name)))


def _asked(machine: Machine, when: Expr) -> Iterator[Fact]:
    for read in reads(when):
        yield from (one.fact for one in _deciding(machine, read) if one.fact.question)


def _deciding(machine: Machine, read: Read) -> Iterator[Read]:
    """Yield a fact, and the facts on which the operations depend that give it."""
    yield read
    if read.fact.question:
        return
    for one in machine.transitions:
        for target, value in one.gives:
            if target == read:
                yield from reads(value)
                if one.step.op is not None:
                    yield from reads(one.when)
