# SPDX-License-Identifier: GPL-2.0-only
"""An endpoint whose driver creates a DOE mailbox, which signals by MSI or MSI-X."""

from generator.design import Design, Device, Driver
from generator.facts import HAS, MSG
from generator.operation import Guard
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
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.program import If, Return

EP = Device("endpoint", "pci")
MAILBOX = Device("mailbox", "aux", EP)

delete = (AUXILIARY_DEVICE_DELETE(MAILBOX), AUXILIARY_DEVICE_UNINIT(MAILBOX), IDA_FREE(MAILBOX))
endpoint = Driver(
    "doe_ep", EP,
    probe=(
        If(Guard("there is a mailbox", HAS(MAILBOX).eq(1), ()), (), (Return(ok=False),)),
        PCI_ENABLE_DEVICE(EP),
        PCI_ALLOC_IRQ_VECTORS(EP, min=1, max=4, types=MSIX | MSI),
        PCI_IRQ_VECTOR(EP, MAILBOX, nr=MSG(MAILBOX)),
        PCI_SET_MASTER(EP),
        IDA_ALLOC(MAILBOX),
        KZALLOC(MAILBOX),
        AUXILIARY_DEVICE_INIT(MAILBOX),
        AUXILIARY_DEVICE_ADD(MAILBOX),
    ),
    remove=(*delete, PCI_FREE_IRQ_VECTORS(EP), PCI_DISABLE_DEVICE(EP)),
    shutdown=(*delete, PCI_FREE_IRQ_VECTORS(EP)),
)
mailbox = Driver("doe", MAILBOX, probe=(DEVM_REQUEST_IRQ(MAILBOX, MAILBOX),))
DESIGN = Design("doe-mailbox", "an endpoint creates a DOE mailbox, which has an interrupt",
                devices=(EP, MAILBOX), drivers=(endpoint, mailbox))
