# SPDX-License-Identifier: GPL-2.0-only
"""How a guest can be lost: each way is a result of its own, with the log and the last order."""

from __future__ import annotations

from generator.errors import PortwrightError

PANIC, HANG, TIMEOUT, NO_BOOT = "panic", "hang", "timeout", "no boot"
STOPPED = "stopped"  # by us


class Lost(PortwrightError):
    """The guest does not answer any more; `kind` says how that came."""

    exit_code = 1

    def __init__(self, kind: str, last: str, log: str) -> None:
        """Keep what was asked for last, and what the kernel printed."""
        super().__init__(f"{kind} after: {last or 'start'}")
        self.kind, self.last, self.log = kind, last, log
