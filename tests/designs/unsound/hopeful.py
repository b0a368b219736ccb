# SPDX-License-Identifier: GPL-2.0-only
"""A doorbell whose port adds a vector to whatever it runs on."""

from generator.design import Design, Device, Driver
from generator.facts import ADDED, LIFE, MSG
from generator.operation import RETURN, Guard
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
    PCI_MSIX_ALLOC_IRQ_AT,
)
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.program import Function, If, Return, call

PORT = Device("port", "pci")
BELL = Device("bell", "aux", PORT)

WAS_ADDED = Guard("the bell was added", LIFE(BELL).eq(ADDED), ())
DELETE = If(WAS_ADDED, (
    AUXILIARY_DEVICE_DELETE(BELL), AUXILIARY_DEVICE_UNINIT(BELL), IDA_FREE(BELL),
))
# The vector of this number may be there already; only when it is not, one is added.
GET = Function("get_vector", (
    PCI_IRQ_VECTOR(PORT, BELL, nr=MSG(BELL), fail=(
        PCI_MSIX_ALLOC_IRQ_AT(PORT, BELL, nr=MSG(BELL), fail=RETURN),
    )),
))
ADD = Function("add_bell", (
    IDA_ALLOC(BELL), KZALLOC(BELL), AUXILIARY_DEVICE_INIT(BELL), AUXILIARY_DEVICE_ADD(BELL),
))

DESIGN = Design(
    "hopeful", "the port enables MSI-X with one vector and adds the bell's", (PORT, BELL),
    (
        Driver(
            "bellport", PORT,
            probe=(
                PCI_ENABLE_DEVICE(PORT),
                PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=MSIX | MSI),
                PCI_SET_MASTER(PORT),
                call(GET, fail=(Return(),), then=(call(ADD, fail=(Return(),)),)),
            ),
            remove=(DELETE, PCI_FREE_IRQ_VECTORS(PORT), PCI_DISABLE_DEVICE(PORT)),
            shutdown=(DELETE, PCI_FREE_IRQ_VECTORS(PORT)),
        ),
        Driver("bell", BELL, (DEVM_REQUEST_IRQ(BELL, BELL),)),
    ),
    given={MSG: "1"},
)
