# SPDX-License-Identifier: GPL-2.0-only
"""How much of a driver's C its design is about, in calls and in branches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from generator.extraction.vocabulary import prints
from generator.operation import Operation
from generator.parsing.cursors import Cursor, Kind, Unit
from generator.reading.cfg import Branch, Extent, Function
from generator.reading.reader import CLts
from generator.reading.results import POINTERS


class Part(NamedTuple):
    """How many there are, and how many of them were read."""

    read: int
    all: int

    def __str__(self) -> str:
        """Return it as it is printed."""
        return f"{self.read} of {self.all}"


@dataclass(frozen=True)
class Fractions:
    """What was read of the functions that a driver's entry points, handlers and contexts reach.

    calls: those of functions that are not the driver's own; a macro is one, whatever it calls.
    Read are those that are operations of the design, all numbers known, and those that are known to
    change nothing. branches: read are those that what was done before decides, and those that are
    asked once of hardware or platform; the others are taken either way.
    """

    calls: Part
    branches: Part

    def __str__(self) -> str:
        """Return it as it is printed."""
        return f"{self.calls} calls and {self.branches} branches"

    def __add__(self, other: Fractions) -> Fractions:
        """Return the same of several drivers."""
        return Fractions(*(
            Part(one.read + two.read, one.all + two.all)
            for one, two in ((self.calls, other.calls), (self.branches, other.branches))
        ))


NOTHING = Fractions(Part(0, 0), Part(0, 0))


def calls(
    units: Sequence[Unit], functions: Collection[str], harmless: Collection[str],
    meant: Iterable[tuple[str, Operation | None, Extent]], lost: Collection[Operation],
    guessed: Collection[Extent],
) -> Part:
    """Return how many calls some functions have, and how many of them are understood.

    meant: what each call that an operation has is of this driver. lost: the operations that the
    design is without all the same. guessed: where a number is not what C says, but the usual one.
    """
    kept: dict[tuple[str, int, int], dict[str, bool]] = {}
    for name, operation, place in meant:
        at = kept.setdefault((place.path, place.line, place.column), {})
        good = operation is not None and operation not in lost and place not in guessed
        at[name] = good and at.get(name, True)
    primary = {spelled: one.callees[0] for one in prints() for spelled in one.spellings}
    own = {name for unit in units for name in unit.definitions}
    read = total = 0
    for unit in units:
        for name, definition in unit.definitions.items():
            if name not in functions:
                continue
            for (line, column), callees in _called(definition.cursor).items():
                others = callees - own
                if not others:
                    continue
                there = kept.get((unit.path, line, column), {})
                total += 1
                read += all(
                    there.get(primary.get(one, one), one in harmless) for one in others
                )
    return Part(read, total)


def _called(function: Cursor) -> Mapping[tuple[int, int], set[str]]:
    """Return whom a function calls at each place; "" is a function that a pointer names."""
    found: dict[tuple[int, int], set[str]] = {}
    todo = list(function.get_children())
    while todo:
        cursor = todo.pop()
        if cursor.kind == Kind.CXX_UNARY_EXPR:  # sizeof, which calls nothing
            continue
        todo += cursor.get_children()
        if cursor.kind != Kind.CALL_EXPR:
            continue
        reference = cursor.referenced
        named = reference is not None and reference.kind == Kind.FUNCTION_DECL
        callee = cursor.spelling if named else ""
        if not callee.startswith("__builtin_") and callee not in POINTERS:
            start = cursor.extent.start
            found.setdefault((start.line, start.column), set()).add(callee)
    return found


def branches(
    functions: Iterable[Function], read: Iterable[CLts], open_: Collection[Extent]
) -> Part:
    """Return how many conditions some functions have, and how many of them are read.

    open_: where one is taken either way.
    """
    there = {node.place for one in functions for node in one.nodes if isinstance(node, Branch)}
    known: set[Extent] = set()
    for one in read:
        known |= one.decided
        known |= {site.place for label, sites in one.sites.items()
                  if label.outcome in ("true", "false") for site in sites}
    return Part(len(there & known - set(open_)), len(there))
