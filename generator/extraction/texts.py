# SPDX-License-Identifier: GPL-2.0-only
"""The text of functions of C, where it is enough to look for words in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from generator.parsing.cursors import Cursor, Unit

_CALLEE = re.compile(r"\b([a-z_]\w+)\s*\(")


@lru_cache(maxsize=16)
def _lines(text: bytes) -> tuple[str, ...]:
    return tuple(text.decode("utf-8", "replace").split("\n"))


def lines_of(unit: Unit) -> tuple[str, ...]:
    """Return the lines of a file."""
    return _lines(unit.text)


def text_of(unit: Unit, cursor: Cursor) -> str:
    """Return the lines in which something stands."""
    lines = _lines(unit.text)
    return "\n".join(lines[cursor.extent.start.line - 1 : cursor.extent.end.line])


def unreached(units: Sequence[Unit], reached: Collection[str]) -> Iterator[str]:
    """Yield the text of each function of some files that is not among those that were reached."""
    for unit in units:
        for name, definition in unit.definitions.items():
            if name not in reached:
                yield text_of(unit, definition.cursor)


def callees(text: str) -> frozenset[str]:
    """Return what a text calls, macros as well."""
    return frozenset(_CALLEE.findall(text))


def labels(unit: Unit) -> tuple[tuple[str, str, int], ...]:
    """Return the labels of a file: name, function, line; from the text, which goto has as well."""
    lines = unit.text.decode("utf-8", "replace").split("\n")
    found = []
    for function, definition in unit.definitions.items():
        extent = definition.cursor.extent
        for number in range(extent.start.line, extent.end.line):
            match = re.match(r"\s?(\w+):\s*(?:/\*.*)?$", lines[number - 1])
            if match and match[1] != "default":
                found.append((match[1], function, number))
    return tuple(found)


def arguments(inside: str) -> list[str]:
    """Return the arguments of a call from the text behind its parenthesis."""
    found, depth, begin = [], 0, 0
    for at, letter in enumerate(inside):
        depth += (letter in "([{") - (letter in ")]}")
        if depth < 0 or (depth == 0 and letter == ","):
            found.append(inside[begin:at])
            begin = at + 1
        if depth < 0:
            break
    return found
