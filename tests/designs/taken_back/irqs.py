# SPDX-License-Identifier: GPL-2.0-only
"""An endpoint with an irq: freed once, by its driver or by devres, over sleep as well.

free_irq() of what devm_request_irq() requested leaves it on the devres list, and frees it twice:
kernel/irq/devres.c devm_request_threaded_irq(). So does a .remove after a .suspend that freed it,
when .resume did not get it back and said nothing of that.
"""

from generator.design import Design, Device, Driver
from generator.facts import HANDLER, MSG
from generator.operation import IGNORE, Guard
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    FREE_IRQ,
    MSI,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    REQUEST_IRQ,
)
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.program import Block, If

CARD = Device("card", "pci", answers=((MSG, ("0",)),))
FIRST: Block = (
    PCI_ENABLE_DEVICE(CARD),
    PCI_SET_MASTER(CARD),
    PCI_ALLOC_IRQ_VECTORS(CARD, min=1, max=1, types=MSI),
    PCI_IRQ_VECTOR(CARD, CARD, nr=0),
)
LAST: Block = (PCI_FREE_IRQ_VECTORS(CARD), PCI_DISABLE_DEVICE(CARD))
REQUEST, FREE = REQUEST_IRQ(CARD), FREE_IRQ(CARD)
HAD = Guard("the irq is requested", HANDLER(CARD).ne(0), ())
IF_HAD = If(HAD, (FREE,))


def _design(
    request: Block, free: Block, suspend: Block | None = None, resume: Block | None = None
) -> Design:
    card = Driver("carddrv", CARD, (*FIRST, *request), (*free, *LAST), suspend=suspend,
                  resume=resume)
    return Design("irqs", "an endpoint with an irq", (CARD,), (card,))


DESIGN = _design((REQUEST,), (FREE,))
SOUND = (
    _design((REQUEST,), (IF_HAD,), (IF_HAD,), (REQUEST,)),
    _design((REQUEST,), (FREE,), (FREE,), (REQUEST,)),  # its driver is not told that resume failed
)
BUGGY = (
    (_design((REQUEST,), (FREE, FREE)), "N20"),
    (_design((DEVM_REQUEST_IRQ(CARD, CARD),), (FREE,)), "N20"),
    (_design((REQUEST, REQUEST), (FREE,)), "N21"),
    (_design((REQUEST,), (FREE,), (FREE,), ()), "N20"),
    (_design((REQUEST,), (FREE,), (FREE,), (REQUEST_IRQ(CARD, fail=IGNORE),)), "N20"),
)
