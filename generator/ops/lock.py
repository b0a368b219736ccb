# SPDX-License-Identifier: GPL-2.0-only
"""Locks: a driver's mutexes, and C's calls by the functions that their macros end in.

A mutex of a device is told by its name: MUTEX_LOCK(dev, lock="state_lock"). So is a spinlock,
SPIN_LOCK(dev, lock="queue_lock"), whichever way C takes it, with interrupts off or not: who holds
it must not sleep, and it is not read from C. Those that begin with C_, and what stands below them,
mean nothing to a search: they are for the kernel's own drivers, whose calls a test holds against
the C (include/linux/spinlock.h, mutex.h, rwsem.h).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from generator.errors import ModelError
from generator.expr import Fact, Place, Role
from generator.fingerprint import Fingerprint
from generator.operation import ME, Do, Operation, here, ok, sets
from generator.ops.assign import plain

USER = Role("user")
SPUN = " spun"  # how the fact of a spinlock ends


def held(lock: str) -> Fact:
    """Return who holds a mutex of a driver: 0, or the number of that process."""
    return Fact(f"{lock} held", 63, f"who holds {lock}")


def spun(lock: str) -> Fact:
    """Return who holds a spinlock of a driver: 0, or the number of that process."""
    return Fact(f"{lock}{SPUN}", 63, f"who holds {lock}, and may not sleep")


@dataclass(frozen=True)
class OfLock:
    """An operation on locks of drivers: applied it is that on one, named by `lock`."""

    callee: str
    locks: bool
    spins: bool = False

    def __call__(
        self, *places: Place, lock: str = "lock", c: Mapping[str, str] | None = None,
        **which: object,
    ) -> Do:
        """Return it on the mutex of a device, at the caller's line.

        Errors: ModelError when devices do not fit.
        """
        if which:
            raise ModelError(here(), f"{self.callee}() takes lock=, not {sorted(which)[0]}=")
        if not isinstance(lock, str) or not lock.isidentifier():
            raise ModelError(here(), f'{self.callee}(): lock= is a name, lock="NAME": not {lock!r}')
        return _operation(self, lock)(*places, c=c)


@cache
def _operation(of: OfLock, lock: str) -> Operation:
    held_by = (spun if of.spins else held)(lock)(USER)
    name = of.callee if lock == "lock" else f"{of.callee}[{lock}]"
    where = "include/linux/spinlock.h" if of.spins else "kernel/locking/mutex.c"
    off = Operation(
        name, ("user",), (ok(sets(held_by, 0)),), source=f"{where} {of.callee}()", sleeps=False,
        fingerprint=None if of.spins else Fingerprint((of.callee,), on=0),
    )
    if not of.locks:
        return off
    return replace(
        off, outcomes=(ok(sets(held_by, ME)),), waits=held_by.eq(0), sleeps=not of.spins,
        begins=(sets(held_by, held_by),),
        undo=_operation(SPIN_UNLOCK if of.spins else MUTEX_UNLOCK, lock),
    )


MUTEX_LOCK, MUTEX_UNLOCK = OfLock("mutex_lock", True), OfLock("mutex_unlock", False)
SPIN_LOCK = OfLock("spin_lock", True, spins=True)
SPIN_UNLOCK = OfLock("spin_unlock", False, spins=True)

# spin_lock_init() begins with it, with every way of debugging.
SPINLOCK_CHECK = plain("spinlock_check")
SPIN_LOCK_IRQ = plain("spin_lock_irq")
SPIN_UNLOCK_IRQ = plain("spin_unlock_irq")
MUTEX_INIT = plain("__mutex_init")
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
