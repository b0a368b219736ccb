# SPDX-License-Identifier: GPL-2.0-only
"""Locks, by the functions that their macros end in (include/linux/spinlock.h, mutex.h, rwsem.h)."""

from __future__ import annotations

from dataclasses import replace

from generator.fingerprint import Fingerprint
from generator.ops.assign import plain

# spin_lock_init() begins with it, with every way of debugging.
SPINLOCK_CHECK = plain("spinlock_check")
SPIN_LOCK_IRQ = plain("spin_lock_irq")
SPIN_UNLOCK_IRQ = plain("spin_unlock_irq")
MUTEX_INIT = plain("__mutex_init")
INIT_RWSEM = plain("__init_rwsem")
# With lock debugging, the plain names are macros for the nested ones, else the other way round.
MUTEX_LOCK = replace(
    plain("mutex_lock"), fingerprint=Fingerprint(("mutex_lock", "mutex_lock_nested"), on=0),
    sleeps=True,
)
MUTEX_UNLOCK = plain("mutex_unlock")
DOWN_READ = replace(
    plain("down_read"), fingerprint=Fingerprint(("down_read", "down_read_nested"), on=0),
    sleeps=True,
)
UP_READ = plain("up_read")
