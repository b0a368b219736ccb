# SPDX-License-Identifier: GPL-2.0-only
"""drivers/input/misc/keyspan_remote.c: a remote control on USB, whose URB runs while it is open."""

from generator.context import calls, urb
from generator.design import Design, Device, Driver
from generator.fingerprint import Fails, Fingerprint
from generator.operation import IGNORE, Guard, Operation, fault, ok
from generator.ops.allocated import INPUT_ALLOCATE_DEVICE, INPUT_FREE_DEVICE
from generator.ops.drvdata import USB_CLEAR_INTFDATA, USB_SET_INTFDATA
from generator.ops.registered import INPUT_REGISTER_DEVICE, INPUT_UNREGISTER_DEVICE
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.usb import (
    USB_ALLOC_COHERENT,
    USB_ALLOC_URB,
    USB_FILL_INT_URB,
    USB_FREE_COHERENT,
    USB_FREE_URB,
    USB_KILL_URB,
    USB_SUBMIT_URB,
)
from generator.program import If, Return

REMOTE = Device("remote", "usb")
OPENS = Guard("opened", None, ())
SETUP = Operation("keyspan_setup", ("dev",), (ok(), fault("-ENODEV")), source="",
                  fingerprint=Fingerprint(("keyspan_setup",), fails=Fails.NEGATIVE))
ERROR = Return(ok=False)
FAIL1 = (
    KFREE_DATA(REMOTE),  # 549
    INPUT_FREE_DEVICE(REMOTE),  # 550
    ERROR,
)
FAIL2 = (USB_FREE_COHERENT(REMOTE), *FAIL1)  # 548
FAIL3 = (USB_FREE_URB(REMOTE), *FAIL2)  # 547

DESIGN = Design("keyspan_remote", "a remote control on USB", (REMOTE,), (Driver(
    "keyspan_remote", REMOTE,
    probe=(
        KZALLOC_DATA(REMOTE, fail=(  # 456
            INPUT_ALLOCATE_DEVICE(REMOTE, fail=(ERROR,)),  # 457
            INPUT_FREE_DEVICE(REMOTE),  # 550
            ERROR,
        )),
        INPUT_ALLOCATE_DEVICE(REMOTE, fail=(  # 457
            KFREE_DATA(REMOTE),  # 549
            ERROR,
        )),
        USB_ALLOC_COHERENT(REMOTE, fail=FAIL1),  # 469
        USB_ALLOC_URB(REMOTE, fail=FAIL2),  # 475
        SETUP(REMOTE, fail=FAIL3),  # 481
        USB_FILL_INT_URB(REMOTE, urb="irq_urb"),  # 529
        INPUT_REGISTER_DEVICE(REMOTE, fail=FAIL3),  # 538
        USB_SET_INTFDATA(REMOTE),  # 543
    ),
    remove=(
        USB_CLEAR_INTFDATA(REMOTE),  # 563
        INPUT_UNREGISTER_DEVICE(REMOTE),  # 566
        USB_KILL_URB(REMOTE, urb="irq_urb"),  # 567
        USB_FREE_URB(REMOTE),  # 568
        USB_FREE_COHERENT(REMOTE),  # 569
        KFREE_DATA(REMOTE),  # 570
    ),
    contexts=(
        calls("input", (If(OPENS, (
            USB_SUBMIT_URB(REMOTE, urb="irq_urb", fail=IGNORE),  # 410
        ), (
            USB_KILL_URB(REMOTE, urb="irq_urb"),  # 420
        )),)),
        urb("irq_urb", (
            USB_SUBMIT_URB(REMOTE, urb="irq_urb", fail=IGNORE),  # 398
        )),
    ),
),))
