# SPDX-License-Identifier: GPL-2.0-only
"""C source lines in the kernel's layout: tabs of eight, 80 columns, aligned to parentheses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH, TAB = 80, 8
_BREAKS = (", ", " && ", " || ", " != ", " == ", " | ", " < ", " > ")


def width(line: str) -> int:
    """Return the columns that a line takes."""
    return len(line.expandtabs(TAB))


def indent(columns: int) -> str:
    """Return white space of a width: tabs, then blanks."""
    return "\t" * (columns // TAB) + " " * (columns % TAB)


def indented(text: str, depth: int) -> str:
    """Return every line of a text `depth` tabs deeper and within 80 columns where it can be."""
    lines = [wrap("\t" * depth + line) if line else "" for line in text.split("\n")]
    return "\n".join(lines)


def wrap(line: str) -> str:
    """Return one statement broken where it is too long, aligned to the open parenthesis."""
    parts = []
    column = 0  # of the parenthesis that is open where the line begins
    inside = line.lstrip().startswith(("/*", "*"))
    while width(line) > WIDTH and not inside:
        cut = _cut(line, column)
        if cut is None:
            break
        at, column = cut
        parts.append(line[:at].rstrip())
        line = indent(column) + line[at:].lstrip()
    return "\n".join([*parts, line])


def _cut(line: str, column: int) -> tuple[int, int] | None:
    """Return where to break a line and the column that the rest is aligned to.

    As far out as possible, after a comma rather than an operator, then as late as possible;
    where nothing fits, after the first comma.
    """
    best: tuple[tuple[int, bool, int], int, int] | None = None
    late: tuple[int, int] | None = None
    opened = [column] if column else []
    quoted = False
    for at, char in enumerate(line):
        if char == '"' and line[at - 1] != "\\":
            quoted = not quoted
        if quoted:
            continue
        if char == "(":
            opened.append(width(line[: at + 1]))
        elif char == ")" and opened:
            opened.pop()
        for text in _BREAKS:
            if line.startswith(text, at) and opened and line[:at].strip():
                end = at + len(text)
                if width(line[:end].rstrip()) > WIDTH:
                    late = late or (end, opened[-1])
                    continue
                rank = (len(opened), text != ", ", -at)
                if best is None or rank < best[0]:
                    best = (rank, end, opened[-1])
    return (best[1], best[2]) if best is not None else late


def negated(condition: str) -> str:
    """Return the opposite of a condition, as one would write it."""
    if not any(text in condition for text in ("&&", "||")):
        for one, other in ((" == ", " != "), (" != ", " == ")):
            if condition.count(one) == 1 and _outermost(condition, one):
                return condition.replace(one, other)
    if condition.startswith("!") and _simple(condition[1:]):
        return condition[1:]
    return f"!{condition}" if _simple(condition) else f"!({condition})"


def _outermost(text: str, part: str) -> bool:
    before = text[: text.index(part)]
    return before.count("(") == before.count(")")


def _simple(text: str) -> bool:
    """Return whether a text is a name, a path or one call: `!` binds to all of it."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0 and char not in ")" and not (char.isalnum() or char in "_>.-[]"):
            return False
        if depth == 0 and char == ")" and at != len(text) - 1:
            return False
        if depth == 0 and char == "-" and text[at : at + 2] != "->":
            return False
        if depth == 0 and char == ">" and text[at - 1 : at + 1] != "->":
            return False
    return bool(text) and text[0] != "("


@dataclass(frozen=True)
class Item:
    """One statement, its lines already indented; `compound` has a body of its own."""

    text: str
    compound: bool = False


def spaced(items: Sequence[Item]) -> Iterator[str]:
    """Yield statements with an empty line after what has a body, and before the last return."""
    blank = True
    for at, item in enumerate(items):
        last = at == len(items) - 1
        final = last and at > 0 and item.text.lstrip().startswith("return")
        apart = (at > 0 and items[at - 1].compound) or final
        if apart and not blank and not item.text.startswith("\n"):
            yield "\n"
        yield item.text + "\n"
        blank = item.text.endswith("\n") or not item.text.strip()
