# SPDX-License-Identifier: GPL-2.0-only
"""A power meter that firmware left on, whose driver requests the irq before it looks at it."""

from generator.design import Design, Device, Driver
from generator.facts import BLOCK, LEFT_ON, MSG
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
from generator.ops.memdev import READ_REGISTER
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.ops.perf import DEVM_IOREMAP, DEVM_REQUEST_MEM_REGION, devm_action
from generator.ops.pm import (
    PM_RUNTIME_ALLOW,
    PM_RUNTIME_FORBID,
    PM_RUNTIME_GET_NORESUME,
    PM_RUNTIME_PUT,
    PM_RUNTIME_PUT_AUTOSUSPEND,
    PM_RUNTIME_RESUME_AND_GET,
)
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE

PORT = Device("port", "pci")
METER = Device("meter", "aux", PORT, answers=(
    (LEFT_ON, ("no", "yes")), (BLOCK, ("in an assigned BAR",)),
))

delete = (AUXILIARY_DEVICE_DELETE(METER), AUXILIARY_DEVICE_UNINIT(METER), IDA_FREE(METER))
awake = (PM_RUNTIME_FORBID(PORT), PM_RUNTIME_GET_NORESUME(PORT))
port = Driver(
    "power_port", PORT,
    probe=(
        PCI_ENABLE_DEVICE(PORT),
        PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=4, types=MSIX | MSI),
        PCI_IRQ_VECTOR(PORT, METER, nr=MSG(METER)),
        PCI_SET_MASTER(PORT),
        IDA_ALLOC(METER),
        KZALLOC(METER),
        AUXILIARY_DEVICE_INIT(METER),
        AUXILIARY_DEVICE_ADD(METER),
        PM_RUNTIME_PUT_AUTOSUSPEND(PORT),
        PM_RUNTIME_ALLOW(PORT),
    ),
    remove=(*awake, *delete, PCI_FREE_IRQ_VECTORS(PORT), PCI_DISABLE_DEVICE(PORT)),
    shutdown=(*awake, *delete, PCI_FREE_IRQ_VECTORS(PORT)),
)
meter = Driver(
    "power_meter", METER,
    probe=(
        PM_RUNTIME_RESUME_AND_GET(PORT, METER),
        devm_action(PM_RUNTIME_PUT, "put_port")(PORT, METER, METER),
        DEVM_REQUEST_MEM_REGION(METER, METER),
        DEVM_IOREMAP(METER, METER),
        READ_REGISTER(METER),
        REQUEST_IRQ(METER, shared=1),
        ENABLE_SOURCE(METER),
    ),
    remove=(DISABLE_SOURCE(METER), FREE_IRQ(METER)),
)
DESIGN = Design("trusting-meter", "a port creates a power meter, whose driver keeps the port awake",
                devices=(PORT, METER), drivers=(port, meter))
