# SPDX-License-Identifier: GPL-2.0-only
"""drivers/usb/misc/usbsevseg.c: a display on USB that is written to again after sleep."""

from generator.design import Design, Device, Driver
from generator.facts import MEMORY, USB_HELD
from generator.fingerprint import Fingerprint
from generator.operation import RETURN, Operation, ok
from generator.ops.drvdata import USB_CLEAR_INTFDATA, USB_SET_INTFDATA
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.usb import USB_GET_DEV, USB_PUT_DEV

LED = Device("led", "usb")
SHOW = Operation("update_display_mode", ("dev",), (ok(),), source="", needs=(MEMORY, USB_HELD),
                 fingerprint=Fingerprint(("update_display_mode",)))

DESIGN = Design("usbsevseg", "a seven segment display on USB", (LED,), (Driver(
    "usbsevseg", LED,
    probe=(
        KZALLOC_DATA(LED, fail=RETURN),  # 311
        USB_GET_DEV(LED),  # 315
        USB_SET_INTFDATA(LED),  # 317
    ),
    remove=(
        USB_CLEAR_INTFDATA(LED),  # 340
        USB_PUT_DEV(LED),  # 341
        KFREE_DATA(LED),  # 342
    ),
    suspend=(),
    resume=(SHOW(LED),),  # 362
),))
