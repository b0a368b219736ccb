# SPDX-License-Identifier: GPL-2.0-only
"""What the port driver of the pinned kernel does over sleep, runtime PM and recovery.

Its callbacks reach the services, and nobody else: drivers/pci/pcie/portdrv.c
pcie_port_device_iter() passes by whatever is not on pcie_port_bus_type. What the services do
is in their own drivers: drivers/pci/hotplug/pciehp_core.c, aer.c, dpc.c and pme.c.
"""

from __future__ import annotations

from typing import TypedDict

from generator.design import Device
from generator.expr import Nth, Place, Role, pick
from generator.facts import BOUND, LOST, MISSED, PHASE, SOURCE
from generator.operation import Guard, Operation, Set, ok, sets
from generator.ops.device import DEVICE_FOR_EACH_CHILD
from generator.ops.pci import PCI_RESTORE_STATE, PCI_SAVE_STATE
from generator.program import Block, If

SERVICE = Role("service")


def _callback(name: str, file: str, *gives: Set) -> Operation:
    """Return a callback of a service's driver, which only the port driver's iteration calls."""
    return Operation(
        name, ("service",), (ok(*gives),), source=f"drivers/pci/{file} {name}()",
        reaches=("service", "express"),
    )


_OFF = (
    sets(LOST(SERVICE), pick(SOURCE(SERVICE).eq(1), 1, LOST(SERVICE))),
    sets(SOURCE(SERVICE), 0),
)
_ON = (sets(SOURCE(SERVICE), 1), sets(LOST(SERVICE), 0))
# From here on nobody notices what is plugged or pulled.
PCIEHP_SUSPEND = _callback(
    "pciehp_suspend", "hotplug/pciehp_core.c", *_OFF, sets(MISSED(SERVICE), 1)
)
# Looks whether the device in the slot is another one, and clears events of the link coming up.
PCIEHP_RESUME_NOIRQ = _callback(
    "pciehp_resume_noirq", "hotplug/pciehp_core.c", sets(MISSED(SERVICE), 0)
)
PCIEHP_RESUME = _callback("pciehp_resume", "hotplug/pciehp_core.c", *_ON)
PCIEHP_RUNTIME_SUSPEND = _callback("pciehp_runtime_suspend", "hotplug/pciehp_core.c", *_OFF)
PCIEHP_RUNTIME_RESUME = _callback("pciehp_runtime_resume", "hotplug/pciehp_core.c", *_ON)
PCIEHP_SLOT_RESET = _callback("pciehp_slot_reset", "hotplug/pciehp_core.c")
AER_SUSPEND = _callback("aer_suspend", "pcie/aer.c", *_OFF)
AER_RESUME = _callback("aer_resume", "pcie/aer.c", *_ON)


class Callbacks(TypedDict):
    """Callbacks of a driver, as its fields take them."""

    suspend: Block
    resume_noirq: Block
    resume: Block
    runtime_suspend: Block
    runtime_resume: Block
    error_detected: Block
    slot_reset: Block


def callbacks(port: Device, service: Device) -> Callbacks:
    """Return the callbacks of pcie_portdrv_pm_ops and pcie_portdrv_err_handler."""
    hp, aer = Nth(service, 0), Nth(service, 1)

    def each(of: Operation, *others: tuple[Operation, Place]) -> Block:
        iterate = DEVICE_FOR_EACH_CHILD(port, c={"callback": "pcie_port_device_iter"})
        return (iterate, *(_bound(one, do) for do, one in ((of, hp), *others)))

    return {
        "suspend": each(PCIEHP_SUSPEND, (AER_SUSPEND, aer)),
        "resume_noirq": each(PCIEHP_RESUME_NOIRQ),
        "resume": each(PCIEHP_RESUME, (AER_RESUME, aer)),
        "runtime_suspend": each(PCIEHP_RUNTIME_SUSPEND),
        "runtime_resume": each(PCIEHP_RUNTIME_RESUME),
        "error_detected": (),
        "slot_reset": (
            *each(PCIEHP_SLOT_RESET), PCI_RESTORE_STATE(port), PCI_SAVE_STATE(port),
        ),
    }


def _bound(service: Place, do: Operation) -> If:
    return If(Guard("it has a driver", PHASE(service).eq(BOUND), ()), (do(service),))
