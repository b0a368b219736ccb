# SPDX-License-Identifier: GPL-2.0-only
"""Whether a guest's lockdep still looks: it is silent once it has complained, or given up.

    lockdep(guest, scenario) -> a line: it is on
"""

from __future__ import annotations

import re

from checks.boot.guest.line import Line
from checks.boot.guest.qemu import Guest

_FILE = "/proc/lockdep_stats"
ON = "on"


def lockdep(guest: Guest, scenario: str) -> Line:
    """Say whether lockdep is on at the end of a scenario, without which its silence means nothing.

    Errors: Lost.
    """
    answer = guest.order(f"grep debug_locks: {_FILE}")
    found = re.search(r"debug_locks: +(\d)", answer.text)
    got = "not there" if found is None else ON if found[1] == "1" else "off"
    return Line(scenario, "system", "lockdep", ON, got, _FILE, "premise")
