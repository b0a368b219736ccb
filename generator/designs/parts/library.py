# SPDX-License-Identifier: GPL-2.0-only
"""Port services as library calls: state of the port, no device on pci_express.

Each service does what its driver's probe does in the pinned kernel (drivers/pci/pcie/pme.c,
aer.c, dpc.c, drivers/pci/hotplug/pciehp_core.c), called by whoever binds the port. Nothing can be
managed: devres of the port is released after the vectors are freed.
"""

from __future__ import annotations

from generator.drivers.portdrv import Services
from generator.drivers.portdrv_services import SERVICE
from generator.expr import Place
from generator.facts import BOUND, PHASE
from generator.operation import Guard
from generator.ops.device import KFREE, KZALLOC
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.library import START_SERVICE, STOP_SERVICE
from generator.program import Block, Each, Function, If


def service_init(service: Place = SERVICE) -> Function:
    """Return the start of one service: its state, its irq, its source."""
    return Function(
        "pcie_service_init",
        (KZALLOC(service), REQUEST_IRQ(service, shared=1), START_SERVICE(service)),
    )


def service_exit(service: Place = SERVICE) -> Block:
    """Return the end of one service, if it runs."""
    runs = Guard(f"{service.name} runs", PHASE(service).eq(BOUND), ())
    return (If(runs, (STOP_SERVICE(service), FREE_IRQ(service), KFREE(service))),)


LIBRARY = Services(service_init(), (Each(SERVICE, service_exit(), backwards=True),))
