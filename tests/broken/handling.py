# SPDX-License-Identifier: GPL-2.0-only
"""Designs whose handlers count on the wrong CPU or claim what is not theirs, or that warn."""

from broken.parts import DELETE, KID, MAKE, ONE, PORT, VECTOR, WITH_VECTOR, Case, design, kid, port
from generator.design import Design
from generator.operation import IGNORE
from generator.ops.handling import (
    CLAIM_IRQ,
    IRQ_SET_AFFINITY,
    LOCAL64_ADD,
    READ_STATUS,
    WARN_ON,
    all_ones,
)
from generator.ops.irq import FREE_IRQ, PCI_FREE_IRQ_VECTORS, REQUEST_IRQ
from generator.ops.lock import SPIN_LOCK, SPIN_UNLOCK
from generator.ops.pci import PCI_SET_MASTER
from generator.program import Block, If, Return

PROBE, REMOVE = (ONE, PCI_SET_MASTER(PORT), VECTOR, *MAKE), (*DELETE, PCI_FREE_IRQ_VECTORS(PORT))
MASTERED = (*WITH_VECTOR[:2], "port: pci_set_master(port)", *WITH_VECTOR[2:])
REQUESTED = (*MASTERED, "kid: bind kiddrv", "kid: request_irq(kid)")
UPDATE, CLAIM = LOCAL64_ADD(KID), CLAIM_IRQ(KID)


def handled(atomic: Block = (), then: Block = ()) -> Design:
    """Return the design of a child whose handler does something; `then` follows its request."""
    return design(port(PROBE, REMOVE), kid((REQUEST_IRQ(KID), *then), (FREE_IRQ(KID),), atomic))


CASES = (
    # drivers/pci/controller/vmd.c vmd_create_irq_domain() has MSI_FLAG_NO_AFFINITY, so
    # kernel/irq/msi.c msi_domain_update_chip_ops() leaves its chip without irq_set_affinity, and
    # kernel/irq/manage.c irq_set_affinity_locked() returns -EINVAL.
    Case(
        "N49",
        broken=handled(then=(IRQ_SET_AFFINITY(KID, fail=(WARN_ON(KID),)),)),
        mended=handled(then=(IRQ_SET_AFFINITY(KID, fail=IGNORE),)),
        trace=(*REQUESTED, "kid: irq_set_affinity(kid) -> -EINVAL", "kid: WARN_ON(kid)"),
        hardware={"kid.affinity": "cannot be set"},
    ),
    # arch/x86/include/asm/local.h local_add() has no LOCK prefix. Whoever else is on the irq calls
    # irq_set_affinity() as well, or the administrator, and the handler runs on another CPU than
    # perf's IPI.
    Case(
        "N50",
        broken=handled((UPDATE,)),
        mended=handled((SPIN_LOCK(KID), UPDATE, SPIN_UNLOCK(KID))),
        trace=(*REQUESTED, "kid: callback of kiddrv", "kid: local64_add(kid)"),
        hardware={},
    ),
    # kernel/irq/handle.c __handle_irq_event_percpu() calls every handler of the irq. What
    # readq() finds where nobody answers is all ones.
    Case(
        "N51",
        broken=handled((READ_STATUS(KID), CLAIM)),
        mended=handled((READ_STATUS(KID), If(all_ones(KID), (Return(),)), CLAIM)),
        trace=(
            *MASTERED,
            "port: probe returns 0",
            "kid: bind kiddrv",
            "kid: request_irq(kid)",
            "kid: callback of kiddrv",
            "user: pulls the port out",
            "kid: read status for kid",
            "kid: claim the interrupt for kid",
        ),
        hardware={},
        floating=("kid", "user"),
        episode="surprise",
    ),
)
