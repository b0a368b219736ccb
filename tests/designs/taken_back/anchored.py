# SPDX-License-Identifier: GPL-2.0-only
"""URBs on an anchor, as CAN drivers have them: given back once submitted, found again to be killed.

Who opens the interface submits an URB and drops his reference; the anchor and usbcore hold theirs.
Who closes it kills what is anchored and frees the buffers. A completion that submits the URB again
without the anchor, as those of several CAN drivers did, leaves one that nobody can kill:
drivers/usb/core/hcd.c __usb_hcd_giveback_urb() has taken it off.
"""

from generator.context import calls, urb
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.operation import IGNORE, RETURN, Guard, Operation, fault, ok, sets
from generator.ops.netdev import ALLOC_ETHERDEV, FREE_NETDEV, REGISTER_NETDEV, UNREGISTER_NETDEV
from generator.ops.usb import (
    USB_ALLOC_COHERENT,
    USB_ALLOC_URB,
    USB_ANCHOR_URB,
    USB_FILL_BULK_URB,
    USB_FREE_COHERENT,
    USB_FREE_URB,
    USB_KILL_ANCHORED_URBS,
    USB_KILL_URB,
    USB_SUBMIT_URB,
    USB_UNANCHOR_URB,
)
from generator.program import Block, If, Return

CAN = Device("can", "usb")
DEV = Role("dev")
UP = Fact("can up", 1, "somebody has opened the interface")
SET_UP, DOWN = (Operation(f"up = {value}", ("dev",), (ok(sets(UP(DEV), value)),), source="")
                for value in (1, 0))
IS_UP = Guard("up", UP(CAN).eq(1), ())
START = Operation("cmd_open", ("dev",), (ok(), fault("-EIO")), source="")
ANCHOR, OFF = USB_ANCHOR_URB(CAN), USB_UNANCHOR_URB(CAN)
KILL, FREE_BUFFER, PUT = USB_KILL_ANCHORED_URBS(CAN), USB_FREE_COHERENT(CAN), USB_FREE_URB(CAN)
ERROR = Return(ok=False)
AGAIN = USB_SUBMIT_URB(CAN, fail=(OFF,))


def _can(
    close: Block, *, anchor: Block = (ANCHOR,), again: Block = (ANCHOR, AGAIN),
    failed: Block = (KILL, FREE_BUFFER),
) -> Design:
    up = (
        USB_ALLOC_URB(CAN, fail=RETURN), USB_ALLOC_COHERENT(CAN, fail=(PUT, ERROR)),
        USB_FILL_BULK_URB(CAN), *anchor,
        USB_SUBMIT_URB(CAN, fail=(OFF, FREE_BUFFER, PUT, ERROR)), PUT,
        START(CAN, fail=(*failed, ERROR)), SET_UP(CAN),
    )
    down = (*close, DOWN(CAN))
    probe = (ALLOC_ETHERDEV(CAN, fail=RETURN),
             REGISTER_NETDEV(CAN, fail=(FREE_NETDEV(CAN), ERROR)))
    remove = (UNREGISTER_NETDEV(CAN), If(IS_UP, down), FREE_NETDEV(CAN))
    return Design("can", "an URB on an anchor", (CAN,), (Driver(
        "drv", CAN, probe, remove, contexts=(
            urb("urb", again), calls("netdev", (If(IS_UP, down, up),)))),))


STOP = (KILL, FREE_BUFFER)
DESIGN = _can(STOP)
SOUND = (_can((KILL, KILL, FREE_BUFFER)), _can(STOP, again=()))
BUGGY = (
    (_can((FREE_BUFFER,)), "N17"),  # nobody kills it
    (_can((FREE_BUFFER, KILL)), "N17"),
    (_can(STOP, anchor=()), "N17"),  # on no anchor, so that nobody finds it
    (_can(STOP, again=(USB_SUBMIT_URB(CAN, fail=IGNORE),)), "N17"),
    (_can(STOP, failed=(FREE_BUFFER,)), "N17"),
    (_can((USB_KILL_URB(CAN), FREE_BUFFER)), "N17"),  # by its name, behind the last reference
)
