# SPDX-License-Identifier: GPL-2.0-only
"""Memory that is left behind: objects of the kernel's allocator, counted before and after."""

from __future__ import annotations

from collections.abc import Mapping

from checks.boot.line import Line, shown
from checks.boot.stage import Stage


def objects(on: Stage) -> dict[str, int]:
    """Return how many objects each of kmalloc()'s caches has, without those that are free."""
    answer = on.guest.order(
        "cd /sys/kernel/slab; for one in kmalloc-*; do echo 1 >$one/shrink; "
        "read -r count rest <$one/objects; echo $one $count; done"
    )
    rows = [line.split() for line in answer.lines]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def kept(
    scenario: str, times: int, before: Mapping[str, int], after: Mapping[str, int]
) -> Line:
    """Return whether something that was done many times kept memory each time.

    Fewer objects than times may be anybody's: a table that grew, a work item that waits.
    """
    found = [
        f"{after[name] - before.get(name, 0)} of {name}" for name in after
        if after[name] - before.get(name, 0) >= times
    ]
    return Line(scenario, "system", f"memory kept by {times} times", "none", shown(found),
                "/sys/kernel/slab/*/objects", "kernel")
