# SPDX-License-Identifier: GPL-2.0-only
"""Two doorbell functions of a port; one that cannot be served leaves the other alone."""

from generator.design import Design, Device, Driver
from generator.facts import ADDED, IRQ, LIFE, MSG, on_vector
from generator.operation import CONTINUE, Guard
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import DEVM_KZALLOC, IDA_ALLOC, IDA_FREE, KZALLOC
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
)
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.program import Each, Function, If, call

PORT = Device("port", "pci")
BELL = Device("bell", "aux", PORT, count=2, answers=((MSG, ("0", "1", "2")),))

HAS_VECTOR = Guard("the bell has a vector", on_vector(IRQ, BELL), ())
WAS_ADDED = Guard("the bell was added", LIFE(BELL).eq(ADDED), ())
ADD = Function("add_bell", (
    IDA_ALLOC(BELL), KZALLOC(BELL), AUXILIARY_DEVICE_INIT(BELL), AUXILIARY_DEVICE_ADD(BELL),
))
DELETE = Each(BELL, (
    If(WAS_ADDED, (AUXILIARY_DEVICE_DELETE(BELL), AUXILIARY_DEVICE_UNINIT(BELL), IDA_FREE(BELL))),
), backwards=True)

DESIGN = Design(
    "doorbells", "a port's driver owns the vectors, each bell requests the irq of its message",
    (PORT, BELL),
    (
        Driver(
            "bellport", PORT,
            probe=(
                PCI_ENABLE_DEVICE(PORT),
                PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=4, types=MSIX),
                PCI_SET_MASTER(PORT),
                Each(BELL, (PCI_IRQ_VECTOR(PORT, BELL, nr=MSG(BELL), fail=CONTINUE),)),
                Each(BELL, (If(HAS_VECTOR, (call(ADD, fail=CONTINUE),)),)),
            ),
            remove=(DELETE, PCI_FREE_IRQ_VECTORS(PORT), PCI_DISABLE_DEVICE(PORT)),
            shutdown=(DELETE, PCI_FREE_IRQ_VECTORS(PORT)),
        ),
        Driver("bell", BELL, (DEVM_KZALLOC(BELL, BELL), DEVM_REQUEST_IRQ(BELL, BELL))),
    ),
)
