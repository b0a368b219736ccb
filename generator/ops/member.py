# SPDX-License-Identifier: GPL-2.0-only
"""A member of a driver's data, in which what runs beside probe and remove looks for something."""

from __future__ import annotations

from functools import cache

from generator import facts
from generator.expr import Fact
from generator.operation import DEV, Operation, ok, sets
from generator.ops.assign import assign, note

NOTHING = ("NULL", "0", "false")  # as C stores that there is none


DRVDATA = "drvdata"  # in the place of a path: the pointer to the driver's data in its device


def member(path: str) -> Fact:
    """Return whether a member has been set, by its path in C, "card.clk".

    Of the pointer to the driver's data it is what platform_set_drvdata() and its like set.
    """
    if path == DRVDATA:
        return facts.DRVDATA
    return Fact(f"{path} set", 1, f"{path} has what its driver put there", local=True)


@cache
def set_member(path: str, value: str = "") -> Operation:
    """Return the assignment to a member; a value of NOTHING takes back what is there."""
    there = 0 if value in NOTHING else 1
    return assign(path, value, sets(member(path)(DEV), there), roles=("dev",))


USE_DRVDATA = Operation(
    "use driver data", ("dev",), (ok(),), source="include/linux/device.h dev_get_drvdata()",
    needs=(member(DRVDATA),), sleeps=False,
)


def dangling(fact: Fact) -> Fact:
    """Return whether a pointer is there still, not NULL, whose end is gone: what a fact says."""
    return Fact(f"{fact.name} dangling", 1, "the pointer to it is not NULL, and it is gone",
                local=True)


@cache
def cleared(undo: Operation) -> Operation:
    """Return the assignment of NULL to the pointer that an operation is called with, as kfree()."""
    gone = [one.target.fact for way in undo.outcomes for one in way.gives if one.each is None]
    return note(f"{undo.name}: pointer = NULL", *(sets(dangling(fact)(DEV), 0) for fact in gone),
                roles=("dev",))
