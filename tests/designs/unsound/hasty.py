# SPDX-License-Identifier: GPL-2.0-only
"""An accelerator whose interrupt is on the devres list, and its vectors are not."""

from generator.design import Design, Device, Driver
from generator.facts import MSG
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
)
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE

EP = Device("accel", "pci")

quiet = (DISABLE_SOURCE(EP), PCI_FREE_IRQ_VECTORS(EP))
DESIGN = Design(
    "hasty", "an endpoint driver requests the interrupt of its device",
    devices=(EP,),
    drivers=(Driver(
        "accel", EP,
        probe=(
            PCI_ENABLE_DEVICE(EP),
            PCI_ALLOC_IRQ_VECTORS(EP, min=1, max=4, types=MSIX | MSI),
            PCI_IRQ_VECTOR(EP, EP, nr=MSG(EP)),
            PCI_SET_MASTER(EP),
            DISABLE_SOURCE(EP),
            DEVM_REQUEST_IRQ(EP, EP, shared=0),
            ENABLE_SOURCE(EP),
        ),
        remove=(*quiet, PCI_DISABLE_DEVICE(EP)),
        shutdown=quiet,
    ),),
)
