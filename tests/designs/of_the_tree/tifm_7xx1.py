# SPDX-License-Identifier: GPL-2.0-only
"""drivers/misc/tifm_7xx1.c: a card reader whose handler queues work on a queue of its core."""

from dataclasses import replace

from generator.context import work
from generator.design import Design, Device, Driver
from generator.fingerprint import Fails, Fingerprint
from generator.operation import RETURN, Guard, Operation, fault, ok
from generator.ops.allocated import DMA_SET_MASK
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.mapping import IOUNMAP, PCI_IOREMAP_BAR, access
from generator.ops.pci import (
    PCI_DEV_IRQ,
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_RELEASE_REGIONS,
    PCI_REQUEST_REGIONS,
    PCI_SET_DRVDATA,
    PCI_SET_MASTER,
)
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.ops.work import FLUSH_WORK, INIT_WORK, QUEUE_WORK
from generator.program import If, Return

CARD = Device("card", "pci")
READL, WRITEL = access("readl"), access("writel")
SOURCE_OFF = replace(DISABLE_SOURCE, name="writel, source off",
                     fingerprint=Fingerprint(("writel",)))
SOURCE_ON = replace(ENABLE_SOURCE, name="writel, source on", fingerprint=Fingerprint(("writel",)))
QUEUE = replace(QUEUE_WORK, callee="tifm_queue_work",
                source="drivers/misc/tifm_core.c tifm_queue_work()")
FLUSH = replace(FLUSH_WORK, callee="tifm_remove_adapter",
                source="drivers/misc/tifm_core.c tifm_remove_adapter(): flush_workqueue()")
ADAPTER = replace(KZALLOC_DATA, name="tifm_alloc_adapter",
                  fingerprint=Fingerprint(("tifm_alloc_adapter",), fails=Fails.NULL))
NO_ADAPTER = replace(KFREE_DATA, name="tifm_free_adapter",
                     fingerprint=Fingerprint(("tifm_free_adapter",)))
ADAPTER = replace(ADAPTER, undo=NO_ADAPTER)
ADD = Operation("tifm_add_adapter", ("dev",), (ok(), fault("-ENOMEM")),
                source="drivers/misc/tifm_core.c tifm_add_adapter()",
                fingerprint=Fingerprint(("tifm_add_adapter",), fails=Fails.NEGATIVE))
OURS = Guard("a socket has changed", None, ("irq_status & TIFM_IRQ_ENABLE",))

ERR_INT = (
    PCI_RELEASE_REGIONS(CARD),  # 372
    PCI_DISABLE_DEVICE(CARD),  # 375
    Return(ok=False),
)
ERR_FREE = (
    NO_ADAPTER(CARD),  # 369
    *ERR_INT,
)
ERR_UNMAP = (
    IOUNMAP(CARD),  # 367
    *ERR_FREE,
)
DESIGN = Design("tifm-7xx1", "a card reader on PCI", (CARD,), (Driver(
    "tifm_7xx1", CARD,
    probe=(
        DMA_SET_MASK(CARD, fail=RETURN),  # 314
        PCI_ENABLE_DEVICE(CARD, fail=RETURN),  # 318
        PCI_SET_MASTER(CARD),  # 322
        PCI_REQUEST_REGIONS(CARD, fail=RETURN),  # 324: pci_dev_busy leaves the device enabled
        ADAPTER(CARD, fail=ERR_INT),  # 332
        INIT_WORK(CARD, work="media_switcher"),  # 339
        PCI_SET_DRVDATA(CARD),  # 342
        PCI_IOREMAP_BAR(CARD, fail=ERR_FREE),  # 344
        PCI_DEV_IRQ(CARD, CARD),  # 350
        REQUEST_IRQ(CARD, shared=1, fail=ERR_UNMAP),  # 350
        ADD(CARD, fail=(  # 354
            FREE_IRQ(CARD),  # 365
            *ERR_UNMAP,
        )),
        SOURCE_OFF(CARD),  # 358
        SOURCE_ON(CARD),  # 360
    ),
    remove=(
        SOURCE_OFF(CARD),  # 386
        FREE_IRQ(CARD),  # 387
        FLUSH(CARD, work="media_switcher"),  # 389
        WRITEL(CARD),  # 125
        IOUNMAP(CARD),  # 394
        PCI_RELEASE_REGIONS(CARD),  # 396
        PCI_DISABLE_DEVICE(CARD),  # 398
        NO_ADAPTER(CARD),  # 399
    ),
    suspend=(WRITEL(CARD),),  # 125
    resume=(
        PCI_SET_MASTER(CARD),  # 242
        SOURCE_ON(CARD),  # 259
        QUEUE(CARD, work="media_switcher"),  # 283
        SOURCE_ON(CARD),  # 286
    ),
    atomic=(
        READL(CARD),  # 43
        If(OURS, (
            SOURCE_OFF(CARD),  # 50
            QUEUE(CARD, work="media_switcher"),  # 72
        )),
    ),
    contexts=(work("media_switcher", (
        WRITEL(CARD),  # 198
        WRITEL(CARD),  # 202
        SOURCE_ON(CARD),  # 206
    ), freezable=True),),  # drivers/misc/tifm_core.c: create_freezable_workqueue()
),))
