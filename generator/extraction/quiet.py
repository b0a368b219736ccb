# SPDX-License-Identifier: GPL-2.0-only
"""Stretches of C in which many conditions decide nothing but whether the function goes on.

A chain of comparisons with an error at its end tells a design no more than that it may fail, so it
is one condition there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from enum import Enum, auto

from generator.design import Device
from generator.extraction.rewriting import Rewriting
from generator.operation import CONTINUE, IGNORE, Guard, Node, asked
from generator.program import (
    Block,
    Call,
    Function,
    If,
    Return,
    guards,
    operations_once,
    walk,
    walk_once,
)

FEW = 3  # conditions that are written as C has them


class _End(Enum):
    """How a stretch is left."""

    ON = auto()  # what follows it is done
    OK = auto()
    FAIL = auto()


def quieted(blocks: Mapping[str, Block], device: Device) -> dict[str, Block]:
    """Return the blocks of a driver with one condition for each stretch that does nothing.

    One that only asks what hardware or platform answers once is answered once as well, where
    nobody else asks any of it; else it stays as it is.
    """
    return _Quiet(blocks, device).blocks(blocks)


def without_what_only_asks(
    blocks: Mapping[str, Block], entries: Collection[str]
) -> dict[str, Block]:
    """Return blocks of which those do nothing at all that are no entry points and only ask.

    What a handler or a work returns decides nothing, so what it asks before that does not either.
    """
    return {name: block if name in entries or operations_once((block,)) else ()
            for name, block in blocks.items()}


class _Quiet(Rewriting):
    def __init__(self, blocks: Mapping[str, Block], device: Device) -> None:
        super().__init__()
        self._device = device
        bodies = _bodies(blocks.values())
        self._asked = Counter(one for body in bodies for one in guards(body, helpers=False))
        self._alike = Counter(node for body in bodies for node in _stretches(body))
        self._called = Counter(
            node.function.name for body in bodies for node in walk(body, helpers=False)
            if isinstance(node, Call))
        self._nothing: dict[str, bool] = {}
        self._left: dict[str, set[_End]] = {}

    def change(self, node: Node) -> Block | None:
        if not isinstance(node, If | Call) or not self._does_nothing((node,)):
            return None
        parts = [(node,), *(one.body for one in _helpers(node))]
        inside = [one for part in parts for one in guards(part, helpers=False)]
        if len(inside) <= FEW or self._asked_elsewhere(node, inside):
            return None
        name = f"{inside[0].name}, and {len(inside) - 1} conditions more"
        ends = self._ends((node,))
        left = _returns(ends, node)
        if len(left) == 2 and _End.ON in ends:
            left = (If(self._guard(f"{name}, and an error", inside), left[:1], left[1:],
                       node.where),)
        elif len(left) == 2:
            return (If(self._guard(name, inside), left[:1], left[1:], node.where),)
        if not left or _End.ON not in ends:
            return left
        return (If(self._guard(name, inside), left, (), node.where),)

    def _asked_elsewhere(self, node: If | Call, inside: Iterable[Guard]) -> bool:
        """Return whether an answer in a stretch is needed by what is not a stretch like it."""
        uses = Counter(one for one in inside if one.when is not None)
        helpers = _helpers(node)
        if uses and helpers:  # who else calls them is to be answered alike
            parts = [(node,), *(one.body for one in helpers)]
            calls = Counter(one.function.name for part in parts
                            for one in walk(part, helpers=False) if isinstance(one, Call))
            if calls != {one.name: self._called[one.name] for one in helpers}:
                return True
        alike = self._alike[node] if isinstance(node, If) and not helpers else 1
        return any(self._asked[one] > times * alike for one, times in uses.items())

    def _guard(self, name: str, inside: Iterable[Guard]) -> Guard:
        if any(one.when is None for one in inside):
            return Guard(name, None, ())
        return asked(self._device, name, told=False)

    def _does_nothing(self, block: Block) -> bool:
        """Return whether a block only asks and returns, and what it calls as well."""
        for node in block:
            if not all(map(self._does_nothing, node.blocks())):
                return False
            if isinstance(node, Call):
                name = node.function.name
                if name not in self._nothing:
                    self._nothing[name] = self._does_nothing(node.function.body)
                if not self._nothing[name] or node.on_fail == CONTINUE:
                    return False
            elif not isinstance(node, If | Return):
                return False
        return True

    def _ends(self, block: Block) -> set[_End]:
        """Return how a block that does nothing can be left."""
        found = {_End.ON}
        for node in block:
            found.remove(_End.ON)
            if isinstance(node, Return):
                return found | {_End.OK if node.ok else _End.FAIL}
            if isinstance(node, Call):
                found |= self._behind(node)
            else:
                found |= {end for inside in node.blocks() for end in self._ends(inside)}
            if _End.ON not in found:
                break
        return found

    def _behind(self, node: Call) -> set[_End]:
        """Return how a block can be left by the call of a helper that does nothing."""
        name = node.function.name
        if name not in self._left:
            self._left[name] = self._ends(node.function.body)
        found = self._ends(node.then) if self._left[name] - {_End.FAIL} else set()
        if _End.FAIL in self._left[name]:
            if isinstance(node.on_fail, tuple):
                found |= self._ends(node.on_fail)
            else:
                found |= {_End.ON if node.on_fail == IGNORE else _End.FAIL}
        return found


def _helpers(node: Node) -> tuple[Function, ...]:
    """Return what stands in a node that is called, directly or not, each once."""
    found = {one.function.name: one.function for one in walk_once(((node,),))
             if isinstance(one, Call)}
    return tuple(found.values())


def _returns(ends: Iterable[_End], node: If | Call) -> Block:
    found = {_End.FAIL: Return(ok=False, where=node.where), _End.OK: Return(where=node.where)}
    return tuple(found[end] for end in (_End.FAIL, _End.OK) if end in ends)


def _bodies(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Return the blocks and the bodies of their helpers, each once."""
    every = tuple(blocks)
    helpers = {node.function.name: node.function.body for node in walk_once(every)
               if isinstance(node, Call)}
    return (*every, *helpers.values())


def _stretches(block: Block) -> Iterable[If]:
    for node in block:
        if isinstance(node, If) and _does_nothing((node,)):
            yield node
        else:
            for inside in node.blocks():
                yield from _stretches(inside)


def _does_nothing(block: Block) -> bool:
    return all(isinstance(node, If | Return) and all(map(_does_nothing, node.blocks()))
               for node in block)
