# SPDX-License-Identifier: GPL-2.0-only
"""Memory that is left behind: objects of the kernel's allocator, by who allocated them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from checks.boot.guest.line import Line, shown
from checks.boot.scenarios.stage import Stage

ROUNDS = 3
TRACES = "/sys/kernel/debug/slab/kmalloc-*/alloc_traces"


def objects(on: Stage) -> dict[str, int]:
    """Return how many objects of kmalloc()'s caches there are of each place that allocates some.

    Source: Documentation/mm/slab.rst, alloc_traces; slab_debug=U on the kernel's command line.
    """
    answer = on.guest.order(
        f"cat {TRACES} | "
        "awk '/^ *[0-9]+ / { n[$2] += $1 } END { for (one in n) print one, n[one] }'"
    )
    rows = [line.split() for line in answer.lines]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def grown(times: int, before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Return who has as many more objects as something was done, and how many more.

    Fewer objects than times may be anybody's: a table that grew, a work item that waits.
    """
    more = {name: count - before.get(name, 0) for name, count in after.items()}
    return {name: count for name, count in more.items() if count >= times}


def each_time(
    times: int, before: Mapping[str, int], after: Mapping[str, int]
) -> dict[str, int]:
    """Return who has more objects for each time that something was done, and how many.

    What others allocate meanwhile is seldom about as many for each time.
    """
    more = {name: count - before.get(name, 0) for name, count in after.items()}
    return {name: each for name, count in more.items()
            if (each := round(count / times)) > 0 and abs(count - each * times) <= times // 3}


def kept(
    scenario: str, times: int, on: Stage, before: Mapping[str, int], do_again: Callable[[], object]
) -> Line:
    """Return whether something that was done many times kept memory each time.

    What has grown is done as often again, a few times: what is kept each time grows in every
    round by as many objects. What was only needed for the first time does not, and neither does
    what others of the system happen to allocate meanwhile.
    """
    after = objects(on)
    if not before or not after:
        return Line(scenario, "system", f"memory kept by {times} times", "none", "not read",
                    TRACES, "premise")
    found: dict[str, int] = {}
    suspects = grown(times, before, after).keys()
    for number in range(ROUNDS):
        if not suspects:
            break
        do_again()
        last, after = after, objects(on)
        more = each_time(times, last, after)
        found = {name: more[name] for name in suspects & more.keys()
                 if not number or found[name] == more[name]}
        suspects = found.keys()
    found = {name: found[name] * times for name in suspects}
    return Line(scenario, "system", f"memory kept by {times} times", "none",
                shown(f"{count} of {name}" for name, count in found.items()),
                TRACES, "kernel")
