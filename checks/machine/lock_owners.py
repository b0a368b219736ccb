# SPDX-License-Identifier: GPL-2.0-only
"""Who holds which lock, for designs that take locks themselves; others need not know.

A lock is a fact of a device: 0, or the number of the process that holds it. The driver core
holds the device_lock around probe, remove and shutdown (drivers/base/dd.c).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from checks.machine.instances import Inst, View
from checks.machine.step import Build
from generator.context import wanted
from generator.design import Driver
from generator.expr import TRUE, Expr, Fact, Nth, Place, Read, all_of, any_of, num
from generator.facts import DEVICE_MUTEX, INSIDE, MUTEXES
from generator.operation import ME, Operation
from generator.program import operations

HANDLER, OTHERS = "the handler", "the others"  # as contexts: no driver can name one so


def takes_locks(drivers: Iterable[Driver]) -> bool:
    """Return whether some driver takes a lock by itself."""
    return any(
        one.target.fact in MUTEXES
        for driver in drivers for block in driver.blocks().values()
        for do in operations(block) for way in do.op.outcomes for one in way.gives
    )


def number(view: View, inst: Inst) -> int:
    """Return the number of a device, and of the process that its driver is."""
    return view.instances.index(inst) + 1


def beside(view: View, inst: Inst, context: str) -> int:
    """Return the number of a device's handler, or of the others who use it: for spinlocks."""
    base = len(view.instances) + len(view.contexts) + number(view, inst)
    return base + (len(view.instances) if context == OTHERS else 0)


def numbered(view: View, me: int, binding: Mapping[str, Place]) -> dict[str, Expr]:
    """Return the numbers that operations on locks speak of: the caller's, and of each role."""
    found: dict[str, Expr] = {ME.name: num(me)}
    for role, place in binding.items():
        if isinstance(place, Inst):
            found[f"number of {role}"] = num(number(view, place))
    return found


def locked(made: Build, inst: Inst) -> tuple[tuple[Read, Expr | int], ...]:
    """Return that the driver core takes the lock of a device, for its driver's process."""
    return ((DEVICE_MUTEX(inst), number(made.view, inst)),) if made.locks else ()


def unlocked(made: Build, inst: Inst) -> tuple[tuple[Read, Expr | int], ...]:
    """Return that the driver core releases the lock of a device."""
    return ((DEVICE_MUTEX(inst), 0), (INSIDE(inst), 0)) if made.locks else ()


def mutex_free(made: Build, inst: Inst) -> Expr:
    """Return whether the driver core can have the lock of a device."""
    return DEVICE_MUTEX(inst).eq(0) if made.locks else TRUE


def free_for(
    made: Build, op: Operation, binding: Mapping[str, Place], me: int
) -> Expr:
    """Return whether nobody else holds a lock that an operation takes while it runs."""
    if not made.locks:
        return TRUE
    free = []
    for fact, role in op.locks:
        place = binding[role]
        free.append(any_of(fact(place).eq(0), fact(place).eq(me)))
    return all_of(*free)


def takes(op: Operation) -> Iterator[tuple[Fact, str]]:
    """Yield the locks that an operation takes to keep, each with the role that it is of."""
    for way in op.outcomes:
        for give in way.gives:
            if give.value == ME:
                yield give.target.fact, give.target.of.name


def mutexes(view: View) -> list[Read]:
    """Return the mutexes that drivers take: those of the driver core are R25's."""
    found = set()
    for do in view.operations:
        for fact, role in takes(do.op):
            place = do.binding[role]
            device = place.of if isinstance(place, Nth) else place
            found |= {fact(inst) for inst in view.instances
                      if inst.device == device and fact not in MUTEXES}
    return sorted(found, key=lambda read: read.key)


def waits_at(
    view: View, op: Operation, binding: Mapping[str, Place], context: str, inst: Inst
) -> tuple[tuple[Read, Expr], ...]:
    """Return which mutex a process waits for where an operation takes one.

    Nobody asks in a design in which nothing runs beside entry points.
    """
    wants = [fact(binding[role]) for fact, role in takes(op) if fact not in MUTEXES]
    if not wants or not view.contexts:
        return ()
    there = mutexes(view)
    return tuple((wanted(context)(inst), num(there.index(lock) + 1)) for lock in wants)
