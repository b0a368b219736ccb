# SPDX-License-Identifier: GPL-2.0-only
"""struct device of a port service, its memory and ids (drivers/base/core.c, mm/slab)."""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Role
from generator.facts import (
    ABSENT,
    ADDED,
    ALLOCATED,
    BOUND,
    CAPS,
    HANDLER,
    IDENT,
    INITIALISED,
    IRQ,
    LIFE,
    LINE,
    MEMORY,
    NOTED,
    NUMBERED,
    PHASE,
    SOURCE,
    UNBOUND,
)
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, Operation, fault, ok, sets
from generator.ops.assign import plain

OWNER = Role("owner")
USER = Role("user")

KFREE = Operation(
    "kfree",
    ("dev",),
    (ok(sets(LIFE(DEV), ABSENT)),),
    source="mm/slub.c kfree()",
    fingerprint=Fingerprint(("kfree",), on=0),
)

KZALLOC = Operation(
    "kzalloc",
    ("dev",),
    (ok(sets(LIFE(DEV), ALLOCATED)), fault("-ENOMEM")),
    source="include/linux/slab.h kzalloc()",
    fingerprint=Fingerprint(("kzalloc", "kzalloc_noprof"), fails=Fails.NULL),
    undo=KFREE,
)

# The note that an enumerating driver keeps of a device, before there is a struct device.
KFREE_NOTE = Operation(
    "kfree note",
    ("dev",),
    (ok(sets(NOTED(DEV), 0)),),
    source="mm/slub.c kfree()",
    fingerprint=Fingerprint(("kfree",), on=0),
)

KZALLOC_NOTE = Operation(
    "kzalloc note",
    ("dev",),
    (ok(sets(NOTED(DEV), 1)), fault("-ENOMEM")),
    source="include/linux/slab.h kzalloc()",
    fingerprint=Fingerprint(("kzalloc", "kzalloc_noprof"), fails=Fails.NULL),
    undo=KFREE_NOTE,
)

PUT_DEVICE = Operation(
    "put_device",
    ("dev",),
    (ok(sets(LIFE(DEV), ABSENT)),),
    source="drivers/base/core.c put_device(): the last one calls .release",
    fingerprint=Fingerprint(("put_device",), on=0),
)

_BINDS = IRQ(DEV).ge(1) & IRQ(DEV).le(LINE)
DEVICE_UNREGISTER = Operation(
    "device_unregister",
    ("dev",),
    (
        ok(
            sets(SOURCE(DEV), 0),
            sets(HANDLER(DEV), 0),
            sets(IRQ(DEV), 0),
            sets(PHASE(DEV), UNBOUND),
            sets(LIFE(DEV), ABSENT),
        ),
    ),
    source="drivers/base/core.c device_unregister(): unbinds, releases devres, drops the reference",
    fingerprint=Fingerprint(("device_unregister",), on=0),
    kinds=(("dev", ("service",)),),
)

# A service driver binds inside device_register(), under the port's lock: one step. It quiets
# its source, requests its irq, enables its source (pme.c, aer.c, dpc.c, pciehp_core.c), or
# refuses; the result is not returned.
DEVICE_REGISTER = Operation(
    "device_register",
    ("dev",),
    (
        ok(
            sets(LIFE(DEV), ADDED),
            sets(PHASE(DEV), BOUND),
            sets(HANDLER(DEV), IRQ(DEV)),
            sets(SOURCE(DEV), 1),
            when=_BINDS,
        ),
        ok(sets(LIFE(DEV), ADDED)),
        fault("-ENOMEM"),
    ),
    source="drivers/base/core.c device_add(); drivers/base/dd.c device_initial_probe()",
    fingerprint=Fingerprint(("device_register",), on=0, fails=Fails.NEGATIVE),
    undo=DEVICE_UNREGISTER,
    kinds=(("dev", ("service",)),),
    # device_initialize() comes first: from there on the last reference frees the memory
    failed=(sets(LIFE(DEV), INITIALISED),),
    frees_by=(("kzalloc", PUT_DEVICE),),
)

IDA_FREE = Operation(
    "ida_free",
    ("dev",),
    (ok(sets(IDENT(DEV), 0)),),
    source="lib/idr.c ida_free()",
    fingerprint=Fingerprint(("ida_free",)),
    sleeps=False,
)

IDA_ALLOC = Operation(
    "ida_alloc",
    ("dev",),
    (ok(sets(IDENT(DEV), 1)), fault("-ENOSPC")),
    source="include/linux/idr.h ida_alloc()",
    fingerprint=Fingerprint(("ida_alloc", "ida_alloc_range"), fails=Fails.NONNEGATIVE),
    undo=IDA_FREE,
)

# `adev->id = pci_dev_id(pdev)` and the like: no other device can have it, and nobody gives it out.
SET_ID = Operation(
    "set id", ("dev",), (ok(sets(NUMBERED(DEV), 1)),), sleeps=False,
    source="include/linux/auxiliary_bus.h struct auxiliary_device",
)

FREE_DATA = Operation(
    "free driver data",
    ("user",),
    (ok(sets(MEMORY(USER), 0), sets(CAPS(USER), 0)),),
    source="drivers/base/devres.c devm_kmalloc_release()",
)

DEVM_KZALLOC = Operation(
    "devm_kzalloc",
    ("user", "owner"),
    (ok(sets(MEMORY(USER), 1)), fault("-ENOMEM")),
    source="drivers/base/devres.c devm_kmalloc()",
    fingerprint=Fingerprint(("devm_kzalloc", "devm_kmalloc"), on=0, fails=Fails.NULL),
    acts_on="owner",
    undo=FREE_DATA,
    managed=True,
    on_devres="owner",
)

DEVM_KFREE = replace(
    FREE_DATA,
    name="devm_kfree",
    roles=("user", "owner"),
    source="drivers/base/devres.c devm_kfree()",
    fingerprint=Fingerprint(("devm_kfree",), on=0),
    acts_on="owner",
    on_devres="owner",
    off_devres=FREE_DATA,
)

DEV_SET_NAME = plain("dev_set_name")
DEVICE_ENABLE_ASYNC_SUSPEND = plain("device_enable_async_suspend")
PM_RUNTIME_NO_CALLBACKS = plain("pm_runtime_no_callbacks")
DEVICE_FOR_EACH_CHILD = Operation(
    "device_for_each_child",
    ("dev",),
    (ok(),),
    source="drivers/base/core.c device_for_each_child()",
    fingerprint=Fingerprint(("device_for_each_child",), on=0, args=(2,), callback=2),
    at=".dev",
    shown=("callback",),
)

# As C has it where driver data is not explored; DEV_SET_DRVDATA of a design: drvdata.py.
C_DEV_SET_DRVDATA = plain("dev_set_drvdata")

LIST_DEL = plain("list_del")
INIT_LIST_HEAD = plain("INIT_LIST_HEAD")
LIST_ADD_TAIL = plain("list_add_tail", args=(1,))
