# SPDX-License-Identifier: GPL-2.0-only
"""Limits on what a process may take, without what it waits for others on a busy host.

    late = clock(process, seconds)
    late.over()
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_STARVED = 4.0


def starved(process: int) -> float:
    """Return for how many seconds a process was ready to run and the host ran others instead.

    That of the thread that waited longest, which is a processor of the guest; 0 where the host
    does not say. Source: Documentation/scheduler/sched-stats.rst, /proc/PID/schedstat.
    """
    found = [0.0]
    for file in (PROC / str(process) / "task").glob("*/schedstat"):
        with suppress(OSError, ValueError, IndexError):
            found.append(int(file.read_text(encoding="utf-8").split()[1]) / 1e9)
    return max(found)


@dataclass(frozen=True)
class Clock:
    """A limit on what a process may take: what it waits for a processor of the host is apart.

    Of that it may have `_STARVED` times as much.
    """

    process: int
    seconds: float
    began: float
    waited: float

    def over(self) -> bool:
        """Return whether the limit is reached."""
        passed = time.monotonic() - self.began
        if passed < self.seconds:
            return False
        waited = starved(self.process) - self.waited
        return passed - min(waited, _STARVED * self.seconds) >= self.seconds


def clock(process: int, seconds: float) -> Clock:
    """Return a limit that begins now."""
    return Clock(process, seconds, time.monotonic(), starved(process))
