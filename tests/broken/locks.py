# SPDX-License-Identifier: GPL-2.0-only
"""Designs whose locks are taken in circles."""

from broken.parts import DELETE, KID, MADE, MAKE, PORT, Case, design, kid, port
from generator.facts import CAN_DYN, CAP, COUNT, MSG
from generator.ops.corelock import (
    DEVICE_LOCK,
    DEVICE_UNLOCK,
    IRQ_DOMAIN_LOCK,
    IRQ_DOMAIN_UNLOCK,
)
from generator.ops.irq import (
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_MSIX_ALLOC_IRQ_AT,
)

ONE = PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=MSIX)
AT = PCI_MSIX_ALLOC_IRQ_AT(PORT, KID, nr=MSG(KID))
INSIDE_DOMAIN = (IRQ_DOMAIN_LOCK(PORT, KID), AT, IRQ_DOMAIN_UNLOCK(PORT, KID))
BEHIND = (IRQ_DOMAIN_LOCK(PORT, KID), IRQ_DOMAIN_UNLOCK(PORT, KID), AT)
X86 = {CAP: "MSI-X", COUNT: "2", CAN_DYN: "yes", MSG: "1"}

CASES = (
    # drivers/base/dd.c __driver_attach() holds the port's lock around its probe; device_add() of
    # the child there calls bus_probe_device() -> __device_attach(): a driver that is loaded probes
    # at once, in the same thread, and device_lock() of the port never returns. The other order,
    # a parent that locks its child, is that of device_del().
    Case(
        "R25",
        broken=design(port(MAKE, DELETE), kid((DEVICE_LOCK(PORT, KID), DEVICE_UNLOCK(PORT, KID)))),
        mended=design(port((*MAKE, DEVICE_LOCK(KID, PORT), DEVICE_UNLOCK(KID, PORT)), DELETE),
                      kid(())),
        trace=(
            "port: bind portdrv",
            *MADE,
            "kid: bind kiddrv at once",
            "kid: device_lock(port, kid)",
        ),
        hardware={},
    ),
    # kernel/irq/irqdomain.c __irq_domain_alloc_irqs(): mutex_lock(&domain->root->mutex) around
    # irq_domain_alloc_irqs_locked(), which calls domain->ops->alloc. pci_msix_alloc_irq_at() from
    # there comes to the same function and the same root: mutex_lock() of a mutex that it holds.
    Case(
        "R26",
        broken=design(port((ONE, *MAKE), (*DELETE, PCI_FREE_IRQ_VECTORS(PORT))),
                      kid(INSIDE_DOMAIN), given=X86),
        mended=design(port((ONE, *MAKE), (*DELETE, PCI_FREE_IRQ_VECTORS(PORT))),
                      kid(BEHIND), given=X86),
        trace=(
            "port: bind portdrv",
            "port: pci_alloc_irq_vectors(port)",
            *MADE,
            "kid: bind kiddrv",
            "kid: lock root irqdomain(port, kid)",
            "kid: pci_msix_alloc_irq_at(port, kid)",
        ),
        hardware={},
    ),
)
