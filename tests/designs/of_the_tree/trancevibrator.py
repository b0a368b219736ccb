# SPDX-License-Identifier: GPL-2.0-only
"""drivers/usb/misc/trancevibrator.c: an interface with data and a reference, no more."""

from generator.design import Design, Device, Driver
from generator.operation import RETURN
from generator.ops.drvdata import USB_CLEAR_INTFDATA, USB_SET_INTFDATA
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.usb import USB_GET_DEV, USB_PUT_DEV

TOY = Device("toy", "usb")

DESIGN = Design("trancevibrator", "a vibrator on USB", (TOY,), (Driver(
    "trancevibrator", TOY,
    probe=(
        KZALLOC_DATA(TOY, fail=RETURN),  # 89
        USB_GET_DEV(TOY),  # 95
        USB_SET_INTFDATA(TOY),  # 96
    ),
    remove=(
        USB_CLEAR_INTFDATA(TOY),  # 110
        USB_PUT_DEV(TOY),  # 111
        KFREE_DATA(TOY),  # 112
    ),
),))
