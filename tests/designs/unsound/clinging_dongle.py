# SPDX-License-Identifier: GPL-2.0-only
"""A dongle on USB whose driver keeps its device when memory runs out."""

from generator.design import Design, Device, Driver
from generator.operation import RETURN
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.usb import USB_GET_DEV, USB_PUT_DEV

DONGLE = Device("dongle", "usb")

dongle = Driver(
    "dongle", DONGLE,
    probe=(USB_GET_DEV(DONGLE), KZALLOC_DATA(DONGLE, fail=RETURN)),
    remove=(KFREE_DATA(DONGLE), USB_PUT_DEV(DONGLE)),
)
DESIGN = Design("clinging-dongle", "a driver of a dongle that leaks a reference when it fails",
                devices=(DONGLE,), drivers=(dongle,))
