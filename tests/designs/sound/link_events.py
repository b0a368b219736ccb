# SPDX-License-Identifier: GPL-2.0-only
"""A link whose handler reads registers that outlast it: devres frees the irq first."""

from generator.design import Design, Device, Driver
from generator.facts import BLOCK, MSG
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import IDA_ALLOC, IDA_FREE, KZALLOC
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
)
from generator.ops.memdev import READ_REGISTER
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.ops.perf import DEVM_IOREMAP
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE

PORT = Device("port", "pci")
LINK = Device("link", "aux", PORT, answers=((BLOCK, ("in an assigned BAR",)),))

delete = (AUXILIARY_DEVICE_DELETE(LINK), AUXILIARY_DEVICE_UNINIT(LINK), IDA_FREE(LINK))
port = Driver(
    "linkport", PORT,
    probe=(
        PCI_ENABLE_DEVICE(PORT),
        PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=4, types=MSIX | MSI),
        PCI_IRQ_VECTOR(PORT, LINK, nr=MSG(LINK)),
        PCI_SET_MASTER(PORT),
        IDA_ALLOC(LINK),
        KZALLOC(LINK),
        AUXILIARY_DEVICE_INIT(LINK),
        AUXILIARY_DEVICE_ADD(LINK),
    ),
    remove=(*delete, PCI_FREE_IRQ_VECTORS(PORT), PCI_DISABLE_DEVICE(PORT)),
    shutdown=(*delete, PCI_FREE_IRQ_VECTORS(PORT)),
)
link = Driver(
    "link_events", LINK,
    probe=(
        DEVM_IOREMAP(LINK, LINK),
        DISABLE_SOURCE(LINK),
        DEVM_REQUEST_IRQ(LINK, LINK),
        ENABLE_SOURCE(LINK),
    ),
    atomic=(READ_REGISTER(LINK),),
    remove=(DISABLE_SOURCE(LINK),),
)
DESIGN = Design("link-events", "a port creates a link, whose registers its handler reads",
                devices=(PORT, LINK), drivers=(port, link))
