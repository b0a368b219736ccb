# SPDX-License-Identifier: GPL-2.0-only
"""What handlers count and claim, on which CPU; and warnings.

What a handler reads of its device, and the arithmetic of counters, are written otherwise by every
driver, so these have no C of their own and are not looked for in drivers that are read.
"""

from __future__ import annotations

from generator.expr import ParentOf, Place, Role
from generator.facts import AFFINITY, ALL_ONES, GONE
from generator.fingerprint import Fails, Fingerprint
from generator.operation import Guard, Operation, fail, ok, sets

USER = Role("user")
CANNOT = AFFINITY(USER).eq(1)

IRQ_SET_AFFINITY = Operation(
    "irq_set_affinity",
    ("user",),
    (ok(when=~CANNOT), fail("-EINVAL", CANNOT)),
    source="kernel/irq/manage.c irq_set_affinity_locked(): -EINVAL of a chip without; of MSIs, "
    "include/linux/msi.h MSI_FLAG_NO_AFFINITY, which drivers/pci/controller/vmd.c and others set; "
    "include/linux/interrupt.h irq_set_affinity() of kernels without SMP",
    fingerprint=Fingerprint(("irq_set_affinity",), fails=Fails.NEGATIVE),
    sleeps=False,
)

# In the fail= of what is warned of, or behind a condition.
WARN_ON = Operation(
    "WARN_ON",
    ("user",),
    (ok(),),
    source="include/asm-generic/bug.h WARN_ON(); kernel/panic.c check_panic_on_warn()",
    sleeps=False,
)

# What changes a count that a handler changes too, without a lock.
LOCAL64_ADD = Operation(
    "local64_add",
    ("user",),
    (ok(),),
    source="include/asm-generic/local64.h local64_add(), local64_cmpxchg(): atomic against what "
    "else runs on the same CPU, not against other CPUs",
    sleeps=False,
)

READ_STATUS = Operation(
    "read status",
    ("user",),
    (ok(sets(ALL_ONES(USER), GONE(ParentOf(USER)))),),  # of a PCI device it is its own
    source="the driver's own read of its device, as drivers/pci/hotplug/pciehp_hpc.c pciehp_isr()",
    sleeps=False,
    needs_d0="user",
)

# What a handler does that takes an interrupt for one of its device: it serves it, and counts.
CLAIM_IRQ = Operation(
    "claim the interrupt",
    ("user",),
    (ok(),),
    source="include/linux/irqreturn.h IRQ_HANDLED",
    sleeps=False,
)


def all_ones(device: Place) -> Guard:
    """Return the condition that READ_STATUS has read all ones, as PCI_POSSIBLE_ERROR() asks it."""
    return Guard("all ones", ALL_ONES(device).eq(1), ())
