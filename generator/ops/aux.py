# SPDX-License-Identifier: GPL-2.0-only
"""Auxiliary devices (drivers/base/auxiliary.c)."""

from __future__ import annotations

from generator.facts import ABSENT, ADDED, DYING, INITIALISED, IRQ, LIFE, PHASE, UNBOUND
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, Operation, fault, ok, sets

AUXILIARY_DEVICE_UNINIT = Operation(
    "auxiliary_device_uninit",
    ("dev",),
    (ok(sets(LIFE(DEV), ABSENT), sets(IRQ(DEV), 0)),),
    source="include/linux/auxiliary_bus.h auxiliary_device_uninit(): .release frees the memory",
    fingerprint=Fingerprint(("auxiliary_device_uninit",), on=0),
    kinds=(("dev", ("aux",)),),
)

AUXILIARY_DEVICE_INIT = Operation(
    "auxiliary_device_init",
    ("dev",),
    (ok(sets(LIFE(DEV), INITIALISED)), fault("-EINVAL")),
    source="drivers/base/auxiliary.c auxiliary_device_init(): on failure the caller frees",
    fingerprint=Fingerprint(("auxiliary_device_init",), on=0, fails=Fails.NEGATIVE),
    undo=AUXILIARY_DEVICE_UNINIT,
    takes_over=("kzalloc",),
    kinds=(("dev", ("aux",)),),
)

AUXILIARY_DEVICE_DELETE = Operation(
    "auxiliary_device_delete",
    ("dev",),
    (ok(sets(LIFE(DEV), INITIALISED), sets(DYING(DEV), 0)),),
    begins=(sets(DYING(DEV), 1),),
    waits=PHASE(DEV).eq(UNBOUND),
    source="drivers/base/core.c device_del(): waits for the unbind, devres included",
    fingerprint=Fingerprint(("auxiliary_device_delete",), on=0),
    kinds=(("dev", ("aux",)),),
)

AUXILIARY_DEVICE_ADD = Operation(
    "auxiliary_device_add",
    ("dev",),
    (ok(sets(LIFE(DEV), ADDED), sets(DYING(DEV), 0)), fault("-EEXIST")),
    source="drivers/base/auxiliary.c __auxiliary_device_add(): a probe's failure is not returned",
    fingerprint=Fingerprint(
        ("auxiliary_device_add", "__auxiliary_device_add"), on=0, fails=Fails.NEGATIVE
    ),
    undo=AUXILIARY_DEVICE_DELETE,
    kinds=(("dev", ("aux",)),),
)
