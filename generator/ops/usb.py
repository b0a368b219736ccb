# SPDX-License-Identifier: GPL-2.0-only
"""References of an interface's driver on its USB device (drivers/usb/core/usb.c)."""

from __future__ import annotations

from generator.facts import USB_HELD
from generator.fingerprint import Fingerprint
from generator.operation import DEV, Operation, ok, sets
from generator.ops.counted import gives_back

USB_PUT_DEV = gives_back("usb_put_dev", sets(USB_HELD(DEV), 0),
                         source="drivers/usb/core/usb.c usb_put_dev()")
USB_GET_DEV = Operation(
    "usb_get_dev",
    ("dev",),
    (ok(sets(USB_HELD(DEV), 1)),),
    source="drivers/usb/core/usb.c usb_get_dev()",
    fingerprint=Fingerprint(("usb_get_dev",)),
    undo=USB_PUT_DEV,
    sleeps=False,
)
