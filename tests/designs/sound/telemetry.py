# SPDX-License-Identifier: GPL-2.0-only
"""A port that creates a telemetry function for each of two logs, each with a vector of its own."""

from generator.design import Design, Device, Driver
from generator.facts import ADDED, HAS, LIFE, MSG
from generator.operation import CONTINUE, RETURN, Guard
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
from generator.program import Each, Function, If, call

PORT = Device("port", "pci")
LOG = Device("log", "aux", PORT, count=2)

THERE = Guard("the port has this log", HAS(LOG).eq(1), ())
ADDED_IT = Guard("this log was added", LIFE(LOG).eq(ADDED), ())
ADD = Function("add_log", (
    PCI_IRQ_VECTOR(PORT, LOG, nr=MSG(LOG), fail=RETURN),
    IDA_ALLOC(LOG), KZALLOC(LOG), AUXILIARY_DEVICE_INIT(LOG), AUXILIARY_DEVICE_ADD(LOG),
))
DELETE = Each(LOG, (If(ADDED_IT, (
    AUXILIARY_DEVICE_DELETE(LOG), AUXILIARY_DEVICE_UNINIT(LOG), IDA_FREE(LOG),
)),))
port = Driver(
    "telemetry_port", PORT,
    probe=(
        PCI_ENABLE_DEVICE(PORT),
        PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=4, types=MSIX | MSI),
        PCI_SET_MASTER(PORT),
        Each(LOG, (If(THERE, (call(ADD, fail=CONTINUE),)),)),
    ),
    remove=(DELETE, PCI_FREE_IRQ_VECTORS(PORT), PCI_DISABLE_DEVICE(PORT)),
    shutdown=(DELETE, PCI_FREE_IRQ_VECTORS(PORT)),
)
log = Driver(
    "telemetry", LOG,
    probe=(DISABLE_SOURCE(LOG), REQUEST_IRQ(LOG, shared=1), ENABLE_SOURCE(LOG)),
    remove=(DISABLE_SOURCE(LOG), FREE_IRQ(LOG)),
    shutdown=(DISABLE_SOURCE(LOG),),
)
DESIGN = Design("telemetry", "a port creates two logs, each of which has a vector",
                devices=(PORT, LOG), drivers=(port, log))
