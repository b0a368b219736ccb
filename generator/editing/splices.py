# SPDX-License-Identifier: GPL-2.0-only
"""Lines of a text replaced: splices by line number, and where lines with a head belong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from generator.errors import TreeError, Where


@dataclass(frozen=True, order=True)
class Splice:
    """Lines `first` to `last` give way to others; `last` of first - 1 only inserts."""

    first: int
    last: int
    lines: tuple[str, ...] = ()


def spliced(path: str, text: str, splices: Iterable[Splice]) -> str:
    """Return a text with all changes made.

    Errors: TreeError when two changes are about the same line.
    """
    lines = text.split("\n")
    below = len(lines) + 1
    for one in sorted(splices, reverse=True):
        if one.last >= below:
            raise TreeError(
                "two edits of one step change the same line; make them one, or two steps",
                Where(path, below),
            )
        lines[one.first - 1 : one.last] = one.lines
        below = one.first
    return "\n".join(lines)


def inserted(lines: Sequence[str], at: int, new: Sequence[str], apart: bool) -> Splice:
    """Return the insertion of lines before line `at`; `apart`: with empty lines around it."""
    block = list(new)
    if apart:
        above = lines[at - 2].strip() if at > 1 else "{"
        below = lines[at - 1].strip() if at <= len(lines) else "}"
        if above not in ("", "{"):
            block.insert(0, "")
        if below not in ("", "}"):
            block.append("")
    return Splice(at, at - 1, tuple(block))


def _begins(line: str, head: str) -> bool:
    text = " ".join(line.split())
    if not text.startswith(head):
        return False
    following = text[len(head) : len(head) + 1]
    return not (head[-1].isalnum() and (following.isalnum() or following == "_"))


def line_of(path: str, lines: Sequence[str], wanted: str, what: str, start: int = 0) -> int:
    """Return the index of the one line that begins with a text, white space collapsed.

    Errors: TreeError with what is nearest.
    """
    head = " ".join(wanted.split())
    first = head.partition(" ")[0]
    found = [
        at for at, line in enumerate(lines)
        if at >= start and first in line and _begins(line, head)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(str(at + 1) for at in found)
        raise TreeError(f"{what} {wanted!r} is there more than once (lines {places})",
                        Where(path, found[0] + 1))
    near = get_close_matches(wanted, [line.strip() for line in lines if line.strip()], 1, 0.4)
    at = next((n + 1 for n, line in enumerate(lines) if near and line.strip() == near[0]), 1)
    hint = f"; nearest is {near[0]!r}" if near else ""
    raise TreeError(f"there is no {what} {wanted!r}{hint}", Where(path, at))
