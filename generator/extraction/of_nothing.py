# SPDX-License-Identifier: GPL-2.0-only
"""What a driver does with a handle that it could not get, or never asked for, and goes on without.

It asks whether its member has one; and clk_disable() and clk_unprepare() of drivers/clk/clk.c
return at once for NULL and for an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from generator.design import Device
from generator.expr import Fact, num
from generator.extraction.of_members import reached
from generator.extraction.rewriting import Rewriting
from generator.facts import CLOCK, RESET, SUPPLY
from generator.operation import IGNORE, Do, Guard, Node, OnFail, Operation
from generator.parsing.cursors import Unit
from generator.program import Block, If, Return, walk, walk_once

_DOES_NOTHING = ("clk_disable", "clk_unprepare", "clk_disable_unprepare")
_HANDLES = (CLOCK, RESET, SUPPLY)
_MEMBER = re.compile(r"[\w>.-]+(?:->|\.)(\w+)")


def of_nothing(
    blocks: Mapping[str, Block], device: Device, put: Mapping[str, frozenset[Fact]]
) -> dict[str, Block]:
    """Return a driver's blocks in which what it goes on without is asked for.

    So is a clock that it gets under some condition only: where that does not hold, its member is
    NULL.

    put: the members that the results of calls are put into, and what the calls give.
    """
    without = frozenset(
        fact for node in walk_once(blocks.values())
        if isinstance(node, Do) and _goes_on(node.on_fail) for fact in _gives(node.op)
    ) | frozenset(
        CLOCK for operation, ways in reached(tuple(blocks.values()))
        if ways.every and CLOCK in _gives(operation)
    )
    now = _OfNothing(device, without, put).blocks(blocks) if without else dict(blocks)
    held = _managing(now)
    return _OfManaged(device, held).blocks(now) if held else now


def put_by_others(units: Sequence[Unit], put: Mapping[str, frozenset[Fact]]) -> frozenset[Fact]:
    """Return the handles that members have of calls, and of somebody else where C puts that there.

    put: as for of_nothing(). `chip->clk = pdata->clk` needs no call that gives one.
    """
    text = "\n".join(unit.text.decode("utf-8", "replace") for unit in units)
    return frozenset(
        fact for name, facts in put.items() for fact in facts if fact in _HANDLES and re.search(
            rf"(?:->|\.)\s*{name}\s*=\s*(?!NULL\b)\w+(?:->|\.)[\w>.\-]+\s*;", text)
    )


def _gives(operation: Operation) -> frozenset[Fact]:
    """Return the handles that an operation gives."""
    return frozenset(gives.target.fact for way in operation.outcomes for gives in way.gives
                     if gives.target.fact in _HANDLES and gives.value != num(0))


def _managing(blocks: Mapping[str, Block]) -> Mapping[str, Fact]:
    """Return the devm_ calls by which others are managed, where only they take it: what they give.

    So it is with devm_input_allocate_device() and input_register_device().
    """
    done = {node.op.name: node.op for node in walk_once(blocks.values())
            if isinstance(node, Do)}
    wanted = {op.managed_by for op in done.values()} & done.keys()
    return {
        name: fact for name in wanted if name.removeprefix("devm_") not in done
        and name.startswith("devm_") and done[name].fallible
        for fact in (gives.target.fact for gives in done[name].outcomes[0].gives)
    }


class _OfManaged(Rewriting):
    """Blocks in which what others manage is done where they do: C asks for it in its own words."""

    def __init__(self, device: Device, held: Mapping[str, Fact]) -> None:
        super().__init__()
        self._device, self._held = device, held

    def change(self, node: Node) -> Block | None:
        if not isinstance(node, Do) or node.op.managed_by not in self._held:
            return None
        name = node.op.managed_by
        there = Guard(f"{name}() was called", self._held[name](self._device).eq(1), ())
        if isinstance(node.on_fail, tuple):
            node = replace(node, on_fail=self.block(node.on_fail))
        return (If(there, (node,), (), node.where),)


def _goes_on(on_fail: OnFail | Block) -> bool:
    if isinstance(on_fail, tuple):
        return any(isinstance(node, Return) and node.ok for node in walk(on_fail, helpers=False))
    return on_fail == IGNORE


class _OfNothing(Rewriting):
    def __init__(
        self, device: Device, without: frozenset[Fact], put: Mapping[str, frozenset[Fact]]
    ) -> None:
        super().__init__()
        self._device, self._without = device, without
        self._held = {name: fact for name, facts in put.items() for fact in facts & without}
        self._clock = Guard("there is a clock", CLOCK(device).eq(1), ())

    def change(self, node: Node) -> Block | None:
        if isinstance(node, Do):
            nothing = CLOCK in self._without and node.op.name in _DOES_NOTHING
            return (If(self._clock, (node,), (), node.where),) if nothing else None
        if not isinstance(node, If) or not isinstance(node.guard, Guard):
            return None
        member = _MEMBER.fullmatch(node.guard.name)
        fact = self._held.get(member[1]) if member else None
        if fact is None:
            return None
        now = Guard(node.guard.name, fact(self._device).eq(1), node.guard.c)
        return (If(now, self.block(node.then), self.block(node.other), node.where),)
