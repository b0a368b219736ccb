# SPDX-License-Identifier: GPL-2.0-only
"""A trace as the table that maintainer-tip.rst asks for: a column per actor, time downwards."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from checks.search.told import Shown

WIDTH = 75  # maintainer-tip.rst: a changelog's lines
_MARGIN = 2
_WIDE = 36  # of the left one of two columns
_NARROW = 30  # what the last of many columns keeps
_GAP = 2


def actors(trace: Sequence[Shown]) -> tuple[str, ...]:
    """Return who acts in a trace, in the order of their first steps."""
    return tuple(dict.fromkeys(step.actor for step in trace))


def said(step: Shown) -> str:
    """Return what a step does, and how it ends unless well."""
    return step.text if step.outcome in ("", "ok") else f"{step.text}: {step.outcome}"


def table(trace: Sequence[Shown]) -> Iterator[str]:
    """Yield the lines of a trace's table.

    With two actors each has half of the width. With more, columns are set closer: only one
    acts at a time, so what it does may reach over the columns to its right.

    >>> from generator.errors import NOWHERE
    >>> steps = Shown("port", "bind bell", "", NOWHERE), Shown("bell", "probe", "", NOWHERE)
    >>> for line in table(steps):
    ...     print(line)
      port                                bell
    <BLANKLINE>
      bind bell
                                          probe
    """
    if not trace:
        return
    names = actors(trace)
    offsets = _offsets(names)
    head = ""
    for name in names:
        head = f"{head:<{offsets[name]}}{name}"
    yield head
    yield ""
    for step in trace:
        left = offsets[step.actor]
        most = WIDTH - left - _GAP
        room = _WIDE - 2 * _GAP if len(names) == 2 and step.actor == names[0] else most
        for number, line in enumerate(_wrapped(said(step), room, most)):
            yield " " * (left + (_GAP if number else 0)) + line


def _wrapped(text: str, room: int, most: int) -> list[str]:
    """Return a text in lines of `room`, or of `most` where a word has no room.

    The undo of devm_add_action_or_reset[undo] may begin a line, if nothing else helps.
    """
    lines = textwrap.wrap(text, room, break_long_words=False)
    if all(len(line) <= most for line in lines):
        return lines
    return textwrap.wrap(text.replace("[", " [", 1), most)


def _offsets(names: Sequence[str]) -> dict[str, int]:
    """Return where each column begins: as far apart as there is room, names never overlapping."""
    step = _WIDE if len(names) < 3 else (WIDTH - _MARGIN - _NARROW) // (len(names) - 1)
    found: dict[str, int] = {}
    at = _MARGIN
    for name in names:
        found[name] = at
        at += max(step, len(name) + _GAP)
    return found
