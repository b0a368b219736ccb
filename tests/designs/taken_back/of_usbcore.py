# SPDX-License-Identifier: GPL-2.0-only
"""What usbcore ends before disconnect: transfers of the interface, and nobody begins others there.

Not those on endpoint 0, which powermate left in flight ("Input: powermate - fix use-after-free in
powermate_config_complete"), nor any with soft_unbind. A completion that runs by then runs on; it
may fill and submit its own URB, which usbcore holds meanwhile.
"""

from generator.context import urb, work
from generator.design import Design, Device, Driver
from generator.operation import IGNORE, Node
from generator.ops.allocated import KFREE_OWN, KZALLOC_OWN
from generator.ops.usb import (
    USB_ALLOC_URB,
    USB_FILL_CONTROL_URB,
    USB_FILL_INT_URB,
    USB_FREE_URB,
    USB_KILL_URB,
    USB_SUBMIT_URB,
)
from generator.ops.work import CANCEL_WORK_SYNC, INIT_WORK, SCHEDULE_WORK
from generator.program import Block

KEY = Device("key", "usb")
SUBMIT, KILL, CANCEL = USB_SUBMIT_URB(KEY, fail=IGNORE), USB_KILL_URB(KEY), CANCEL_WORK_SYNC(KEY)
INT, CONTROL = USB_FILL_INT_URB(KEY), USB_FILL_CONTROL_URB(KEY)


def _key(fill: Node, *stop: Node, soft: bool = False, again: Block = ()) -> Design:
    probe = (KZALLOC_OWN(KEY), USB_ALLOC_URB(KEY), fill, INIT_WORK(KEY), SCHEDULE_WORK(KEY))
    remove = (*stop, USB_FREE_URB(KEY), KFREE_OWN(KEY))
    return Design("key", "a transfer that a worker begins", (KEY,), (Driver(
        "drv", KEY, probe, remove, soft_unbind=soft,
        contexts=(work("work", (SUBMIT,)), urb("urb", again))),))


DESIGN = _key(INT, KILL, CANCEL)
SOUND = (_key(CONTROL, CANCEL, KILL), _key(INT, CANCEL, KILL, soft=True),
         _key(CONTROL, CANCEL, KILL, again=(CONTROL, SUBMIT)))
BUGGY = (
    (_key(CONTROL, KILL, CANCEL), "N17"),
    (_key(INT, KILL, CANCEL, soft=True), "N17"),
    (_key(INT, CANCEL), "N17"),
    (_key(CONTROL, CANCEL, KILL, again=(INIT_WORK(KEY),)), "N17"),
)
