# SPDX-License-Identifier: GPL-2.0-only
"""Two IDE key managers of a port, for each of which a vector is added."""

from generator.design import Design, Device, Driver
from generator.facts import ADDED, CAN_DYN, HAS, LIFE, MODE, MODE_MSIX, MSG, NVEC
from generator.operation import CONTINUE, RETURN, Guard
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
from generator.program import Each, Function, If, Return, call

PORT = Device("port", "pci")
KEYS = Device("keys", "aux", PORT, count=2)

THERE = Guard("the port has one", HAS(KEYS).eq(1), ())
MADE = Guard("it was made", LIFE(KEYS).eq(ADDED), ())
DYNAMIC = Guard("may add vectors", MODE(PORT).eq(MODE_MSIX) & CAN_DYN(PORT).eq(1), ())
FITS = Guard("it is one of those allocated", MSG(KEYS).lt(NVEC(PORT)), ())
# Both may have one number: then the vector that the second adds was added for the first.
GET = Function("get_vector", (
    If(FITS, (PCI_IRQ_VECTOR(PORT, KEYS, nr=MSG(KEYS), fail=RETURN),), (
        If(DYNAMIC, (), (Return(ok=False),)),
        PCI_MSIX_ALLOC_IRQ_AT(PORT, KEYS, nr=MSG(KEYS), fail=RETURN),
    )),
))
MAKE = Function("make_keys", (
    IDA_ALLOC(KEYS), KZALLOC(KEYS), AUXILIARY_DEVICE_INIT(KEYS), AUXILIARY_DEVICE_ADD(KEYS),
))
DELETE = (AUXILIARY_DEVICE_DELETE(KEYS), AUXILIARY_DEVICE_UNINIT(KEYS), IDA_FREE(KEYS))

DESIGN = Design(
    "twins", "a port creates two key managers, each with a vector of its number",
    (PORT, KEYS),
    (
        Driver(
            "host", PORT,
            probe=(
                PCI_ENABLE_DEVICE(PORT),
                PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=MSIX | MSI),
                PCI_SET_MASTER(PORT),
                Each(KEYS, (
                    If(THERE, (call(GET, fail=CONTINUE, then=(call(MAKE, fail=CONTINUE),)),)),
                )),
            ),
            remove=(
                Each(KEYS, (If(MADE, DELETE),), backwards=True),
                PCI_FREE_IRQ_VECTORS(PORT),
                PCI_DISABLE_DEVICE(PORT),
            ),
        ),
        Driver("keys", KEYS, (DEVM_REQUEST_IRQ(KEYS, KEYS, shared=1),)),
    ),
)
