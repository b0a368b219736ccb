# SPDX-License-Identifier: GPL-2.0-only
"""What the port driver of the pinned kernel does over sleep, runtime PM and recovery.

Its callbacks reach the services, and nobody else: drivers/pci/pcie/portdrv.c
pcie_port_device_iter() passes by whatever is not on pcie_port_bus_type. What the services do
is in their own drivers: drivers/pci/hotplug/pciehp_core.c, aer.c, dpc.c and pme.c.
"""

from __future__ import annotations

from typing import TypedDict

from generator.design import Device
from generator.expr import FALSE, TRUE, Nth, Place, Role, Same, any_of, pick
from generator.facts import BOUND, LOST, MISSED, PHASE, SOURCE, WAKE
from generator.operation import IGNORE, RETURN, Guard, OnFail, Operation, Set, ok, sets
from generator.ops.assign import assign
from generator.ops.device import DEVICE_FOR_EACH_CHILD
from generator.ops.pci import PCI_RESTORE_STATE, PCI_SAVE_STATE
from generator.ops.service import CALLED
from generator.program import Block, Each, Function, If, Not, Return, both, call

SERVICE = Role("service")
_BUS = "dev->bus == &pcie_port_bus_type"
OF_BUS = Guard(_BUS, TRUE, (_BUS,))  # of a service device, which is all that the loop is over
# functions that name the callback by its place in struct pcie_port_service_driver
_NAMED = {
    "suspend": "pcie_port_device_suspend",
    "resume_noirq": "pcie_port_device_resume_noirq",
    "resume": "pcie_port_device_resume",
    "runtime_suspend": "pcie_port_device_runtime_suspend",
    "runtime_resume": "pcie_port_device_runtime_resume",
    "slot_reset": "pcie_portdrv_slot_reset",
}
SETS = tuple(f"{function}:off" for function in _NAMED.values())


def _callback(name: str, file: str, *gives: Set) -> Operation:
    """Return a callback of a service's driver, which only the port driver's iteration calls."""
    return Operation(
        name, ("service",), (ok(*gives),), source=f"drivers/pci/{file} {name}()",
        fingerprint=CALLED, reaches=("service", "express"),
    )


_OFF = (
    sets(LOST(SERVICE), pick(SOURCE(SERVICE).eq(1), 1, LOST(SERVICE))),
    sets(SOURCE(SERVICE), 0),
)
_ON = (sets(SOURCE(SERVICE), 1), sets(LOST(SERVICE), 0))
# PME has the message number of hotplug and is no service of its own here. Where something below may
# wake the system, pcie/pme.c pcie_pme_suspend() arms the irq that they have in common: it always
# does here.
_ARMED, _DISARMED = sets(WAKE(SERVICE), 1), sets(WAKE(SERVICE), 0)
# From here on nobody notices what is plugged or pulled.
PCIEHP_SUSPEND = _callback(
    "pciehp_suspend", "hotplug/pciehp_core.c", *_OFF, sets(MISSED(SERVICE), 1), _ARMED
)
# Looks whether the device in the slot is another one, and clears events of the link coming up.
PCIEHP_RESUME_NOIRQ = _callback(
    "pciehp_resume_noirq", "hotplug/pciehp_core.c", sets(MISSED(SERVICE), 0)
)
PCIEHP_RESUME = _callback("pciehp_resume", "hotplug/pciehp_core.c", *_ON, _DISARMED)
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

    def each(
        name: str, of: Operation, *others: tuple[Operation, Place], fail: OnFail = RETURN
    ) -> Block:
        member = f"offsetof(struct pcie_port_service_driver, {name})"
        own = "pci_dev.dev" if name == "slot_reset" else "device"
        called = _called(service, own, (of, hp), *others)
        loop = Each(service, (If(both(OF_BUS, _bound(service)), called),))
        return (
            assign(f"{_NAMED[name]}:off", member)(),
            DEVICE_FOR_EACH_CHILD(port, c={"on": own, "callback": "pcie_port_device_iter"}),
            call(Function("pcie_port_device_iter", (loop,)), fail=fail),
        )

    return {
        "suspend": each("suspend", PCIEHP_SUSPEND, (AER_SUSPEND, aer)),
        "resume_noirq": each("resume_noirq", PCIEHP_RESUME_NOIRQ),
        "resume": each("resume", PCIEHP_RESUME, (AER_RESUME, aer)),
        "runtime_suspend": (
            If(Not(_D3), (Return(ok=False),)), *each("runtime_suspend", PCIEHP_RUNTIME_SUSPEND),
        ),
        "runtime_resume": each("runtime_resume", PCIEHP_RUNTIME_RESUME),
        "error_detected": (),
        "slot_reset": (
            *each("slot_reset", PCIEHP_SLOT_RESET, fail=IGNORE),
            PCI_RESTORE_STATE(port), PCI_SAVE_STATE(port),
        ),
    }


# Only such a port is allowed to suspend at run time: pcie_portdrv_probe().
_D3 = Guard("bridge_d3", TRUE, ("to_pci_dev(dev)->bridge_d3",))
_FAILS = Guard("the callback fails", FALSE, ())  # none of the four drivers has one that does


def _bound(service: Place) -> Guard:
    bound = PHASE(service).eq(BOUND)
    return Guard("it has a driver", bound, ("dev->driver",), "pcie_port_device_iter")


def _called(service: Place, own: str, *callbacks: tuple[Operation, Place]) -> Block:
    """Return the call of the one callback that the driver of a service has, if it has."""
    whose = [Same(service, one) for _, one in callbacks]
    calls: Block = ()
    for (do, _), mine in zip(reversed(callbacks), reversed(whose), strict=True):
        one: Block = (do(service, c={"on": f"{own}.child"}),)
        calls = (If(Guard("it is its own", mine, ()), one, calls),) if calls else one
    has = Guard("it has the callback", any_of(*whose), ("cb",), "pcie_port_device_iter")
    return (If(has, (*calls, If(_FAILS, (Return(ok=False),)))),)
