# SPDX-License-Identifier: GPL-2.0-only
"""Where the files and hunks of a diff begin, for messages and for two refusals.

git alone decides what a diff does. This finds the line to point at, and the heads of which git
takes one name and a reader another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HUNK = re.compile(rb"@@ -(\d{1,40})(?:,(\d{1,9}))? \+(\d{1,40})(?:,(\d{1,9}))? @@")


@dataclass(frozen=True)
class Hunk:
    """A hunk: its rows in the diff from 0, the line that it says it is at, what must be there.

    `after` is what it makes of that. `context`: it has lines that stay, by which git finds it.
    """

    row: int
    end: int
    line: int
    before: tuple[bytes, ...]
    after: tuple[bytes, ...]
    context: bool


@dataclass(frozen=True)
class Section:
    """What a diff says of one file: rows and text of the lines of its head, and its hunks."""

    row: int
    head: tuple[tuple[int, bytes], ...]
    hunks: tuple[Hunk, ...]

    def says(self, start: bytes) -> tuple[int, bytes] | None:
        """Return the row and the rest of the first line of the head that starts so."""
        for row, text in self.head:
            if text.startswith(start):
                return row, text[len(start) :].split(b"\t")[0].rstrip(b"\r")
        return None

    def names(self, path: str) -> bool:
        """Return whether its head names this path, below the first directory or as it is."""
        tail = path.encode("utf-8", "surrogateescape")
        for start in (b"+++ ", b"--- ", b"rename to ", b"copy to ", b"diff --git "):
            said = self.says(start)
            if said and (said[1] == tail or said[1].rstrip(b'"').endswith(b"/" + tail)):
                return True
        return False


def outline(diff: bytes) -> tuple[Section, ...]:
    """Return the sections of a diff, as far as its hunks are of the length that they say."""
    return tuple(_sections(diff.split(b"\n")))


def _sections(rows: list[bytes]) -> Iterator[Section]:
    head: list[tuple[int, bytes]] = []
    hunks: list[Hunk] = []
    at = 0
    while at < len(rows):
        row = rows[at]
        fresh = row.startswith(b"diff --git ") or (row.startswith(b"--- ") and (
            hunks or not head) and at + 1 < len(rows) and rows[at + 1].startswith(b"+++ "))
        if fresh and head:
            yield Section(head[0][0], tuple(head), tuple(hunks))
            head, hunks = [], []
        if found := _HUNK.match(row):
            end, before, after = _end(rows, at + 1, found)
            context = any(row[:1] in (b" ", b"") for row in rows[at + 1 : end])
            hunks.append(Hunk(at, end, int(found[1]), before, after, context))
            at = end
            continue
        if fresh or (head and not hunks):
            head.append((at, row))
        at += 1
    if head:
        yield Section(head[0][0], tuple(head), tuple(hunks))


def _end(
    rows: list[bytes], at: int, found: re.Match[bytes]
) -> tuple[int, tuple[bytes, ...], tuple[bytes, ...]]:
    old = int(found[2]) if found[2] is not None else 1
    new = int(found[4]) if found[4] is not None else 1
    before: list[bytes] = []
    after: list[bytes] = []
    while at < len(rows) and (old > 0 or new > 0):
        kind = rows[at][:1]
        if kind not in (b" ", b"+", b"-", b"\\", b""):
            break
        if kind in (b" ", b"-", b""):
            before.append(rows[at][1:])
        if kind in (b" ", b"+", b""):
            after.append(rows[at][1:])
        old -= kind in (b" ", b"-", b"")
        new -= kind in (b" ", b"+", b"")
        at += 1
    return at, tuple(before), tuple(after)


def strange(section: Section) -> tuple[int, str] | None:
    """Return the row and what is wrong with the names in a head, None when nothing is."""
    for start in (b"--- ", b"+++ ", b"rename from ", b"rename to ", b"copy from ", b"copy to ",
                  b"diff --git "):
        said = section.says(start)
        if said and re.match(rb'"?/(?!dev/null$)', said[1]):
            return said[0], "an absolute path; paths begin with a/ and b/ at the top of the tree"
    git = section.says(b"diff --git ")
    if git is None:
        return None
    for start, fits in ((b"--- ", git[1].startswith), (b"+++ ", git[1].endswith)):
        said = section.says(start)
        if said is None or said[1] == b"/dev/null":
            continue
        wanted = said[1] + b" " if start == b"--- " else b" " + said[1]
        if not fits(wanted):
            shown = said[1].decode(errors="replace")
            return said[0], (
                f"names {shown}, and its `diff --git` line another file: readers would see "
                "a change of one, git makes one of the other"
            )
    return None
