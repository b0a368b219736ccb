# SPDX-License-Identifier: GPL-2.0-only
"""Sets of hardware as decision diagrams: two sets are equal where their trees are the same one.

Each search asks its questions in its own order, so one describes a set of hardware in other
pieces than the next. A tree asks them in one order, and none on which nothing depends: they are
multi-valued decision diagrams, ordered, reduced and shared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from checks.machine.questions import answers, asked_under
from checks.verdict.rest import Hardware
from generator.expr import Read

NONE, ALL = 0, 1  # no hardware, any hardware
OPEN = -1
_Piece = tuple[int, ...]  # an answer per question, or OPEN


class Trees:
    """Trees over some questions, each kept once: a tree is its number."""

    def __init__(self, asked: Iterable[Read], given: Mapping[Read, int]) -> None:
        """Put the questions in order: what one makes sense under comes before it."""
        known = frozenset(asked)
        self.given = given
        self.under = {read: asked_under(read, known | given.keys()) for read in known}
        order = sorted(known, key=lambda one: (
            self.under[one] is not None, one.of.name, one.fact.name))
        self.order: list[Read] = []
        while order:  # chains of questions are short
            ready = [one for one in order if self.under[one] not in order]
            self.order += ready
            order = [one for one in order if one not in ready]
        self.nodes: dict[tuple[int, tuple[tuple[int, int], ...]], int] = {}
        self.shape: dict[int, tuple[int, tuple[tuple[int, int], ...]]] = {}
        self.memo: dict[tuple[int, tuple[int, ...], frozenset[_Piece]], int] = {}

    def of(self, pieces: Iterable[Hardware]) -> int:
        """Return the tree of some hardware, given in pieces."""
        some = frozenset(
            tuple(one.get(read, OPEN) for read in self.order) for one in pieces
        )
        return self._of(0, (), some)

    def beyond(self, one: int, other: int) -> dict[Read, int] | None:
        """Return hardware that is in one tree and not in the other, None if there is none."""
        if one in (other, NONE) or other == ALL:
            return None
        if (one, other) == (ALL, NONE):
            return {}
        level = min(self.shape[tree][0] for tree in (one, other) if tree in self.shape)
        mine, theirs = self._branches(one, level), self._branches(other, level)
        values = sorted({*mine, *theirs} - {OPEN})
        for value in values:
            left = self.beyond(mine.get(value, mine.get(OPEN, NONE)),
                               theirs.get(value, theirs.get(OPEN, NONE)))
            if left is not None:
                return {self.order[level]: value, **left}
        return None

    def _branches(self, tree: int, level: int) -> Mapping[int, int]:
        if tree in self.shape and self.shape[tree][0] == level:
            return dict(self.shape[tree][1])
        return {OPEN: tree}

    def _of(self, level: int, above: tuple[int, ...], some: frozenset[_Piece]) -> int:
        """Return the tree of pieces whose first questions were answered `above`."""
        if not some:
            return NONE
        if level == len(self.order) or any(max(one) == OPEN for one in some):
            return ALL
        senses = tuple(
            value for read, value in zip(self.order, above, strict=False)
            if any(self.under[later] is read for later in self.order[level:])
        )
        key = level, senses, some
        if key not in self.memo:
            branches = tuple(
                (value, self._of(level + 1, (*above, value), frozenset(
                    one[1:] for one in some if one[0] in (OPEN, value))))
                for value in self._answers(level, above)
            )
            trees = {tree for _, tree in branches}
            self.memo[key] = trees.pop() if len(trees) == 1 else self._node(level, branches)
        return self.memo[key]

    def _node(self, level: int, branches: tuple[tuple[int, int], ...]) -> int:
        node = level, branches
        if node not in self.nodes:
            self.nodes[node] = len(self.nodes) + 2
            self.shape[self.nodes[node]] = node
        return self.nodes[node]

    def _answers(self, level: int, above: Sequence[int]) -> tuple[int, ...]:
        read = self.order[level]
        if read in self.given:
            return (self.given[read],)
        under = self.under[read]
        if under is not None and read.fact.needs is not None:
            value = self.given[under] if under in self.given else above[self.order.index(under)]
            if value not in read.fact.needs[1]:
                return (0,)
        return answers(read)
