# SPDX-License-Identifier: GPL-2.0-only
"""A non-transparent bridge that lets its peer ring before anybody listens to the doorbell."""

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

NTB = Device("ntb", "pci")

quiet = (DISABLE_SOURCE(NTB), FREE_IRQ(NTB), PCI_FREE_IRQ_VECTORS(NTB))
DESIGN = Design(
    "early-ntb", "a non-transparent bridge has a doorbell that its peer rings",
    devices=(NTB,),
    drivers=(Driver(
        "ntb", NTB,
        probe=(
            PCI_ENABLE_DEVICE(NTB),
            PCI_ALLOC_IRQ_VECTORS(NTB, min=1, max=4, types=MSIX | MSI),
            PCI_IRQ_VECTOR(NTB, NTB, nr=MSG(NTB)),
            PCI_SET_MASTER(NTB),
            ENABLE_SOURCE(NTB),
            REQUEST_IRQ(NTB, shared=0),
        ),
        remove=(*quiet, PCI_DISABLE_DEVICE(NTB)),
        shutdown=quiet,
    ),),
)
