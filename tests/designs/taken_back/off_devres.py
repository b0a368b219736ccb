# SPDX-License-Identifier: GPL-2.0-only
"""An endpoint that takes its irq off the devres list in .remove, before it frees the vectors.

CVE-2024-35816: firewire-ohci disabled MSI in .remove and left its irq to devres, which is too
late; the fix calls devm_free_irq() first. That is for what devres has on its list, and only once.
"""

from generator.design import Design, Device, Driver
from generator.facts import BLOCK, MSG
from generator.ops.device import DEVM_KFREE, DEVM_KZALLOC
from generator.ops.irq import (
    DEVM_FREE_IRQ,
    DEVM_REQUEST_IRQ,
    FREE_IRQ,
    INTX,
    MSI,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    REQUEST_IRQ,
)
from generator.ops.pci import PCI_SET_MASTER, PCIM_ENABLE_DEVICE
from generator.ops.perf import (
    DEVM_IOREMAP,
    DEVM_IOUNMAP,
    devm_action,
    devm_release_action,
    devm_remove_action,
)
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.program import Block

HOST = Device("host", "pci", answers=((BLOCK, ("in an assigned BAR",)), (MSG, ("0",))))
FREE = DEVM_FREE_IRQ(HOST, HOST)
VECTORS = PCI_FREE_IRQ_VECTORS(HOST)
MANAGED = DEVM_REQUEST_IRQ(HOST, HOST)
BY_HAND = REQUEST_IRQ(HOST)


def _design(request: Block, free: Block) -> Design:
    host = Driver(
        "hostdrv", HOST,
        probe=(
            PCIM_ENABLE_DEVICE(HOST),
            PCI_SET_MASTER(HOST),
            DEVM_KZALLOC(HOST, HOST),
            DEVM_IOREMAP(HOST, HOST),
            DISABLE_SOURCE(HOST),
            PCI_ALLOC_IRQ_VECTORS(HOST, min=1, max=1, types=MSI | INTX),
            PCI_IRQ_VECTOR(HOST, HOST, nr=0),
            *request,
            ENABLE_SOURCE(HOST),
        ),
        remove=(DISABLE_SOURCE(HOST), *free, VECTORS),
    )
    return Design("off-devres", "an endpoint with a managed irq", (HOST,), (host,))


DESIGN = _design((MANAGED,), (FREE,))
SOUND = (
    _design((MANAGED,), (FREE, DEVM_IOUNMAP(HOST, HOST), DEVM_KFREE(HOST, HOST))),
    _design((BY_HAND, devm_action(FREE_IRQ, "free")(HOST, HOST)),
            (devm_release_action(FREE_IRQ, "free")(HOST, HOST),)),
    _design((BY_HAND, devm_action(FREE_IRQ, "free")(HOST, HOST)),
            (devm_remove_action(FREE_IRQ, "free")(HOST, HOST), FREE_IRQ(HOST))),
)
BUGGY = (
    (_design((MANAGED,), ()), "R13"),
    (_design((MANAGED,), (FREE, FREE)), "N20"),
    (_design((BY_HAND,), (FREE,)), "N20"),
    (_design((BY_HAND, devm_action(FREE_IRQ, "free")(HOST, HOST)), (FREE_IRQ(HOST),)), "N20"),
    (_design((BY_HAND,), (devm_remove_action(FREE_IRQ, "free")(HOST, HOST), FREE_IRQ(HOST))),
     "N20"),
)
