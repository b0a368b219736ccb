# SPDX-License-Identifier: GPL-2.0-only
"""CPMUs with MSI-X domains of their own: what the port's driver does for them, and the perf driver.

The port's driver finds them and makes its own MSI-X domain a parent; it neither reads their
message numbers nor gives them an irq. The perf driver creates its device's domain, where nothing
else could: a device must have no managed resources before its driver binds.
"""

from __future__ import annotations

from dataclasses import replace

from generator.design import Design, Device, Driver
from generator.designs.parts.cpmu import CAN_ADD, OPEN_EVENTS, RESET_COUNTERS, cxl_pmu, deleted
from generator.drivers.portdrv import PCI_EXPRESS, Services, portdrv
from generator.drivers.portdrv_services import PORT, SERVICE
from generator.expr import EACH, Expr, Over, Place, all_of, any_of
from generator.facts import (
    ADDED,
    BLOCK,
    CAN_DYN,
    CAP,
    CAP_MSIX,
    HAS,
    LEFT_ON,
    LIFE,
    MODE,
    MODE_MSIX,
    MSG,
    NO_MESSAGE,
)
from generator.operation import CONTINUE, IGNORE, RETURN, Guard
from generator.ops.aux import AUXILIARY_DEVICE_ADD, AUXILIARY_DEVICE_INIT
from generator.ops.device import IDA_ALLOC, KZALLOC
from generator.ops.domain import (
    PCI_ENABLE_MSI_PARENT_DOMAIN,
    PCI_INIT_SUBDEVICE,
    PCI_SUBDEV_CREATE_DOMAIN,
    PCI_SUBDEV_MSIX_ALLOC_AT,
    PCI_SUBDEV_MSIX_FREE,
)
from generator.ops.irq import MSIX, PCI_ALLOC_IRQ_VECTORS, PCI_FREE_IRQ_VECTORS
from generator.ops.pci import PCI_SET_MASTER, RESTORE_SUBDEVICE_VECTORS
from generator.ops.perf import devm_action
from generator.program import Block, Each, Function, If, Return, both, call

CPMU = Device("cpmu", "aux", PORT, answers=((LEFT_ON, ("no", "yes")),))
_HAS_CHILD = Guard("some CPMU has a device", Over("any", CPMU, LIFE(EACH).eq(ADDED)), ())


def present(pmu: Place) -> Expr:
    """Return whether the Register Locator has a CPMU in a BAR; what it can do only it knows."""
    return all_of(HAS(pmu).eq(1), BLOCK(pmu).eq(0))


def add_subdevice() -> Function:
    """Return the making of a device whose MSI parent domain is the port's."""
    return Function("add subdevice", (
        IDA_ALLOC(CPMU),
        KZALLOC(CPMU),
        AUXILIARY_DEVICE_INIT(CPMU),
        PCI_INIT_SUBDEVICE(PORT, CPMU),
        AUXILIARY_DEVICE_ADD(CPMU),
    ))


def create_subdevices() -> Block:
    """Return the creation of every CPMU's device, where the port's domain can be their parent."""
    there = Guard("the port has a CPMU", present(CPMU), ())
    return (
        If(CAN_ADD, (
            call(
                Function("create subdevices", (
                    PCI_ENABLE_MSI_PARENT_DOMAIN(PORT, fail=RETURN),
                    Each(CPMU, (If(there, (call(add_subdevice(), fail=CONTINUE),)),)),
                )),
                fail=IGNORE,
            ),
        )),
    )


def serve_port_alone() -> Block:
    """Return the same on a port without services: it needs one vector, and bus mastering."""
    some = Guard("the port has CPMUs", Over("any", CPMU, present(EACH)), ())
    can = Guard("pci_msix_can_alloc_dyn()", CAP(PORT).eq(CAP_MSIX) & CAN_DYN(PORT).eq(1), ())
    serve = Function("serve port without services", (
        PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=MSIX, fail=RETURN),
        PCI_SET_MASTER(PORT),
        *create_subdevices(),
        If(_HAS_CHILD, (Return(),)),
        PCI_FREE_IRQ_VECTORS(PORT),
    ))
    return (If(both(some, can), (call(serve, fail=IGNORE),)),)


def own_vector() -> Block:
    """Return how the perf driver comes by its irq: a domain of its own, one vector in it."""
    has_interrupt = Guard("the CPMU has an interrupt", MSG(CPMU).ne(NO_MESSAGE), ())
    return (
        If(has_interrupt, (), (Return(ok=False),)),
        PCI_SUBDEV_CREATE_DOMAIN(PORT, CPMU, fail=RETURN),
        PCI_SUBDEV_MSIX_ALLOC_AT(PORT, CPMU, nr=MSG(CPMU), fail=RETURN),
        devm_action(PCI_SUBDEV_MSIX_FREE, "free vector")(PORT, CPMU, CPMU, fail=RETURN),
    )


def subdevice_portdrv(services: Services = PCI_EXPRESS) -> Driver:
    """Return the port driver that is a parent of its CPMUs' domains."""
    driver = portdrv(
        services=services,
        no_service=serve_port_alone(),
        served=create_subdevices(),
        before_remove=deleted(CPMU),
    )
    # what the PCI core restores are the descriptors of the port itself
    more = (RESTORE_SUBDEVICE_VECTORS(PORT),)
    return replace(
        driver,
        resume_noirq=(*(driver.resume_noirq or ()), *more),
        slot_reset=(*(driver.slot_reset or ()), *more),
    )


def with_subdevices(design: Design, services: Services = PCI_EXPRESS) -> Design:
    """Return a design whose CPMUs are subdevices with vectors of their own."""
    alone = Over("all", SERVICE, HAS(EACH).eq(0))
    can = any_of(MODE(PORT).eq(MODE_MSIX), alone & CAP(PORT).eq(CAP_MSIX))
    on = all_of(present(CPMU), can, CAN_DYN(PORT).eq(1))
    return replace(
        design,
        devices=(PORT, SERVICE, CPMU),
        drivers=(subdevice_portdrv(services), cxl_pmu(CPMU, own_vector())),
        serves=(*design.serves, (CPMU, on)),
        waivers=(*design.waivers, *OPEN_EVENTS, RESET_COUNTERS),
    )
