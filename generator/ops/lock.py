# SPDX-License-Identifier: GPL-2.0-only
"""Locks, by the functions that their macros end in (include/linux/spinlock.h, mutex.h, rwsem.h)."""

from __future__ import annotations

from generator.ops.assign import plain

# spin_lock_init() begins with it, with every way of debugging.
SPINLOCK_CHECK = plain("spinlock_check")
SPIN_LOCK_IRQ = plain("spin_lock_irq")
SPIN_UNLOCK_IRQ = plain("spin_unlock_irq")
MUTEX_INIT = plain("__mutex_init")
