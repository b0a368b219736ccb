# SPDX-License-Identifier: GPL-2.0-only
"""What in a kernel's log says that something is wrong, whoever printed it.

    splats(text) -> the complaints, each as one line that two kernels have in common

The first line of what lockdep complains of says what kind it is, and no more: two kernels have it
in common only if the locks that stand below are the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_STAMP = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?")
# The first line of a complaint. What the kernel says below it is its own business.
_BAD = re.compile(
    r"WARNING: |BUG: |INFO: (?:possible|suspicious|trying to register|inconsistent|rcu|task )|"
    r"kernel BUG at|Oops: |general protection fault|Unable to handle kernel|"
    r"Kernel panic - not syncing|nobody cared|remove_proc_entry: removing non-empty|"
    r"Trying to free already-free IRQ|Resources present before probing|"
    r"ODEBUG: |refcount_t: |list_(?:add|del) corruption|unreferenced object|KASAN: |"
    r"possible recursive locking|circular locking dependency|sleeping function called from|"
    r"genirq: Flags mismatch|disabling already-disabled device|"
    r"Device '.*' does not have a release\(\) function"
)
# Below the first line of a lockdep report: the lock that is taken, one that is held. Which of two
# is taken first may differ from run to run. Source: kernel/locking/lockdep.c print_lock().
_LOCKS = re.compile(r"WARNING: (?!CPU)|Invalid wait context")
_LOCK = re.compile(r"(?:^|\s)\((.+?)(?:#\d+)?\)\{[^}]*\}-\{[^}]*\}, at: ")
_BELOW, _MOST = 14, 2
_NOISE = (
    (re.compile(r"0x[0-9a-f]{6,}|\b[0-9a-f]{16}\b"), "ADDRESS"),
    (re.compile(r"\bCPU: ?\d+"), "CPU"),
    (re.compile(r"\bPID: ?\d+|\bPID \d+"), "PID"),
    (re.compile(r"/\d+(?=/0x|\b)"), "/N"),
    (re.compile(r"\+ADDRESS/ADDRESS|\+0x[0-9a-f]+/0x[0-9a-f]+"), ""),
    (re.compile(r"(?<=\.c):\d+"), ""),  # lines move with every patch
)


def lines_of(text: str) -> list[str]:
    """Return a log as lines without time stamps."""
    return [_STAMP.sub("", line) for line in text.replace("\r", "").split("\n")]


def splats(text: str) -> tuple[str, ...]:
    """Return the complaints of a log, in order, without what differs from run to run."""
    found = []
    lines = lines_of(text)
    for number, line in enumerate(lines):
        if _BAD.search(line) and not line.startswith("lab: "):
            if _LOCKS.search(line):
                line += _locks(lines[number + 1:number + 1 + _BELOW])
            for pattern, instead in _NOISE:
                line = pattern.sub(instead, line)
            found.append(" ".join(line.split()))
    return tuple(found)


def _locks(lines: Sequence[str]) -> str:
    """Return the locks that a report is about, as they stand below its first line."""
    found = [lock[1] for line in lines if (lock := _LOCK.search(line))]
    return ": " + ", ".join(sorted(found[:_MOST])) if found else ""


def excerpt(text: str, least: int = 40) -> str:
    """Return the end of a log, from its last complaint on, or the last lines of it."""
    lines = lines_of(text)
    at = [number for number, line in enumerate(lines) if _BAD.search(line)]
    start = min(at[0], len(lines) - least) if at else len(lines) - least
    return "\n".join(lines[max(0, start):][:200])
