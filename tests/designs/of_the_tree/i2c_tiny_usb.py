# SPDX-License-Identifier: GPL-2.0-only
"""drivers/i2c/busses/i2c-tiny-usb.c: an I2C adapter on USB, whose registration may fail."""

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.facts import MEMORY, USB_HELD
from generator.fingerprint import Fingerprint
from generator.operation import IGNORE, RETURN, Operation, fault, ok
from generator.ops.drvdata import USB_CLEAR_INTFDATA, USB_SET_INTFDATA
from generator.ops.registered import I2C_ADD_ADAPTER, I2C_DEL_ADAPTER
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.usb import USB_GET_DEV, USB_PUT_DEV
from generator.program import Return

DONGLE = Device("dongle", "usb")
USB_WRITE = Operation("usb_write", ("dev",), (ok(), fault("-EIO")), source="",
                      needs=(MEMORY, USB_HELD), fingerprint=Fingerprint(("usb_write",)))
FREE = (
    USB_PUT_DEV(DONGLE),  # 217
    KFREE_DATA(DONGLE),  # 218
)
DESIGN = Design("i2c-tiny-usb", "an I2C adapter on USB", (DONGLE,), (Driver(
    "i2c-tiny-usb", DONGLE,
    probe=(
        KZALLOC_DATA(DONGLE, fail=RETURN),  # 235
        USB_GET_DEV(DONGLE),  # 239
        USB_SET_INTFDATA(DONGLE),  # 243
        USB_WRITE(DONGLE, fail=(*FREE, Return(ok=False))),  # 261
        I2C_ADD_ADAPTER(DONGLE, fail=IGNORE),  # 271
    ),
    remove=(
        I2C_DEL_ADAPTER(DONGLE),  # 289
        USB_CLEAR_INTFDATA(DONGLE),  # 290
        *FREE,
    ),
    contexts=(calls("i2c", (USB_WRITE(DONGLE, fail=IGNORE),)),),  # 261
),))
