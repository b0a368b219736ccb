# SPDX-License-Identifier: GPL-2.0-only
"""Locks: a driver's mutexes, and C's calls by the functions that their macros end in.

A mutex of a device is told by its name: MUTEX_LOCK(dev, lock="state_lock"). So is a spinlock,
SPIN_LOCK(dev, lock="queue_lock"), whichever way C takes it, with interrupts off or not: who holds
it must not sleep, and it is not read from C. A lock that the design initialises, or destroys, can
be taken from the one until the other; of any other its definition is taken to initialise it. Those
that begin with C_, and what stands below them, mean nothing to a search: they are for the kernel's
own drivers, whose calls a test holds against the C (include/linux/spinlock.h, mutex.h, rwsem.h).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from generator.errors import ModelError
from generator.expr import Fact, Place, Role
from generator.fingerprint import Fingerprint
from generator.operation import (
    ME,
    UNSAID,
    Block,
    Do,
    OnFail,
    Operation,
    fault,
    here,
    ok,
    sets,
)
from generator.ops.assign import plain

USER = Role("user")
SPUN = " spun"  # how the fact of a spinlock ends
_LIVES = "was initialised, and is not destroyed"


def held(lock: str) -> Fact:
    """Return who holds a mutex of a driver: 0, or the number of that process."""
    return Fact(f"{lock} held", 63, f"who holds {lock}")


def spun(lock: str) -> Fact:
    """Return who holds a spinlock of a driver: 0, or the number of that process."""
    return Fact(f"{lock}{SPUN}", 63, f"who holds {lock}, and may not sleep")


@cache
def initialised(lock: str, spins: bool = False) -> Fact:
    """Return whether a lock of a driver can be taken."""
    kind = SPUN if spins else ""
    return Fact(f"{lock}{kind} initialised", 1, f"{lock} {_LIVES}")


def is_lock(fact: Fact) -> bool:
    """Return whether a fact says of a lock that it can be taken."""
    return fact.name.endswith(" initialised") and fact.doc.endswith(_LIVES)


@dataclass(frozen=True)
class OfLock:
    """An operation on locks of drivers: applied it is that on one, named by `lock`."""

    callee: str
    does: Literal["initialise", "take", "release", "destroy"]
    spins: bool = False
    managed: bool = False  # devres destroys it

    def __call__(
        self, *places: Place, lock: str = "lock", c: Mapping[str, str] | None = None,
        fail: OnFail | Block = UNSAID, **which: object,
    ) -> Do:
        """Return it on the lock of a device, at the caller's line.

        Errors: ModelError when devices do not fit.
        """
        if which:
            raise ModelError(here(), f"{self.callee}() takes lock=, not {sorted(which)[0]}=")
        if not isinstance(lock, str) or not lock.isidentifier():
            raise ModelError(here(), f'{self.callee}(): lock= is a name, lock="NAME": not {lock!r}')
        return self.on(lock)(*places, fail=fail, c=c)

    def on(self, name: str) -> Operation:
        """Return the operation on the lock of a name."""
        return _operation(self, name)


@cache
def _operation(of: OfLock, lock: str) -> Operation:
    name = of.callee if lock == "lock" else f"{of.callee}[{lock}]"
    where = "include/linux/spinlock.h" if of.spins else (
        "kernel/locking/mutex.c" if of.does in ("take", "release") else "include/linux/mutex.h")
    op = Operation(name, ("user",), (ok(),), source=f"{where} {of.callee}()", sleeps=False)
    there = initialised(lock, of.spins)
    if of.does in ("initialise", "destroy"):
        made = sets(there(USER), int(of.does == "initialise"))
        op = replace(op, outcomes=(ok(made), fault("-ENOMEM")) if of.managed else (ok(made),))
        if of.managed:
            return replace(op, managed=True, on_devres="user", undo=_operation(MUTEX_DESTROY, lock))
        return op if of.does == "initialise" else replace(op, needs=(there,))
    held_by = (spun if of.spins else held)(lock)(USER)
    op = replace(op, fingerprint=None if of.spins else Fingerprint((of.callee,), on=0),
                 needs=(there,))
    if of.does == "release":
        return replace(op, outcomes=(ok(sets(held_by, 0)),))
    return replace(
        op, outcomes=(ok(sets(held_by, ME)),), waits=held_by.eq(0), sleeps=not of.spins,
        begins=(sets(held_by, held_by),),
        undo=_operation(SPIN_UNLOCK if of.spins else MUTEX_UNLOCK, lock),
    )


MUTEX_LOCK, MUTEX_UNLOCK = OfLock("mutex_lock", "take"), OfLock("mutex_unlock", "release")
MUTEX_INIT, MUTEX_DESTROY = OfLock("mutex_init", "initialise"), OfLock("mutex_destroy", "destroy")
DEVM_MUTEX_INIT = OfLock("devm_mutex_init", "initialise", managed=True)
SPIN_LOCK = OfLock("spin_lock", "take", spins=True)
SPIN_UNLOCK = OfLock("spin_unlock", "release", spins=True)
SPIN_LOCK_INIT = OfLock("spin_lock_init", "initialise", spins=True)

# spin_lock_init() begins with it, with every way of debugging.
SPINLOCK_CHECK = plain("spinlock_check")
SPIN_LOCK_IRQ = plain("spin_lock_irq")
SPIN_UNLOCK_IRQ = plain("spin_unlock_irq")
C_MUTEX_INIT = plain("__mutex_init")
INIT_RWSEM = plain("__init_rwsem")
# With lock debugging, the plain names are macros for the nested ones, else the other way round.
C_MUTEX_LOCK = replace(
    plain("mutex_lock"), fingerprint=Fingerprint(("mutex_lock", "mutex_lock_nested"), on=0),
    sleeps=True,
)
C_MUTEX_UNLOCK = plain("mutex_unlock")
DOWN_READ = replace(
    plain("down_read"), fingerprint=Fingerprint(("down_read", "down_read_nested"), on=0),
    sleeps=True,
)
UP_READ = plain("up_read")
