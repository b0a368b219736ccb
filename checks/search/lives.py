# SPDX-License-Identifier: GPL-2.0-only
"""In which part of a life a rule is broken: one line may break it in several, each by itself."""

from __future__ import annotations

from collections.abc import Sequence

from checks.machine.machine import Machine
from checks.machine.step import Kind

# What a driver is in from there on. Behind a probe that has failed it is in that probe's end still.
BEGINS = {
    Kind.ENUMERATE: "probe", Kind.BIND: "probe", Kind.PROBE_RETURNS: "bound",
    Kind.UNBIND: "remove", Kind.CALL: "callback", Kind.CALL_RETURNS: "bound",
    Kind.RUNTIME_SUSPENDED: "bound",
}


def part_of_life(machine: Machine, path: Sequence[int]) -> str:
    """Return what the driver of a path's last step is in: its probe, its remove, neither."""
    steps = [machine.transitions[number].step for number in path]
    if not steps:
        return ""
    inst = steps[-1].inst
    return next((BEGINS[one.kind] for one in reversed(steps)
                 if one.inst == inst and not one.context and one.kind in BEGINS), "")

