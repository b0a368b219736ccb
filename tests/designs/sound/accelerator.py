# SPDX-License-Identifier: GPL-2.0-only
"""An accelerator: an endpoint whose own driver requests its interrupt, and no child."""

from generator.design import Design, Device, Driver
from generator.facts import MSG
from generator.ops.irq import (
    FREE_IRQ,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    REQUEST_IRQ,
)
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE

EP = Device("accel", "pci")

quiet = (DISABLE_SOURCE(EP), FREE_IRQ(EP), PCI_FREE_IRQ_VECTORS(EP))
DESIGN = Design(
    "accelerator", "an endpoint driver requests the interrupt of its device",
    devices=(EP,),
    drivers=(Driver(
        "accel", EP,
        probe=(
            PCI_ENABLE_DEVICE(EP),
            PCI_ALLOC_IRQ_VECTORS(EP, min=1, max=4, types=MSIX | MSI),
            PCI_IRQ_VECTOR(EP, EP, nr=MSG(EP)),
            PCI_SET_MASTER(EP),
            DISABLE_SOURCE(EP),
            REQUEST_IRQ(EP, shared=0),
            ENABLE_SOURCE(EP),
        ),
        remove=(*quiet, PCI_DISABLE_DEVICE(EP)),
        shutdown=quiet,
    ),),
)
