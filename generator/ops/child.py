# SPDX-License-Identifier: GPL-2.0-only
"""Children on buses that bind later: pci_express, CXL, platform (drivers/base/core.c)."""

from __future__ import annotations

from dataclasses import replace

from generator.facts import ABSENT, ADDED, DYING, IRQ, LIFE, PHASE, UNBOUND
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, Operation, fault, ok, sets
from generator.ops.device import DEVICE_REGISTER, DEVICE_UNREGISTER

_GONE = (ok(sets(LIFE(DEV), ABSENT), sets(IRQ(DEV), 0), sets(DYING(DEV), 0)),)
_ADDED = (ok(sets(LIFE(DEV), ADDED), sets(DYING(DEV), 0)), fault("-ENOMEM"))

_KINDS = (("dev", ("express", "cxl", "aux")),)
# The same calls as for a service, whose driver is always there: that of such a child can be a
# module, so it binds inside the call, later or never, and deletion waits until it is unbound.
CHILD_UNREGISTER = replace(
    DEVICE_UNREGISTER,
    outcomes=_GONE,
    begins=(sets(DYING(DEV), 1),),
    waits=PHASE(DEV).eq(UNBOUND),
    kinds=_KINDS,
)
CHILD_REGISTER = replace(
    DEVICE_REGISTER, outcomes=_ADDED, undo=CHILD_UNREGISTER, kinds=_KINDS
)

PLATFORM_DEVICE_UNREGISTER = Operation(
    "platform_device_unregister",
    ("dev",),
    _GONE,
    begins=(sets(DYING(DEV), 1),),
    waits=PHASE(DEV).eq(UNBOUND),
    source="drivers/base/platform.c platform_device_unregister()",
    fingerprint=Fingerprint(("platform_device_unregister",), on=0),
    kinds=(("dev", ("platform",)),),
)

PLATFORM_DEVICE_REGISTER = Operation(
    "platform_device_register_full",
    ("dev",),
    _ADDED,
    source="drivers/base/platform.c platform_device_register_full(): allocates and adds",
    fingerprint=Fingerprint(("platform_device_register_full",), fails=Fails.NULL),
    undo=PLATFORM_DEVICE_UNREGISTER,
    kinds=(("dev", ("platform",)),),
)

# All cells of a parent are added by one call, and taken back by it when one of them fails; here one
# at a time, each by this name.
MFD_REMOVE_DEVICES = replace(
    PLATFORM_DEVICE_UNREGISTER, name="mfd_remove_devices",
    source="drivers/mfd/mfd-core.c mfd_remove_devices()",
    fingerprint=Fingerprint(("mfd_remove_devices",)),
)
MFD_ADD_DEVICES = replace(
    PLATFORM_DEVICE_REGISTER, name="mfd_add_devices", undo=MFD_REMOVE_DEVICES,
    source="drivers/mfd/mfd-core.c mfd_add_devices()",
    fingerprint=Fingerprint(("mfd_add_devices",), fails=Fails.NEGATIVE),
)
