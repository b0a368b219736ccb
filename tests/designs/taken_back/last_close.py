# SPDX-License-Identifier: GPL-2.0-only
"""Memory that the last close frees, as adutux and yurex have it: CVE-2019-19523, CVE-2019-19531.

disconnect() frees it where nobody has the file open, else it says that the device is gone, and
who closes the file frees it. Both look and say under a lock.
"""

from generator.context import file, opened
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.facts import MEMORY
from generator.operation import Guard, Operation, ok, sets
from generator.ops.allocated import KFREE_OWN, KZALLOC_OWN
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.ops.registered import CLOSE_FILE, USB_DEREGISTER_DEV, USB_REGISTER_DEV
from generator.ops.usb import USB_GET_DEV, USB_PUT_DEV
from generator.program import Block, If, Node

ADU = Device("adu", "usb")
GONE = Fact("adu disconnected", 1, "disconnect() has left its memory to the last close")


def _says(name: str, value: int) -> Operation:
    return Operation(name, ("dev",), (ok(sets(GONE(Role("dev")), value)),), source="", sleeps=False)


LOCK, UNLOCK = MUTEX_LOCK(ADU, lock="adu"), MUTEX_UNLOCK(ADU, lock="adu")
FREE, CLOSED = KFREE_OWN(ADU), CLOSE_FILE(ADU, file="node")
IS_OPEN = Guard("dev->open_count", opened("node")(ADU).eq(1), ("dev->open_count",))
IS_GONE = Guard("dev->disconnected", GONE(ADU).eq(1), ("dev->disconnected",))
CLOSES = Guard("it is closed", None, ())
LOOK = Operation("dev->udev", ("dev",), (ok(),), source="", needs=(MEMORY,))(ADU)
SAY = _says("dev->disconnected = 1", 1)(ADU)
LEAVES: Block = (If(IS_OPEN, (SAY,), (FREE,)),)


def _adu(remove: Block, close: Block, *more: Node) -> Design:
    node = file("node", (If(CLOSES, close, (LOOK,)),))
    return Design("adu", "a file that outlives its device", (ADU,), (Driver(
        "adu", ADU, (KZALLOC_OWN(ADU), *more, _says("new", 0)(ADU), USB_REGISTER_DEV(ADU)),
        (USB_DEREGISTER_DEV(ADU), *remove), contexts=(node,)),))


LAST = If(IS_GONE, (FREE,))
LOCKED: Block = (LOCK, CLOSED, LAST, UNLOCK)
DESIGN = _adu((LOCK, *LEAVES, UNLOCK), LOCKED)
TAKE, PUT = USB_GET_DEV(ADU), USB_PUT_DEV(ADU)
# yurex: the reference goes with the memory
SOUND = (_adu((LOCK, If(IS_OPEN, (SAY,), (PUT, FREE)), UNLOCK),
              (LOCK, CLOSED, If(IS_GONE, (PUT, FREE)), UNLOCK), TAKE),)
BUGGY = (
    (_adu((FREE,), (CLOSED,)), "N12"),  # under who has it open
    (_adu((LOCK, *LEAVES, UNLOCK), (LOCK, CLOSED, UNLOCK)), "R36"),  # nobody frees it
    (_adu(LEAVES, (CLOSED, LAST)), "R36"),  # closed in between, by who was not told
    (_adu((LOCK, *LEAVES, UNLOCK), (LOCK, CLOSED, LAST, LOOK, UNLOCK)), "N12"),
    (_adu((LOCK, If(IS_OPEN, (SAY,), (PUT, FREE)), UNLOCK), LOCKED, TAKE), "R40"),
)
