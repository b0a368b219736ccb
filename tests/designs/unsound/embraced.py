# SPDX-License-Identifier: GPL-2.0-only
"""A link monitor that cancels its work while it holds the mutex that the work takes."""

from generator.context import work
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
    FREE_IRQ,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    REQUEST_IRQ,
)
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.ops.memdev import READ_REGISTER
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.ops.perf import DEVM_IOREMAP
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.ops.work import CANCEL_WORK_SYNC, INIT_WORK, SCHEDULE_WORK

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
    "link_monitor", LINK,
    probe=(
        KZALLOC_DATA(LINK),
        DEVM_IOREMAP(LINK, LINK),
        INIT_WORK(LINK, work="recheck"),
        DISABLE_SOURCE(LINK),
        REQUEST_IRQ(LINK, shared=1),
        ENABLE_SOURCE(LINK),
    ),
    atomic=(SCHEDULE_WORK(LINK, work="recheck"),),
    contexts=(work("recheck", (MUTEX_LOCK(LINK), READ_REGISTER(LINK), MUTEX_UNLOCK(LINK))),),
    remove=(
        DISABLE_SOURCE(LINK),
        FREE_IRQ(LINK),
        MUTEX_LOCK(LINK),
        CANCEL_WORK_SYNC(LINK, work="recheck"),
        MUTEX_UNLOCK(LINK),
        KFREE_DATA(LINK),
    ),
)
DESIGN = Design("embraced", "a port creates a link, which is looked at when it interrupts",
                devices=(PORT, LINK), drivers=(port, link))
