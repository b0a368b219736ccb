# SPDX-License-Identifier: GPL-2.0-only
"""An endpoint that never frees its vectors: right after pcim_enable_device(), and only then.

drivers/pci/msi/msi.c pcim_setup_msi_release() makes the vectors of a managed device managed at the
first enable, whatever the allocation is called. An irq that devres has on its list before that, or
an enable that is not managed, and they outlive what they are for.
"""

from generator.design import Design, Device, Driver
from generator.facts import MSG
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    FREE_IRQ,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    PCIM_ALLOC_IRQ_VECTORS,
    REQUEST_IRQ,
)
from generator.ops.pci import (
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_SET_MASTER,
    PCIM_ENABLE_DEVICE,
)
from generator.ops.perf import DEVM_KCALLOC, devm_action
from generator.program import Block

NIC = Device("nic", "pci", answers=((MSG, ("0",)),))
PLAIN = PCI_ALLOC_IRQ_VECTORS(NIC, min=1, max=1, types=MSI | MSIX)
MANAGED = PCIM_ALLOC_IRQ_VECTORS(NIC, min=1, max=1, types=MSI | MSIX)
VECTOR = PCI_IRQ_VECTOR(NIC, NIC, nr=0)
IRQ: Block = (VECTOR, DEVM_REQUEST_IRQ(NIC, NIC), DEVM_KCALLOC(NIC))  # which can fail
ENABLE, ENABLE_MANAGED = PCI_ENABLE_DEVICE(NIC), PCIM_ENABLE_DEVICE(NIC)
DISABLE: Block = (PCI_DISABLE_DEVICE(NIC),)
EARLY = devm_action(FREE_IRQ, "free")(NIC, NIC)


def _design(*probe: Block, remove: Block = ()) -> Design:
    steps = (PCI_SET_MASTER(NIC), *(one for block in probe for one in block))
    driver = Driver("nicdrv", NIC, steps, remove)
    return Design("vectors", "an endpoint with an irq", (NIC,), (driver,))


DESIGN = _design((ENABLE_MANAGED, PLAIN), IRQ)
SOUND = (_design((ENABLE_MANAGED, MANAGED), IRQ),)
BUGGY = (
    (_design((ENABLE, MANAGED), (VECTOR,), remove=DISABLE), "R36"),
    (_design((ENABLE, PLAIN), (VECTOR,), remove=DISABLE), "R36"),
    (_design((ENABLE, PLAIN, ENABLE_MANAGED), (VECTOR, REQUEST_IRQ(NIC), EARLY), remove=DISABLE),
     "R36"),
)
