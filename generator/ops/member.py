# SPDX-License-Identifier: GPL-2.0-only
"""A member of a driver's data, in which what runs beside probe and remove looks for something."""

from __future__ import annotations

from functools import cache

from generator import facts
from generator.expr import Fact
from generator.operation import DEV, Operation, ok, sets
from generator.ops.assign import assign

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
