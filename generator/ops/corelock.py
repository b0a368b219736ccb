# SPDX-License-Identifier: GPL-2.0-only
"""Locks of the driver core and of interrupt domains, for designs that take them themselves.

device_lock() is of one device; msi_lock_descs() too, all of one lock class; what a hierarchy of
irqdomains takes is the mutex of its root.
"""

from __future__ import annotations

from generator.expr import Fact, Role
from generator.facts import DESC_MUTEX, DEVICE_MUTEX, MUTEXES, ROOT_MUTEX, WANTS
from generator.fingerprint import Fingerprint
from generator.operation import DEV, ME, Operation, number_of, ok, sets

USER = Role("user")


def _pair(mutex: Fact, lock: str, unlock: str, source: str) -> tuple[Operation, Operation]:
    off = Operation(
        unlock,
        ("dev", "user"),
        (ok(sets(mutex(DEV), 0)),),
        source=source,
        fingerprint=Fingerprint((unlock,), on=0),
        sleeps=False,
    )
    wanted = number_of("dev") + 64 * MUTEXES.index(mutex)
    on = Operation(
        lock,
        ("dev", "user"),
        (ok(sets(mutex(DEV), ME), sets(WANTS(USER), 0)),),
        source=source,
        fingerprint=Fingerprint((lock,), on=0),
        begins=(sets(WANTS(USER), wanted),),
        waits=mutex(DEV).eq(0),
        undo=off,
    )
    return on, off


DEVICE_LOCK, DEVICE_UNLOCK = _pair(
    DEVICE_MUTEX, "device_lock", "device_unlock", "include/linux/device.h device_lock()"
)
MSI_LOCK_DESCS, MSI_UNLOCK_DESCS = _pair(
    DESC_MUTEX, "msi_lock_descs", "msi_unlock_descs", "kernel/irq/msi.c msi_lock_descs()"
)
# Whatever allocates in a hierarchy runs its domains' .alloc callbacks under it.
IRQ_DOMAIN_LOCK, IRQ_DOMAIN_UNLOCK = _pair(
    ROOT_MUTEX, "lock root irqdomain", "unlock root irqdomain",
    "kernel/irq/irqdomain.c __irq_domain_alloc_irqs()",
)
