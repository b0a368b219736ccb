# SPDX-License-Identifier: GPL-2.0-only
"""What we are doing, said on stderr to somebody who watches, or who asked for it."""

from __future__ import annotations

import os
import sys

# 0: nothing; 1: what takes long; 2: every program, too. Without it: 1 on a terminal, else 0.
_LEVEL = "PORTWRIGHT_PROGRESS"


def level(number: int) -> None:
    """Set how much is said, here and in the processes that are started from here on."""
    os.environ[_LEVEL] = str(number)


def said(least: int) -> bool:
    """Return whether something of a level is to be said."""
    asked = os.environ.get(_LEVEL, "")
    if asked.isdigit():
        return int(asked) >= least
    return least <= 1 and sys.stderr.isatty()


def say(text: str, least: int = 1) -> None:
    """Print one line of progress where it is wanted."""
    if said(least):
        print(f"portwright: {text}", file=sys.stderr, flush=True)  # noqa: T201
