# SPDX-License-Identifier: GPL-2.0-only
"""Waiting for what must come, however busy the machine is.

    until(lambda: console.exists())
    child.wait(LONG)

A bound is there so that a test that hangs ends; none is near to what anything takes. What is meant
to run out of time has a short limit, beside which nothing else can happen.
"""

import time
from collections.abc import Callable
from pathlib import Path

LONG = 1800.0  # seconds
_OFTEN = 0.005


def until(come: Callable[[], object]) -> None:
    """Wait until something is so.

    Errors: AssertionError after LONG seconds.
    """
    end = time.monotonic() + LONG
    while not come():
        assert time.monotonic() < end, "never happened"
        time.sleep(_OFTEN)


def ended(process: int) -> bool:
    """Return whether a process has died; who reaps it is another matter."""
    return _fields(Path(f"/proc/{process}/stat"))[0] in "ZX"


def group_ended(leader: int) -> bool:
    """Return whether all processes of a group have died."""
    return not any(
        int(group) == leader and state not in "ZX"
        for state, _, group, *_ in map(_fields, Path("/proc").glob("[0-9]*/stat"))
    )


def _fields(stat: Path) -> list[str]:
    """Return state, parent, group and more of a process. Source: proc_pid_stat(5)."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:  # gone
        return ["X", "0", "0"]
