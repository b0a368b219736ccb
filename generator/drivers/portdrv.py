# SPDX-License-Identifier: GPL-2.0-only
"""The port driver of the pinned kernel, in pieces that a design can put together.

Every function here is one of drivers/pci/pcie/portdrv.c, under its name there, and the test
of `today` holds it against the AST. A design that adds to portdrv passes blocks to be done
at named places of `portdrv()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from generator.ctext import leave
from generator.design import Device, Driver
from generator.drivers.portdrv_irqs import READ_INTO, pcie_init_service_irqs
from generator.drivers.portdrv_pm import OF_BUS, SETS, callbacks
from generator.drivers.portdrv_services import (
    AER,
    DOWNSTREAM,
    HP,
    MORE,
    PORT,
    RCEC,
    ROOT,
    SERVICE,
    UPSTREAM,
    free,
    get_port_device_capability,
)
from generator.expr import EACH, Over, Role
from generator.facts import ADDED, D3_POSSIBLE, FILLED, HAS, LIFE, SEEN
from generator.operation import RETURN, Guard, sets
from generator.ops.assign import assign
from generator.ops.device import (
    DEV_SET_NAME,
    DEVICE_ENABLE_ASYNC_SUSPEND,
    DEVICE_FOR_EACH_CHILD,
    DEVICE_REGISTER,
    DEVICE_UNREGISTER,
    KZALLOC,
    PM_RUNTIME_NO_CALLBACKS,
    PUT_DEVICE,
)
from generator.ops.irq import PCI_FREE_IRQ_VECTORS
from generator.ops.pci import (
    PCI_CLEAR_MASTER,
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_SAVE_STATE,
    PCI_SET_MASTER,
    PCIE_LINK_RCEC,
)
from generator.ops.pm import (
    DEV_PM_SET_SMART_SUSPEND_NO_DIRECT_COMPLETE,
    PM_RUNTIME_ALLOW,
    PM_RUNTIME_DONT_USE_AUTOSUSPEND,
    PM_RUNTIME_FORBID,
    PM_RUNTIME_GET_NORESUME,
    PM_RUNTIME_MARK_LAST_BUSY,
    PM_RUNTIME_PUT_AUTOSUSPEND,
    PM_RUNTIME_SET_AUTOSUSPEND_DELAY,
    PM_RUNTIME_USE_AUTOSUSPEND,
)
from generator.program import Block, Each, Function, If, Not, Return, both, call, either

SOURCES = ("drivers/pci/pcie/portdrv.c",)
C = {PORT: "pci_dev", SERVICE: "pcie_device.device"}

TAKES_IRQ = replace(assign("pcie_device.irq", "int[*]", roles=("service",)), needs=(FILLED,))


def pcie_device_init() -> Function:
    """Return the creation of one service device."""
    return Function(
        "pcie_device_init",
        (
            KZALLOC(SERVICE, fail=RETURN),
            assign("pcie_device.port", "pci_dev")(),
            TAKES_IRQ(SERVICE),
            assign("pcie_device.service")(),
            assign("pcie_device.device.bus", "pcie_port_bus_type")(),
            assign("pcie_device.device.release", "release_pcie_device")(),
            DEV_SET_NAME(SERVICE),
            assign("pcie_device.device.parent", "pci_dev.dev")(),
            DEVICE_ENABLE_ASYNC_SUSPEND(SERVICE),
            DEVICE_REGISTER(SERVICE, fail=(PUT_DEVICE(SERVICE), Return(ok=False))),
            PM_RUNTIME_NO_CALLBACKS(SERVICE),
        ),
    )


def unregister_services() -> Block:
    """Return the removal of the service devices, as pcie_port_device_remove() does it."""
    unregister = DEVICE_UNREGISTER(SERVICE, c={"on": "pci_dev.dev.child"})
    there = Guard("the service has a device", LIFE(SERVICE).eq(ADDED), ())
    return (
        DEVICE_FOR_EACH_CHILD(PORT, c={"callback": "remove_iter"}),
        Each(SERVICE, (If(there, (If(OF_BUS, (unregister,)),)),)),
    )


@dataclass(frozen=True)
class Services:
    """How one service comes to run, and how all of them stop."""

    start: Function
    stop: Block


PCI_EXPRESS = Services(pcie_device_init(), unregister_services())

_CAPS = "pcie_port_device_register:capabilities"
SEEN_ANY = Over("any", SERVICE, SEEN(EACH).eq(1))
CAPABLE = Guard("capabilities", SEEN_ANY, ("capabilities",))


def pcie_port_device_register(
    with_: Services = PCI_EXPRESS, *, counted_in: Block = (), found: Block = (),
    no_service: Block = (), with_services: Block = (), served: Block = (),
) -> Function:
    """Return the registration of a port: enable, discover, vectors, service devices.

    `found` is done after discovery, `no_service` on a port without services, `with_services`
    before a port with services gets vectors, `served` once the services have their devices.
    """
    service = Role("service")
    keep = [sets(SEEN(one), HAS(one)) for one in (HP, AER)]
    drop = assign(_CAPS, "&=", sets(SEEN(service), 0), roles=("service",))
    services = Function(
        "pcie_port_device_register",
        (
            call(
                pcie_init_service_irqs(counted_in),
                fail=(
                    assign(_CAPS, "&= PCIE_PORT_SERVICE_HP", sets(SEEN(AER), 0))(),
                    If(CAPABLE, (), (Return(),)),
                ),
            ),
            Each(
                SERVICE,
                (
                    If(
                        Guard(
                            "capabilities & service", SEEN(SERVICE).eq(1),
                            ("capabilities & service",),
                        ),
                        (call(with_.start, fail=(drop(SERVICE),)),),
                    ),
                ),
                again=MORE, first=True,
            ),
        ),
    )
    return Function(
        "pcie_port_device_register",
        (
            PCI_ENABLE_DEVICE(PORT, fail=RETURN),
            call(get_port_device_capability()),
            assign(_CAPS, "", *keep)(),
            *found,
            If(Not(CAPABLE), (*no_service, Return())),
            *with_services,
            PCI_SET_MASTER(PORT),
            call(services),
            If(
                Not(CAPABLE),
                (
                    PCI_FREE_IRQ_VECTORS(PORT),
                    PCI_CLEAR_MASTER(PORT),
                    *((leave("0"),) if served else ()),
                ),
            ),
            *served,
        ),
    )


BRIDGE_D3 = Guard(
    "pci_bridge_d3_possible(dev)", D3_POSSIBLE(PORT).eq(1), ("pci_bridge_d3_possible(dev)",)
)


def probe(services: Services = PCI_EXPRESS, **places: Block) -> Block:
    """Return pcie_portdrv_probe(); `places` are those of pcie_port_device_register()."""
    return (
        If(
            either(
                Not(free("pci_is_pcie(dev)")),
                both(Not(ROOT), Not(UPSTREAM), Not(DOWNSTREAM), Not(RCEC)),
            ),
            (Return(ok=False),),
        ),
        If(RCEC, (PCIE_LINK_RCEC(PORT),)),
        call(pcie_port_device_register(services, **places), fail=RETURN),
        PCI_SAVE_STATE(PORT),
        DEV_PM_SET_SMART_SUSPEND_NO_DIRECT_COMPLETE(PORT),
        If(
            BRIDGE_D3,
            (
                PM_RUNTIME_SET_AUTOSUSPEND_DELAY(PORT),
                PM_RUNTIME_USE_AUTOSUSPEND(PORT),
                PM_RUNTIME_MARK_LAST_BUSY(PORT),
                PM_RUNTIME_PUT_AUTOSUSPEND(PORT),
                PM_RUNTIME_ALLOW(PORT),
            ),
        ),
    )


def _awake() -> Block:
    return (
        If(
            BRIDGE_D3,
            (
                PM_RUNTIME_FORBID(PORT),
                PM_RUNTIME_GET_NORESUME(PORT),
                PM_RUNTIME_DONT_USE_AUTOSUSPEND(PORT),
            ),
        ),
    )


def pcie_port_device_remove(
    before: Block = (), after: Block = (), services: Services = PCI_EXPRESS
) -> Function:
    """Return the removal of services and vectors, with what stands around it."""
    return Function(
        "pcie_port_device_remove",
        (*before, *services.stop, PCI_FREE_IRQ_VECTORS(PORT), *after),
    )


def remove(
    before: Block = (), after: Block = (), services: Services = PCI_EXPRESS,
    first: Block = (), last: Block = (),
) -> Block:
    """Return pcie_portdrv_remove()."""
    return (
        *_awake(),
        *first,
        call(pcie_port_device_remove(before, after, services)),
        *last,
        PCI_DISABLE_DEVICE(PORT),
    )


def shutdown(
    before: Block = (), after: Block = (), services: Services = PCI_EXPRESS
) -> Block:
    """Return pcie_portdrv_shutdown()."""
    return (*_awake(), call(pcie_port_device_remove(before, after, services)))


def portdrv(
    *, services: Services = PCI_EXPRESS, before_remove: Block = (), after_remove: Block = (),
    remove_first: Block = (), remove_last: Block = (),
    sources: tuple[str, ...] = SOURCES, c: Mapping[Device, str] = C,
    also_set: tuple[str, ...] = (), **places: Block,
) -> Driver:
    """Return the port driver, with blocks put in at the places that its functions name.

    `services` says how they run: with a device each on pci_express, as today, or without.
    `before_remove` and `after_remove` are done at shutdown as well, `remove_first` and
    `remove_last` are not.
    """
    return Driver(
        "pcieport",
        PORT,
        probe=probe(services, **places),
        remove=remove(before_remove, after_remove, services, remove_first, remove_last),
        shutdown=shutdown(before_remove, after_remove, services),
        builtin=True,
        c=c,
        sources=sources,
        variable="pcie_portdriver",
        sets=(
            "pcie_device.*", "int[*", "get_port_device_capability:services", *READ_INTO, _CAPS,
            *SETS, *also_set,
        ),
        **callbacks(PORT, SERVICE),
    )
