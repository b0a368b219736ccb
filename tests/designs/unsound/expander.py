# SPDX-License-Identifier: GPL-2.0-only
"""A GPIO expander below a bridge, whose dynamic vector is freed while it is still there."""

from generator.design import Design, Device, Driver
from generator.facts import CAN_DYN, HAS, MODE, MODE_MSIX, MSG
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
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_MSIX_ALLOC_IRQ_AT,
    PCI_MSIX_FREE_IRQ,
)
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.program import If, Return, both

BRIDGE = Device("bridge", "pci")
GPIO = Device("gpio", "aux", BRIDGE)

THERE = Guard("the bridge has a GPIO expander", HAS(GPIO).eq(1), ())
DYNAMIC = Guard("may add vectors", MODE(BRIDGE).eq(MODE_MSIX) & CAN_DYN(BRIDGE).eq(1), ())
FREE = PCI_FREE_IRQ_VECTORS(BRIDGE)
delete = (
    PCI_MSIX_FREE_IRQ(BRIDGE, GPIO),
    AUXILIARY_DEVICE_DELETE(GPIO), AUXILIARY_DEVICE_UNINIT(GPIO), IDA_FREE(GPIO),
)
bridge = Driver(
    "gpio_bridge", BRIDGE,
    probe=(
        PCI_ENABLE_DEVICE(BRIDGE),
        PCI_ALLOC_IRQ_VECTORS(BRIDGE, min=1, max=1, types=MSIX),
        If(both(THERE, DYNAMIC), (), (FREE, PCI_DISABLE_DEVICE(BRIDGE), Return(ok=False))),
        PCI_SET_MASTER(BRIDGE),
        PCI_MSIX_ALLOC_IRQ_AT(BRIDGE, GPIO, nr=MSG(GPIO)),
        IDA_ALLOC(GPIO),
        KZALLOC(GPIO),
        AUXILIARY_DEVICE_INIT(GPIO),
        AUXILIARY_DEVICE_ADD(GPIO),
    ),
    remove=(*delete, FREE, PCI_DISABLE_DEVICE(BRIDGE)),
    shutdown=(*delete, FREE),
)
DESIGN = Design("expander", "a bridge adds a vector for a GPIO expander, which requests it",
                devices=(BRIDGE, GPIO),
                drivers=(bridge, Driver("gpio", GPIO, probe=(DEVM_REQUEST_IRQ(GPIO, GPIO),))),
                given={MSG: "1"})
