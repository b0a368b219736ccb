# SPDX-License-Identifier: GPL-2.0-only
"""What keeps us from working: one exception per reason, each with its exit code."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Sequence
from dataclasses import dataclass

_MOST = 1500  # characters of what a program said: its end is what matters


@dataclass(frozen=True)
class Where:
    """A file and a line of it: of the user's design, or of the tree."""

    file: str
    line: int

    def __str__(self) -> str:
        """Return file:line."""
        return f"{self.file}:{self.line}"


NOWHERE = Where("", 0)


class PortwrightError(Exception):
    """The work could not be done; the text says what would mend it. Exit code 3.

    where: the line that it is about, if it is about one; it is printed first.
    """

    exit_code = 3

    def __init__(self, text: str, where: Where = NOWHERE) -> None:
        """Say why, and where."""
        super().__init__(text, where)
        self.text = text
        self.where = where

    def __str__(self) -> str:
        """Return file:line: text, or the text alone."""
        return self.text if self.where == NOWHERE else f"{self.where}: {self.text}"


class UsageError(PortwrightError):
    """The command line, or a file it names, is not of the form it must have. Exit code 2."""

    exit_code = 2


class ModelError(PortwrightError):
    """A design is malformed, at a line of the user's file. Exit code 2."""

    exit_code = 2

    def __init__(self, where: Where, text: str) -> None:
        """Say where, and what would mend it; NOWHERE is for what is of no single line."""
        super().__init__(text, where)
        self.args = (where, text)


class EnvironmentFault(PortwrightError):
    """A program, package or directory that the work needs is missing. Exit code 3."""

    exit_code = 3


class TreeError(PortwrightError):
    """The kernel tree is not what it should be, or a program failed on it. Exit code 3."""

    exit_code = 3


def _end(status: int) -> str:
    """Return how a program ended, a signal by its name."""
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"exit status {status}"


class ProgramFailed(TreeError):
    """A program ended with a status other than 0. Exit code 3.

    stderr: what it said there, and on stdout too where both were asked for as one.
    """

    def __init__(self, argv: Sequence[str], status: int, stderr: str) -> None:
        """Say what was run, how it ended, and the end of what it said."""
        said = stderr.strip()[-_MOST:]
        super().__init__(f"{shlex.join(argv)}: {_end(status)}\n{said}")
        self.args = (tuple(argv), status, stderr)
        self.argv = tuple(argv)
        self.status = status
        self.stderr = stderr


class Refused(PortwrightError):
    """Doing it could lose the user's work; nothing was changed. Exit code 4."""

    exit_code = 4


class Conflict(PortwrightError):
    """The series does not apply to this tree; nothing was changed. Exit code 5."""

    exit_code = 5


class Timeout(PortwrightError):
    """An external program used up its time. Exit code 124."""

    exit_code = 124


class Untestable(PortwrightError):
    """This commit cannot be tested; `git bisect run` skips it. Exit code 125."""

    exit_code = 125
