# SPDX-License-Identifier: GPL-2.0-only
"""What the small designs have in common: a port, one child on its auxiliary bus, a row."""

from dataclasses import dataclass
from typing import Any

from generator.context import Context
from generator.design import Design, Device, Driver
from generator.facts import ADDED, LEFT_ON, LIFE, MSG
from generator.operation import Guard
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import IDA_ALLOC, IDA_FREE, KZALLOC
from generator.ops.irq import INTX, MSI, MSIX, PCI_ALLOC_IRQ_VECTORS, PCI_IRQ_VECTOR
from generator.ops.pm import (
    PM_RUNTIME_ALLOW,
    PM_RUNTIME_FORBID,
    PM_RUNTIME_GET_NORESUME,
    PM_RUNTIME_PUT_AUTOSUSPEND,
)
from generator.program import Block, If

PORT = Device("port", "pci", bridge=True)
KID = Device("kid", "aux", PORT, answers=((LEFT_ON, ("no", "yes")),))
SERVICE = Device("service", "service", PORT)

ONE = PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=MSIX | MSI)
MANY = PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=4, types=MSIX | MSI)
LINE = PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=1, types=INTX)
VECTOR = PCI_IRQ_VECTOR(PORT, KID, nr=MSG(KID))
SLEEP: Block = (PM_RUNTIME_PUT_AUTOSUSPEND(PORT), PM_RUNTIME_ALLOW(PORT))
AWAKE: Block = (PM_RUNTIME_FORBID(PORT), PM_RUNTIME_GET_NORESUME(PORT))
MAKE: Block = (IDA_ALLOC(KID), KZALLOC(KID), AUXILIARY_DEVICE_INIT(KID), AUXILIARY_DEVICE_ADD(KID))
WAS_ADDED = Guard("the child was added", LIFE(KID).eq(ADDED), ())
DELETE: Block = (
    If(WAS_ADDED, (AUXILIARY_DEVICE_DELETE(KID), AUXILIARY_DEVICE_UNINIT(KID), IDA_FREE(KID))),
)

# The lines of a trace that these blocks print.
MADE = (
    "port: ida_alloc(kid)",
    "port: kzalloc(kid)",
    "port: auxiliary_device_init(kid)",
    "port: auxiliary_device_add(kid)",
)
WITH_VECTOR = (
    "port: bind portdrv",
    "port: pci_alloc_irq_vectors(port)",
    "port: pci_irq_vector(port, kid)",
    *MADE,
)


def port(probe: Block, remove: Block = (), *, builtin: bool = True) -> Driver:
    """Return a driver of the port."""
    return Driver("portdrv", PORT, probe, remove, builtin=builtin)


def kid(
    probe: Block, remove: Block = (), atomic: Block = (), contexts: tuple[Context, ...] = (),
) -> Driver:
    """Return a driver of the child; sysfs can unbind it."""
    return Driver("kiddrv", KID, probe, remove, atomic=atomic, contexts=contexts)


def design(*drivers: Driver, **given: Any) -> Design:
    """Return the design of a port, its child and these drivers."""
    devices = given.pop("devices", (PORT, KID))
    return Design("small", "portdrv makes a child", devices, drivers, **given)


@dataclass(frozen=True)
class Case:
    """One row: `trace` is what the kernel source says happens first, line by line.

    Lines are "actor: step" and, where the step fails, " -> " and the error. Nothing orders the
    lines of the actors in `floating` against those of others.
    """

    rule: str
    broken: Design
    mended: Design
    trace: tuple[str, ...]
    hardware: dict[str, str]  # some of what hardware answers
    floating: tuple[str, ...] = ()
    episode: str = "plain"
