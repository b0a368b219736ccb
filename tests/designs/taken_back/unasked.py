# SPDX-License-Identifier: GPL-2.0-only
"""What hardware is not asked where the bus has decided it, and what it is asked still.

kvaser_pciefd and pch_gbe: one vector, so one message, which no other can be; farsync maps a second
BAR of its own. Where several vectors can come, the number is asked, as is where a child's registers
lie.
"""

from collections.abc import Mapping

from generator.design import Design, Device, Driver
from generator.facts import BLOCK, COUNT, MSG
from generator.operation import Block
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import (
    FREE_IRQ,
    INTX,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    REQUEST_IRQ,
)
from generator.ops.mapping import IOREMAP, IOUNMAP, PCI_IOMAP, PCI_IOUNMAP
from generator.ops.pci import (
    PCI_CLEAR_MASTER,
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_SET_MASTER,
)
from generator.ops.perf import DEVM_IOREMAP
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE

CARD = Device("card", "pci")
BAR = Device("bar", "part", CARD)
ON = (DEVM_KZALLOC(CARD, CARD), PCI_ENABLE_DEVICE(CARD), PCI_SET_MASTER(CARD))
OFF = (PCI_CLEAR_MASTER(CARD), PCI_DISABLE_DEVICE(CARD))


def _card(
    most: int, *early: Device, types: int = MSIX | MSI | INTX,
    given: Mapping[object, str] | None = None, card: Device = CARD,
) -> Design:
    live, alloc = ENABLE_SOURCE(card), PCI_ALLOC_IRQ_VECTORS(card, min=1, max=most, types=types)
    handler = (PCI_IRQ_VECTOR(card, card, nr=0), REQUEST_IRQ(card))
    last: Block = (PCI_FREE_IRQ_VECTORS(card), PCI_CLEAR_MASTER(card), PCI_DISABLE_DEVICE(card))
    probe = (DEVM_KZALLOC(card, card), PCI_ENABLE_DEVICE(card), PCI_SET_MASTER(card), alloc,
             *((live, *handler) if early else (*handler, live)))
    remove = (DISABLE_SOURCE(card), FREE_IRQ(card), *last)
    return Design("card", "a handler on its first vector", (card,),
                  (Driver("card", card, probe, remove),), given=given or {})


def _bars(probe: Block, remove: Block = (), bar: Device = BAR) -> Design:
    return Design("bars", "registers in two BARs", (CARD, bar),
                  (Driver("card", CARD, (*ON, *probe), (*remove, *OFF)),))


SECOND = Device("card", "pci", answers=((MSG, ("1",)),))
FAR = Device("bar", "part", CARD, answers=((BLOCK, ("in an assigned BAR", "elsewhere")),))
DESIGN = _card(1)
SOUND = (
    _card(1, types=MSI), _card(1, types=MSIX), _card(4, given={COUNT: "1"}), _card(4, types=INTX),
    _bars((IOREMAP(CARD), IOREMAP(BAR)), (IOUNMAP(BAR), IOUNMAP(CARD))),
    _bars((PCI_IOMAP(CARD), PCI_IOMAP(BAR)), (PCI_IOUNMAP(BAR), PCI_IOUNMAP(CARD))),
    _bars((DEVM_IOREMAP(CARD, CARD), DEVM_IOREMAP(BAR, CARD))),
)
BUGGY = (
    (_card(1, CARD), "R19"), (_card(2), "R19"), (_card(1, card=SECOND), "R19"),
    (_bars((DEVM_IOREMAP(FAR, CARD),), bar=FAR), "N7"),
)
