# SPDX-License-Identifier: GPL-2.0-only
"""Why a condition holds in a state: the facts that decide it, in the field's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from checks.machine.instances import System
from checks.machine.machine import Machine
from checks.machine.step import Kind
from generator.errors import NOWHERE, Where
from generator.expr import Bin, Expr, Not, Pick, Read
from generator.meaning import evaluate
from generator.reads import reads


def because(when: Expr, state: Mapping[Read, int]) -> tuple[str, ...]:
    """Return per device "device has fact value, fact value": what makes a condition true there.

    Of several reasons that are enough by themselves, only the first is told.
    """
    found: dict[str, dict[str, None]] = {}
    for read in _deciding(when, state, truth=True):
        if not isinstance(read.of, System) and state[read] >= 0:
            facts = found.setdefault(read.of.name, {})
            facts[f"{read.fact.name} {read.fact.show(state[read])}"] = None
    return tuple(f"{name} has {', '.join(facts)}" for name, facts in found.items())


def _deciding(expr: Expr, state: Mapping[Read, int], *, truth: bool) -> Iterator[Read]:
    """Yield the facts by which an expression is true, or is not, as it is said to be."""
    match expr:
        case Not(of=of):
            yield from _deciding(of, state, truth=not truth)
        case Bin(op="and" | "or" as op, left=left, right=right):
            if truth == (op == "and"):  # both are needed
                yield from _deciding(left, state, truth=truth)
                yield from _deciding(right, state, truth=truth)
                return
            enough = next(
                one for one in (left, right) if bool(evaluate(one, state)) == truth
            )
            yield from _deciding(enough, state, truth=truth)
        case Pick(when=when, then=then, other=other):
            test = bool(evaluate(when, state))
            yield from _deciding(when, state, truth=test)
            yield from _deciding(then if test else other, state, truth=truth)
        case _:
            yield from sorted(reads(expr), key=lambda read: read.key)


def taken_at(
    machine: Machine, path: Sequence[int], states: Sequence[Mapping[Read, int]], when: Expr
) -> Where:
    """Return where what a driver has left when it is unbound was taken last."""
    if not path or machine.transitions[path[-1]].step.kind is not Kind.UNBOUND:
        return NOWHERE
    left = [read for read in reads(when) if states[-1].get(read)]
    for at in reversed(range(len(path))):
        step = machine.transitions[path[at]].step
        if step.where.file and any(states[at + 1][read] > states[at][read] for read in left):
            return step.where
    return NOWHERE
