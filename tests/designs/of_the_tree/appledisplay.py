# SPDX-License-Identifier: GPL-2.0-only
"""drivers/usb/misc/appledisplay.c: an URB whose completion queues work, and a backlight."""

from generator.context import calls, delayed_work, queued, ready, urb
from generator.design import Design, Device, Driver
from generator.facts import MEMORY, TEXT, URB, USB_BUFFER
from generator.fingerprint import Fingerprint
from generator.operation import IGNORE, RETURN, Guard, Operation, fault, ok
from generator.ops.allocated import KFREE_TEXT, KMALLOC_TEXT
from generator.ops.drvdata import USB_SET_INTFDATA
from generator.ops.registered import BACKLIGHT_DEVICE_REGISTER, BACKLIGHT_DEVICE_UNREGISTER
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
from generator.ops.work import CANCEL_DELAYED_WORK_SYNC, INIT_DELAYED_WORK, SCHEDULE_DELAYED_WORK
from generator.program import If, Return

LCD = Device("lcd", "usb")
PRESSED = Guard("a button is pressed", None, ("pdata->button_pressed",))
THERE = Guard("there is a backlight", queued("backlight")(LCD).eq(1), ("pdata->bd",))
HAS_BUFFER = Guard("there is a buffer", USB_BUFFER(LCD).eq(1), ())
HAS_URB = Guard("there is an URB", URB(LCD).eq(1), ("pdata->urb",))
HAS_TEXT = Guard("there is a message buffer", TEXT(LCD).eq(1), ())
READY = Guard("the URB was filled", ready("urb")(LCD).eq(1), ())
GET = Operation("appledisplay_bl_get_brightness", ("dev",), (ok(), fault("-EMSGSIZE")), source="",
                needs=(MEMORY, TEXT), fingerprint=Fingerprint(("appledisplay_bl_get_brightness",)))
USB_CONTROL_MSG = Operation("usb_control_msg", ("dev",), (ok(),), source="", needs=(MEMORY, TEXT),
                            fingerprint=Fingerprint(("usb_control_msg",)))

ERROR = (
    If(HAS_URB, (
        If(READY, (USB_KILL_URB(LCD),)),  # 313
        CANCEL_DELAYED_WORK_SYNC(LCD, work="work"),  # 314
        If(HAS_BUFFER, (USB_FREE_COHERENT(LCD),)),  # 315
        USB_FREE_URB(LCD),  # 317
    )),
    BACKLIGHT_DEVICE_UNREGISTER(LCD),  # 320
    If(HAS_TEXT, (KFREE_TEXT(LCD),)),  # 321
    KFREE_DATA(LCD),  # 324
    Return(ok=False),
)
DESIGN = Design("appledisplay", "a display on USB with buttons", (LCD,), (Driver(
    "appledisplay", LCD,
    probe=(
        KZALLOC_DATA(LCD, fail=RETURN),  # 229
        INIT_DELAYED_WORK(LCD, work="work"),  # 237
        KMALLOC_TEXT(LCD, fail=ERROR),  # 241
        USB_ALLOC_URB(LCD, fail=ERROR),  # 248
        USB_ALLOC_COHERENT(LCD, fail=ERROR),  # 255
        USB_FILL_INT_URB(LCD),  # 264
        USB_SUBMIT_URB(LCD, fail=ERROR),  # 269
        BACKLIGHT_DEVICE_REGISTER(LCD, fail=ERROR),  # 281
        GET(LCD, fail=ERROR),  # 291
        USB_SET_INTFDATA(LCD),  # 304
    ),
    remove=(
        USB_KILL_URB(LCD),  # 333
        CANCEL_DELAYED_WORK_SYNC(LCD, work="work"),  # 334
        BACKLIGHT_DEVICE_UNREGISTER(LCD),  # 335
        USB_FREE_COHERENT(LCD),  # 336
        USB_FREE_URB(LCD),  # 338
        KFREE_TEXT(LCD),  # 339
        KFREE_DATA(LCD),  # 340
    ),
    contexts=(
        urb("urb", (
            If(THERE, (
                SCHEDULE_DELAYED_WORK(LCD, work="work"),  # 115
            )),
            USB_SUBMIT_URB(LCD, fail=IGNORE),  # 124
        )),
        delayed_work("work", (
            GET(LCD, fail=IGNORE),  # 197
            If(PRESSED, (SCHEDULE_DELAYED_WORK(LCD, work="work"),)),  # 203
        )),
        calls("backlight", (USB_CONTROL_MSG(LCD),)),  # 140
    ),
),))
