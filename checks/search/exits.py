# SPDX-License-Identifier: GPL-2.0-only
"""The ways out of a probe: what else breaks where another of its calls fails.

States in which different calls have failed are one where nothing else is different, so a search
tells the first. Here each failure is searched for by itself: the others go well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checks.machine.instances import Inst
from checks.machine.machine import Machine
from checks.machine.step import Kind, Step
from checks.search.lives import part_of_life
from checks.search.native import Found
from checks.search.search import Search
from generator.errors import Where

MANY = 40  # calls that fail, of which each is searched for
LARGE = 20_000  # states of a search that is not done once for each
_CALLS = (Kind.OPERATION, Kind.OPERATION_RETURNS)  # one that waits fails when it returns
Failing = tuple[Inst | None, Where]


def _failing(step: Step) -> Failing | None:
    """Return which call of a probe fails in a step, if one does."""
    fails = step.kind in _CALLS and step.error and step.entry == "probe" and not step.context
    return (step.inst, step.where) if fails else None


def failures(machine: Machine) -> dict[Failing, list[int]]:
    """Return the calls of probes that can fail, and the transitions in which they do."""
    found: dict[Failing, list[int]] = {}
    for number, one in enumerate(machine.transitions):
        if (failing := _failing(one.step)) is not None:
            found.setdefault(failing, []).append(number)
    return found


def exit_of(machine: Machine, path: Sequence[int]) -> int | None:
    """Return the transition in which the call fails behind which a path ends, in that probe."""
    inst = machine.transitions[path[-1]].step.inst if path else None
    failed = (number for number in reversed(path)
              if (failing := _failing(machine.transitions[number].step)) and failing[0] == inst)
    return next(failed, None)


def at_exits(
    machine: Machine, search: Search, *, states: int, seconds: float
) -> Iterator[tuple[Found, list[int], int]]:
    """Yield what breaks where one call of a probe fails: with its way, and that failure."""
    calls = failures(machine)
    if not 1 < len(calls) <= MANY:
        return
    every = [number for numbers in calls.values() for number in numbers]
    try:
        for numbers in calls.values():
            search.library.leave_out({*every} - {*numbers})
            search.run(machine.given, states=states, seconds=seconds)
            for one in search.library.findings():
                path = search.path(one.state, one.origin) + [one.transition] * (one.transition >= 0)
                failed = exit_of(machine, path)
                if failed in numbers and part_of_life(machine, path) == "probe":
                    yield one, path, failed
    finally:
        search.library.leave_out(())
