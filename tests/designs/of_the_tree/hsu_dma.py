# SPDX-License-Identifier: GPL-2.0-only
"""drivers/dma/hsu: a DMA engine whose channels others hold."""

from generator.context import file
from generator.design import Design, Device, Driver
from generator.operation import IGNORE, RETURN
from generator.ops.allocated import DMA_SET_MASK_AND_COHERENT
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    INTX,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
)
from generator.ops.mapping import PCIM_IOMAP_REGIONS, access
from generator.ops.pci import PCI_SET_DRVDATA, PCI_SET_MASTER, PCIM_ENABLE_DEVICE
from generator.ops.perf import DEVM_KCALLOC, devm_action
from generator.ops.registered import DMA_ASYNC_DEVICE_REGISTER, DMA_ASYNC_DEVICE_UNREGISTER

DMA = Device("dma", "pci")
READL = access("readl")
UNREGISTER_LATER = devm_action(DMA_ASYNC_DEVICE_UNREGISTER.on("dma"), "hsu_pci_dma_remove")

DESIGN = Design("hsu-dma", "a DMA engine of a PCI device", (DMA,), (Driver(
    "hsu_dma_pci", DMA,
    probe=(
        PCIM_ENABLE_DEVICE(DMA, fail=RETURN),  # pci:59
        PCIM_IOMAP_REGIONS(DMA, fail=RETURN),  # pci:63
        PCI_SET_MASTER(DMA),  # pci:69
        DMA_SET_MASK_AND_COHERENT(DMA, fail=RETURN),  # pci:72
        DEVM_KZALLOC(DMA, DMA, fail=RETURN),  # pci:76
        PCI_ALLOC_IRQ_VECTORS(DMA, min=1, max=1, types=INTX | MSI | MSIX, fail=RETURN),  # pci:80
        PCI_IRQ_VECTOR(DMA, DMA, nr=0, fail=IGNORE),  # pci:88
        DEVM_KCALLOC(DMA, fail=RETURN),  # hsu:443
        DMA_ASYNC_DEVICE_REGISTER(DMA, fail=RETURN),  # hsu:484
        UNREGISTER_LATER(DMA, DMA, fail=RETURN),  # pci:94
        DEVM_REQUEST_IRQ(DMA, DMA, shared=0, fail=RETURN),  # pci:98
        PCI_SET_DRVDATA(DMA),  # pci:113
    ),
    atomic=(READL(DMA),),  # pci:36
    contexts=(file("dma"),),
),))
