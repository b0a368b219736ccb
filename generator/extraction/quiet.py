# SPDX-License-Identifier: GPL-2.0-only
"""Stretches of C in which many conditions decide nothing but whether the function goes on.

A chain of comparisons with an error at its end tells a design no more than that it may fail, so it
is one condition there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import Enum, auto

from generator.design import Device
from generator.extraction.rewriting import Rewriting
from generator.operation import Guard, Node, asked
from generator.program import Block, Call, If, Return, guards, walk_once

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


class _Quiet(Rewriting):
    def __init__(self, blocks: Mapping[str, Block], device: Device) -> None:
        super().__init__()
        self._device = device
        bodies = _bodies(blocks.values())
        self._asked = Counter(one for body in bodies for one in guards(body, helpers=False))
        self._alike = Counter(node for body in bodies for node in _stretches(body))

    def change(self, node: Node) -> Block | None:
        if not isinstance(node, If) or not _does_nothing((node,)):
            return None
        inside = guards((node,), helpers=False)
        if len(inside) <= FEW or self._asked_elsewhere(node, inside):
            return None
        name = f"{inside[0].name}, and {len(inside) - 1} conditions more"
        ends = _ends((node,))
        left = _returns(ends, node)
        if len(left) == 2 and _End.ON in ends:
            left = (If(self._guard(f"{name}, and an error", inside), left[:1], left[1:],
                       node.where),)
        elif len(left) == 2:
            return (If(self._guard(name, inside), left[:1], left[1:], node.where),)
        if not left or _End.ON not in ends:
            return left
        return (If(self._guard(name, inside), left, (), node.where),)

    def _asked_elsewhere(self, node: If, inside: Iterable[Guard]) -> bool:
        """Return whether an answer in a stretch is needed by what is not a stretch like it."""
        uses = Counter(one for one in inside if one.when is not None)
        return any(self._asked[one] > times * self._alike[node] for one, times in uses.items())

    def _guard(self, name: str, inside: Iterable[Guard]) -> Guard:
        if any(one.when is None for one in inside):
            return Guard(name, None, ())
        return asked(self._device, name, told=False)


def _returns(ends: Iterable[_End], node: If) -> Block:
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


def _ends(block: Block) -> set[_End]:
    """Return how a block that does nothing can be left."""
    found = {_End.ON}
    for node in block:
        found.remove(_End.ON)
        if isinstance(node, Return):
            return found | {_End.OK if node.ok else _End.FAIL}
        found |= {end for inside in node.blocks() for end in _ends(inside)}
        if _End.ON not in found:
            break
    return found
