# SPDX-License-Identifier: GPL-2.0-only
"""What one call of an interface, or of a file, has taken by itself and not given back.

Others of the driver count the same facts meanwhile, so it is counted apart, from call to return:
what it may keep when it goes well it may not keep when it returns an error. What it has noted in
the driver's data by then, in a flag or a pointer, it has not lost: a later call looks there.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.machine.instances import Inst
from checks.machine.step import Build, Kind, Transition
from generator.expr import Expr, Fact, Num, Read, maximum, minimum, num
from generator.facts import (
    CLOCK_ON,
    CLOCK_PREPARED,
    HID_OPEN,
    MORE_POWER,
    PHY_INITED,
    PHY_ON,
    POWER,
    SLEEPY,
    SUPPLY_ON,
)

_POWER = "a runtime PM reference"
_COUNTS = {
    CLOCK_ON: "clock on", CLOCK_PREPARED: "clock prepared", SUPPLY_ON: "supply on",
    PHY_ON: "phy on", PHY_INITED: "phy initialised", HID_OPEN: "hid open",
    POWER: _POWER, MORE_POWER: _POWER, SLEEPY: _POWER,
}
_MOST = 3


def taken(context: str, what: str) -> Fact:
    """Return how much of something a call has taken and not given back."""
    return Fact(f"{context} took {what}", _MOST, f"what a call of {context} took: {what}",
                local=True)


def count_taken(made: Build, first: int, inst: Inst, context: str) -> None:
    """Count in the transitions of a context, from `first` on, what a call that can fail takes."""
    mine = made.transitions[first:]
    if not any(one.step.kind is Kind.CALL_FAILS for one in mine):
        return
    rising = {which for one in mine for which, _ in _changes(one)
              if one.step.op is not None and one.step.op.undo is not None}
    own = {which: taken(context, which[1])(which[0]) for which in rising}
    if not own:
        return
    for at, one in enumerate(mine, first):
        gives: dict[Read, Expr] = {}
        if one.step.kind in (Kind.CALL, Kind.CALL_RETURNS, Kind.CALL_FAILS) or _notes(one):
            gives = {read: num(0) for read in own.values()}
        for which, change in _changes(one):
            if which in own:
                read = own[which]
                gives[read] = gives.get(read, read) + change
        kept = tuple((read, minimum(maximum(value, 0), _MOST) if value != num(0) else value)
                     for read, value in gives.items())
        made.transitions[at] = one.changed(one.when, (*one.gives, *kept))
    made.view.taken = {**made.view.taken, (inst, context): tuple(own.values())}


def _notes(one: Transition) -> bool:
    """Return whether a step sets something in the data of its driver."""
    return one.step.op is not None and any(
        read.fact.local and isinstance(value, Num) and value.value for read, value in one.gives)


def _changes(one: Transition) -> Iterator[tuple[tuple[Inst, str], Expr]]:
    """Yield what a step makes more of, or less, and by how much."""
    for read, value in one.gives:
        what = _COUNTS.get(read.fact)
        if what is not None and isinstance(read.of, Inst):
            # that of local_pci_probe() is there while it is not given away
            more = read - value if read.fact == SLEEPY else value - read
            yield (read.of, what), more
