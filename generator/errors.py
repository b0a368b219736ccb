# SPDX-License-Identifier: GPL-2.0-only
"""What keeps us from working: one exception per reason, each with its exit code."""

from __future__ import annotations


class PortwrightError(Exception):
    """The work could not be done; the message names file, line and what would mend it."""

    exit_code = 3


class UsageError(PortwrightError):
    """The command line, or a file it names, is not of the form it must have."""

    exit_code = 2


class ModelError(PortwrightError):
    """A design is malformed: the message starts with the user's file and line."""

    exit_code = 2


class EnvironmentFault(PortwrightError):
    """A program, package or directory that the work needs is missing."""

    exit_code = 3


class TreeError(PortwrightError):
    """The kernel tree is not what it should be, or git failed on it."""

    exit_code = 3


class Refused(PortwrightError):
    """Doing it could lose the user's work; nothing was changed."""

    exit_code = 4


class Conflict(PortwrightError):
    """The series does not apply to this tree; nothing was changed."""

    exit_code = 5


class Timeout(PortwrightError):
    """An external program used up its time."""

    exit_code = 124


class Untestable(PortwrightError):
    """This commit cannot be tested; `git bisect run` skips it."""

    exit_code = 125
