# SPDX-License-Identifier: GPL-2.0-only
"""What is taken back only where a member says so which the driver sets.

`if (card->clk) clk_disable(card->clk)` asks what probe has done, not what hardware there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from generator.expr import Fact
from generator.extraction.open_facts import UNSAID_IN_C
from generator.extraction.vocabulary import facts_of, undoing
from generator.facts import MAPPED, MEMORY
from generator.operation import Do, Operation
from generator.ops.perf import DEVM_ACTION
from generator.parsing.cursors import Kind, Unit
from generator.program import Block, Call, Function, If, Return, leaves, walk

# What sets a bit of a member: include/asm-generic/bitops/instrumented-atomic.h.
_SETS_A_BIT = r"\b(?:__)?(?:test_and_)?(?:set|change)_bit(?:_lock)?\s*\([^;]*&[^;]*(?:->|\.)\s*%s\b"
_MOST = 100  # sets of conditions, none within another, that are told apart

_Guards = frozenset[tuple[str, bool]]  # the conditions that something stands under, and answers


@dataclass(frozen=True)
class _Ways:
    """The conditions under which something is reached.

    every: those of all ways to it; some: those of any; least: those of each way, without ways whose
    conditions have those of another among them. None where these are too many.
    """

    every: _Guards = frozenset()
    some: _Guards = frozenset()
    least: frozenset[_Guards] | None = frozenset((frozenset[tuple[str, bool]](),))

    def under(self, more: _Guards) -> _Ways:
        """Return the same under more conditions."""
        if not more:
            return self
        least = None if self.least is None else _least(one | more for one in self.least)
        return _Ways(self.every | more, self.some | more, least)

    def beside(self, other: _Ways | None) -> _Ways:
        """Return these ways and others."""
        if other is None:
            return self
        both = None
        if self.least is not None and other.least is not None:
            both = _least(self.least | other.least)
        return _Ways(self.every & other.every, self.some | other.some, both)


def _least(sets: Iterable[_Guards]) -> frozenset[_Guards] | None:
    found: list[_Guards] = []
    for one in sorted(set(sets), key=len):
        if not any(less <= one for less in found):
            found.append(one)
            if len(found) > _MOST:
                return None
    return frozenset(found)


def of_members(blocks: Iterable[Block], units: Sequence[Unit]) -> frozenset[Fact]:
    """Return the facts that are taken back only where a member says so which the driver sets.

    Where what takes it is asked the same, both go together. So it is with a condition of which
    nothing is known.
    """
    asks = _asks_a_member(units)
    taken: dict[Fact, _Ways] = {}
    back: dict[Fact, _Ways] = {}
    uses: _Ways | None = None
    for operation, ways in reached(tuple(blocks)):
        undoes = operation in undoing() or operation.does.startswith(("cancel", "shut", "wait"))
        undoes |= operation.fingerprint == DEVM_ACTION  # later, and asked now
        where = back if undoes else taken
        for fact in facts_of(operation):
            where[fact] = ways.beside(where.get(fact))
        if MAPPED in operation.needs:
            uses = ways.beside(uses)
    elsewhere = MAPPED in taken and uses is not None and _elsewhere(uses, taken[MAPPED])
    return frozenset({MAPPED} if elsewhere else ()) | frozenset(
        fact for fact, ways in back.items() if fact in taken
        and any(map(asks, ways.some - taken[fact].every))
    ) - {MEMORY}


def _elsewhere(uses: _Ways, mapped: _Ways) -> bool:
    """Return whether registers are used under conditions that those of no mapping are among.

    C has other words for it there, or knows better.
    """
    if mapped.least is None or uses.least is None:
        return mapped.least is None or frozenset() not in mapped.least
    return any(not any(way <= use for way in mapped.least) for use in uses.least)


def reached(blocks: Sequence[Block]) -> Iterator[tuple[Operation, _Ways]]:
    """Yield each operation with the ways to it: each helper once, with all ways to that."""
    to: dict[str, _Ways] = {}
    for block in blocks:
        yield from _here(block, _Ways(), to)
    for function in _callers_first(blocks):
        yield from _here(function.body, to[function.name], to)


def _callers_first(blocks: Iterable[Block]) -> tuple[Function, ...]:
    """Return each helper once, behind all that call it."""
    found: set[str] = set()
    order: list[Function] = []

    def visit(block: Block) -> None:
        for node in walk(block, helpers=False):
            if isinstance(node, Call) and node.function.name not in found:
                found.add(node.function.name)
                visit(node.function.body)
                order.append(node.function)

    for block in blocks:
        visit(block)
    return tuple(reversed(order))


def _here(
    block: Block, ways: _Ways, to: dict[str, _Ways]
) -> Iterator[tuple[Operation, _Ways]]:
    """Yield each operation of a block with the ways to it, and add those to its helpers."""
    for node in block:
        if isinstance(node, Do):
            yield node.op, ways
        if isinstance(node, Call):
            to[node.function.name] = ways.beside(to.get(node.function.name))
        asked = {one.name for one in leaves(node.guard)} if isinstance(node, If) else ()
        for number, inner in enumerate(node.blocks()):
            more = frozenset((name, not number) for name in asked)
            yield from _here(inner, _Ways() if _gives_up(inner) else ways.under(more), to)


def _gives_up(block: Block) -> bool:
    """Return whether a block undoes what was done and returns an error: no member asks that.

    A ladder that C reaches by goto is a helper of its own.
    """
    last = block[-1] if block else None
    if isinstance(last, Call):
        return _gives_up(last.function.body)
    return isinstance(last, Return) and not last.ok


def _asks_a_member(units: Sequence[Unit]) -> Callable[[tuple[str, bool]], bool]:
    """Return what says whether a driver sets what a condition asks, or C does not say it."""
    text = "\n".join(unit.text.decode("utf-8", "replace") for unit in units)
    own = frozenset(one.spelling for unit in units for one in unit.own
                    if one.kind == Kind.VAR_DECL)

    @cache
    def asks(guard: tuple[str, bool]) -> bool:
        return guard[0] == UNSAID_IN_C or _is_set(guard[0], text, own)

    return asks


def _is_set(condition: str, text: str, own: Collection[str]) -> bool:
    """Return whether a driver gives some member of a condition, or its `own` variable, a value."""
    members = re.findall(r"(?:->|\.)\s*(\w+)(?!\s*(?:->|\.|\())\b", condition)
    words = [one for one in re.findall(r"\w+", condition) if one in own]
    bits = "test_bit(" in condition
    return any(re.search(rf"(?:->|\.)\s*{one}\s*[|&^+-]?=[^=]", text)
               or (bits and re.search(_SETS_A_BIT % one, text)) for one in members) or any(
        re.search(rf"^\s+{one}\s*=[^=]", text, re.M) for one in words
    )
