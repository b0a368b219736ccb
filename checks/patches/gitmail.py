# SPDX-License-Identifier: GPL-2.0-only
"""The mail that git itself makes of a commit, and what each line of it is about.

checkpatch reads this mail and no other, so what it says is about what git has understood.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from generator.system.plumbing import git

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True)
class Change:
    """What a commit does to one file, as git's raw diff says; `old` is another path if renamed."""

    status: str
    path: str
    old: str
    mode: str
    before: str
    after: str


@dataclass(frozen=True)
class Hunk:
    """Rows of the mail, from 0, of the lines of a hunk; `line` is the first one's in the file."""

    row: int
    end: int
    line: int
    path: str


@dataclass(frozen=True)
class GitMail:
    """A mail of git: its lines, where its log stands (rows from 0), its files and hunks."""

    lines: tuple[bytes, ...]
    log: tuple[int, int]
    changes: tuple[Change, ...]
    heads: tuple[tuple[int, str], ...]
    hunks: tuple[Hunk, ...]

    @property
    def text(self) -> bytes:
        """Return the mail."""
        return b"\n".join(self.lines)

    def place(self, number: int) -> tuple[str, int]:
        """Return path and line of what line `number`, from 1, of the mail is about.

        The path is empty for what is no diff; the line then counts that of the log from 1, or is
        0 for the head.
        """
        row = number - 1
        at = bisect_right(self.hunks, row, key=lambda hunk: hunk.row) - 1
        if at >= 0 and row < self.hunks[at].end:
            hunk = self.hunks[at]
            before = self.lines[hunk.row : row]
            return hunk.path, hunk.line + sum(line[:1] in (b"+", b" ") for line in before)
        at = bisect_right(self.heads, row, key=lambda head: head[0]) - 1
        if at >= 0:
            return self.heads[at][1], 0
        first, end = self.log
        return "", row - first + 1 if first <= row < end else 0

    def added(self, path: str) -> tuple[tuple[int, str], ...]:
        """Return (line after the commit, text) of each line that is added to a file."""
        found = []
        for hunk in self.hunks:
            if hunk.path != path:
                continue
            line = hunk.line
            for text in self.lines[hunk.row : hunk.end]:
                if text[:1] == b"+":
                    found.append((line, text[1:].decode("utf-8", "replace")))
                line += text[:1] in (b"+", b" ")
        return tuple(found)


def git_mail(work: Path, parent: str, commit: str, log: bytes) -> GitMail:
    """Return the mail of a commit whose message has this text below its subject."""
    told = git(work, "diff-tree", "-r", "-M", "-z", "--raw", "--no-commit-id", parent, commit)
    changes = _changes(os.fsdecode(told).split("\0"))
    mail = git(
        work, "format-patch", "--stdout", "--always", "-M", "--full-index", "--no-signature",
        "--no-notes", "--no-thread", "--no-attach", "--no-color", "--no-ext-diff", "--no-textconv",
        "--no-base", "--unified=3", "--inter-hunk-context=0", "--src-prefix=a/",
        "--dst-prefix=b/", "-1", commit,
    )  # fmt: skip
    lines = tuple(mail.split(b"\n"))
    first = lines.index(b"") + 1
    end = first + (log.strip(b"\n").count(b"\n") + 1 if log.strip(b"\n") else 0)
    heads = [row for row in range(end, len(lines)) if lines[row].startswith(b"diff --git ")]
    named, hunks = _hunks(lines, heads[0] if heads else len(lines), changes)
    return GitMail(lines, (first, end), changes, named, hunks)


def _changes(fields: list[str]) -> tuple[Change, ...]:
    found = []
    at = 0
    while at + 1 < len(fields):
        _, mode, before, after, status = fields[at].removeprefix(":").split()
        moved = status[0] in "RC"
        old, path = fields[at + 1], fields[at + 2] if moved else fields[at + 1]
        found.append(Change(status[0], path, old, mode, before, after))
        at += 3 if moved else 2
    return tuple(found)


def _hunks(
    lines: tuple[bytes, ...], row: int, changes: tuple[Change, ...]
) -> tuple[tuple[tuple[int, str], ...], tuple[Hunk, ...]]:
    """Walk a diff that git wrote: its hunks have the lengths that they say."""
    heads: list[tuple[int, str]] = []
    hunks: list[Hunk] = []
    while row < len(lines):
        if lines[row].startswith(b"diff --git "):
            heads.append((row, changes[len(heads)].path))
        elif heads and (found := _HUNK.match(lines[row])):
            old, new = (int(part) if part is not None else 1 for part in found.group(1, 3))
            end = row + 1
            while old > 0 or new > 0:
                old -= lines[end][:1] in (b" ", b"-")
                new -= lines[end][:1] in (b" ", b"+")
                end += 1
            while end < len(lines) and lines[end][:1] == b"\\":
                end += 1
            hunks.append(Hunk(row + 1, end, int(found[2]), heads[-1][1]))
            row = end
            continue
        row += 1
    return tuple(heads), tuple(hunks)
