# SPDX-License-Identifier: GPL-2.0-only
"""A sensor that its port forgets to delete before it gives its vectors back."""

from generator.design import Design, Device, Driver
from generator.facts import ADDED, BELOW, HAS, LIFE, MSG, NO_MESSAGE, msi_on
from generator.operation import IGNORE, RETURN, Guard
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
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.program import Function, If, Return, call

PORT = Device("port", "pci")
SENSOR = Device("sensor", "aux", PORT)

THERE = Guard("the port has a sensor", HAS(SENSOR).eq(1), ())
SIGNALS = Guard("it has an interrupt", MSG(SENSOR).ne(NO_MESSAGE), ())
VECTORS = Guard("there are vectors", msi_on(PORT), ())
ADDED_IT = Guard("the sensor was added", LIFE(SENSOR).eq(ADDED), ())

ADD = Function("add_sensor", (
    If(VECTORS, (), (Return(ok=False),)),
    If(SIGNALS, (), (Return(ok=False),)),
    PCI_IRQ_VECTOR(PORT, SENSOR, nr=MSG(SENSOR), fail=RETURN),
    IDA_ALLOC(SENSOR),
    KZALLOC(SENSOR),
    AUXILIARY_DEVICE_INIT(SENSOR),
    AUXILIARY_DEVICE_ADD(SENSOR),
))

DESIGN = Design(
    name="survivor",
    drawing="The port's driver allocates vectors and creates a sensor, whose driver requests one.",
    devices=(PORT, SENSOR),
    drivers=(
        Driver(
            "portdrv", PORT,
            probe=(
                PCI_ENABLE_DEVICE(PORT),
                PCI_SET_MASTER(PORT),
                PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=4, types=MSIX | MSI, fail=IGNORE),
                If(THERE, (call(ADD, fail=IGNORE),)),
            ),
            remove=(
                PCI_FREE_IRQ_VECTORS(PORT),
                If(ADDED_IT, (
                    AUXILIARY_DEVICE_DELETE(SENSOR),
                    AUXILIARY_DEVICE_UNINIT(SENSOR),
                    IDA_FREE(SENSOR),
                )),
                PCI_DISABLE_DEVICE(PORT),
            ),
        ),
        Driver(
            "thermal", SENSOR,
            probe=(REQUEST_IRQ(SENSOR), ENABLE_SOURCE(SENSOR)),
            remove=(DISABLE_SOURCE(SENSOR), FREE_IRQ(SENSOR)),
        ),
    ),
    given={BELOW: "no"},
)
