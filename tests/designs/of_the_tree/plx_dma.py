# SPDX-License-Identifier: GPL-2.0-only
"""drivers/dma/plx_dma.c: a DMA engine on an unmanaged handler, with a tasklet."""

from dataclasses import replace

from generator.context import file, tasklet
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.facts import MSG, SOURCE
from generator.fingerprint import Fails, Fingerprint
from generator.operation import IGNORE, RETURN, Operation, fault, ok, sets
from generator.ops.allocated import DMA_SET_MASK_AND_COHERENT
from generator.ops.assign import note
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
from generator.ops.mapping import PCIM_IOMAP_REGIONS, access
from generator.ops.pci import PCI_SET_DRVDATA, PCI_SET_MASTER, PCIM_ENABLE_DEVICE
from generator.ops.registered import DMA_ASYNC_DEVICE_REGISTER, DMA_ASYNC_DEVICE_UNREGISTER
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.ops.work import TASKLET_SCHEDULE, TASKLET_SETUP
from generator.program import Return

DMA = Device("dma", "pci", answers=((MSG, ("0",)),))
READW, WRITEW = access("readw"), access("writew")
STOP = replace(DISABLE_SOURCE, name="__plx_dma_stop",
               fingerprint=Fingerprint(("__plx_dma_stop",)))
# What lies in it is freed in plx_dma_release(), by whoever gives the last reference back.
KZALLOC_DEV = Operation("kzalloc", ("dev",), (ok(), fault("-ENOMEM")), source="mm/slub.c",
                        fingerprint=Fingerprint(("kzalloc",), fails=Fails.NULL))
DEV = Role("dev")
PDEV = Fact("pdev", 1, "plxdev->pdev is not NULL")
SETS_PDEV = note("plxdev->pdev", sets(PDEV(DEV), 1), roles=("dev",))
FORGETS_PDEV = note("plxdev->pdev NULL", sets(PDEV(DEV), 0), roles=("dev",))
# Under rcu_read_lock(): remove waits for it behind FORGETS_PDEV.
START = replace(ENABLE_SOURCE, name="writew, source on", fingerprint=Fingerprint(("writew",)),
                outcomes=(ok(sets(SOURCE(Role("user")), 1), when=PDEV(Role("user")).eq(1)),
                          ok(when=PDEV(Role("user")).eq(0))))

ERR_VECTORS = (
    PCI_FREE_IRQ_VECTORS(DMA),  # 590
    Return(ok=False),
)
DESIGN = Design("plx-dma", "a DMA engine in a switch", (DMA,), (Driver(
    "plx_dma", DMA,
    probe=(
        PCIM_ENABLE_DEVICE(DMA, fail=RETURN),  # 561
        DMA_SET_MASK_AND_COHERENT(DMA, fail=RETURN),  # 565
        PCIM_IOMAP_REGIONS(DMA, fail=RETURN),  # 571
        PCI_ALLOC_IRQ_VECTORS(DMA, min=1, max=1, types=INTX | MSI | MSIX, fail=RETURN),  # 575
        PCI_SET_MASTER(DMA),  # 579
        KZALLOC_DEV(DMA, fail=ERR_VECTORS),  # 504
        PCI_IRQ_VECTOR(DMA, DMA, nr=0, fail=IGNORE),  # 508
        REQUEST_IRQ(DMA, shared=0, fail=ERR_VECTORS),  # 508
        TASKLET_SETUP(DMA, tasklet="desc_task"),  # 514
        SETS_PDEV(DMA),  # 516
        DMA_ASYNC_DEVICE_REGISTER(DMA, fail=(  # 537
            FREE_IRQ(DMA),  # 549
            *ERR_VECTORS,
        )),
        PCI_SET_DRVDATA(DMA),  # 543
    ),
    remove=(
        FREE_IRQ(DMA),  # 598
        FORGETS_PDEV(DMA),  # 600
        STOP(DMA),  # 607
        DMA_ASYNC_DEVICE_UNREGISTER(DMA),  # 611
        PCI_FREE_IRQ_VECTORS(DMA),  # 613
    ),
    atomic=(
        READW(DMA),  # 363
        TASKLET_SCHEDULE(DMA, tasklet="desc_task"),  # 369
        WRITEW(DMA),  # 371
    ),
    contexts=(
        tasklet("desc_task", static=True),
        file("dma", (
            START(DMA),  # 353
        ), static=True),
    ),
),))
