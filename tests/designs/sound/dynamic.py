# SPDX-License-Identifier: GPL-2.0-only
"""A doorbell function that gets a vector of its own added to the MSI-X of its port."""

from generator.design import Design, Device, Driver
from generator.facts import ADDED, CAN_DYN, LIFE, MODE, MODE_MSIX, MSG
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
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    PCI_MSIX_ALLOC_IRQ_AT,
)
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.program import Function, If, Return, both, call

PORT = Device("port", "pci")
BELL = Device("bell", "aux", PORT)

ON_MSIX = Guard("pdev->msix_enabled", MODE(PORT).eq(MODE_MSIX), ())
CAN_ADD = Guard("pci_msix_can_alloc_dyn(pdev)", CAN_DYN(PORT).eq(1), ())
WAS_ADDED = Guard("the bell was added", LIFE(BELL).eq(ADDED), ())
DELETE = If(WAS_ADDED, (
    AUXILIARY_DEVICE_DELETE(BELL), AUXILIARY_DEVICE_UNINIT(BELL), IDA_FREE(BELL),
))
# The vector of this number may be there already; only when it is not, one is added.
GET = Function("get_vector", (
    PCI_IRQ_VECTOR(PORT, BELL, nr=MSG(BELL), fail=(
        If(both(ON_MSIX, CAN_ADD), (), (Return(ok=False),)),
        PCI_MSIX_ALLOC_IRQ_AT(PORT, BELL, nr=MSG(BELL), fail=RETURN),
    )),
))
ADD = Function("add_bell", (
    IDA_ALLOC(BELL), KZALLOC(BELL), AUXILIARY_DEVICE_INIT(BELL), AUXILIARY_DEVICE_ADD(BELL),
))

DESIGN = Design(
    "dynamic", "the port enables MSI-X with one vector and adds the bell's", (PORT, BELL),
    (
        Driver(
            "bellport", PORT,
            probe=(
                PCI_ENABLE_DEVICE(PORT),
                PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=MSIX),
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
