# SPDX-License-Identifier: GPL-2.0-only
"""What is going to be one commit: a log, an author, a diff, and where the user has each line."""

from __future__ import annotations

from dataclasses import dataclass

from generator.errors import Where


@dataclass(frozen=True)
class Author:
    """Who wrote a change and when, as git takes it; what was not said is empty."""

    name: str
    mail: str
    date: str


@dataclass(frozen=True)
class Reading:
    """Another way to read a diff, for when it does not apply as it stands; `why` is told then.

    `flags` are further ones of git apply.
    """

    diff: bytes
    strip: int
    why: str
    flags: tuple[str, ...] = ()


def place_of(file: str, line: int) -> str:
    """Return how messages name a mail: the file, with a line when it is one of several."""
    return f"{file}:{line}" if line > 1 else file


@dataclass(frozen=True)
class Piece:
    """One patch of a series.

    `file` is the name that the user wrote, or `commit` and an id; `line` is the first line of
    the patch there. `log` is the whole message. `log_lines` and `diff_lines` give, for each line
    of the log and of the diff, its line in `file`. `commit` is the id of what is a commit already,
    on `parent`. `raw` is the mail as it came.
    """

    file: str
    line: int
    log: bytes
    author: Author
    diff: bytes
    log_lines: tuple[int, ...] = ()
    diff_lines: tuple[int, ...] = ()
    readings: tuple[Reading, ...] = ()
    tags: tuple[str, ...] = ()
    number: int = 0
    total: int = 0
    commit: str = ""
    parent: str = ""
    raw: bytes = b""

    @property
    def place(self) -> str:
        """Return how messages name it."""
        return place_of(self.file, self.line)

    def at(self, row: int) -> Where:
        """Return the place of a line of the diff, counted from 0; of the patch for any other."""
        known = 0 <= row < len(self.diff_lines)
        return Where(self.file, self.diff_lines[row] if known else self.line)
