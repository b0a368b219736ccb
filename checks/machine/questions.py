# SPDX-License-Identifier: GPL-2.0-only
"""What hardware and platform can answer: the questions in expressions and their values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from checks.machine.instances import Inst
from generator.expr import Expr, Read
from generator.facts import BELOW, BLOCK, LEFT_ON, LOSES
from generator.reads import reads

OPEN_QUESTION = -1  # the value of a question that nothing has asked


def questions(exprs: Iterable[Expr], known: frozenset[Read]) -> list[Read]:
    """Return the questions that expressions ask, after those that they make sense under."""
    found: dict[Read, None] = {}
    for expr in exprs:
        for read in asked_in(expr):
            if read not in found:
                found.update(dict.fromkeys(reversed(list(_above(read, known)))))
    return list(found)


def asked_in(expr: Expr) -> tuple[Read, ...]:
    """Return the questions that are read in an expression, in order of their names."""
    found: tuple[Read, ...] | None = expr.__dict__.get("asked")
    if found is None:
        asked = [read for read in reads(expr) if read.fact.question]
        found = expr.__dict__["asked"] = tuple(sorted(asked, key=lambda read: read.key))
    return found


def _above(read: Read, known: frozenset[Read]) -> Iterator[Read]:
    """Yield a question, the one that it makes sense under, and so on."""
    under: Read | None = read
    while under is not None:
        yield under
        under = asked_under(under, known)


def asked_under(read: Read, known: frozenset[Read]) -> Read | None:
    """Return the question without which this one means nothing, when the design asks it."""
    if read.fact.needs is None:
        return None
    needed = read.fact.needs[0](read.of)
    return needed if needed in known else None


def answers(read: Read) -> tuple[int, ...]:
    """Return what can be answered to a question of a device, where the question makes sense."""
    if isinstance(read.of, Inst):
        if read.fact == BELOW and not read.of.device.bridge:
            return (0,)
        for fact, names in read.of.device.answers:
            if fact == read.fact:
                return tuple(fact.values.index(name) for name in names)
        if read.fact in (LEFT_ON, LOSES):  # asked of devices that say so
            return (0,)
        if read.fact == BLOCK and (read.of.device.parent is None or read.of.device.kind == "part"):
            return (0,)  # its own BARs are where they are, another one, which is a part, as well
    return tuple(range(read.fact.top + 1))


def answered(
    asked: Iterable[Read], state: Mapping[Read, int], known: frozenset[Read]
) -> Iterator[Mapping[Read, int]]:
    """Yield a state with every open one of some questions answered, in all ways.

    A question that makes no sense on the hardware chosen so far has the answer 0.
    """
    open_ = [read for read in asked if state[read] == OPEN_QUESTION]
    if not open_:
        yield state
        return
    read = open_[0]
    under = asked_under(read, known)
    senseless = under is not None and (
        read.fact.needs is not None and state[under] not in read.fact.needs[1]
    )
    for value in (0,) if senseless else answers(read):
        yield from answered(open_[1:], {**state, read: value}, known)
