# SPDX-License-Identifier: GPL-2.0-only
"""A child on pci_express: whoever has called device_register() frees it by its last reference.

drivers/base/core.c device_register() says so of itself, and of its failure too. What unwinding
derives does as it says: kzalloc() is undone by put_device() if it fails, and by
device_unregister() alone later on.
"""

from generator.design import Design, Device, Driver
from generator.ops.child import CHILD_REGISTER, CHILD_UNREGISTER
from generator.ops.device import IDA_ALLOC, IDA_FREE, KFREE, KZALLOC, PUT_DEVICE
from generator.program import Block, Return

PORT = Device("port", "pci")
UNIT = Device("unit", "express", PORT)
TAKE = (KZALLOC(UNIT), CHILD_REGISTER(UNIT))
LATER = IDA_ALLOC(PORT)


def _design(probe: Block, *after: Block) -> Design:
    remove = (IDA_FREE(PORT), CHILD_UNREGISTER(UNIT), *(one for block in after for one in block))
    return Design("registered", "a port registers a unit", (PORT, UNIT),
                  (Driver("portdrv", PORT, probe, remove), Driver("unitdrv", UNIT, ())))


def _by_hand(*last: Block) -> Design:
    fail = (*(one for block in last for one in block), Return(ok=False))
    return _design((KZALLOC(UNIT), CHILD_REGISTER(UNIT, fail=fail), LATER))


DESIGN = _design((*TAKE, LATER))
SOUND = (_by_hand((PUT_DEVICE(UNIT),)),)
BUGGY = (
    (_by_hand((KFREE(UNIT),)), "N20"),
    (_by_hand((PUT_DEVICE(UNIT), KFREE(UNIT))), "N20"),
    (_by_hand((PUT_DEVICE(UNIT), PUT_DEVICE(UNIT))), "N20"),
    (_design((*TAKE, LATER), (KFREE(UNIT),)), "N20"),
)
