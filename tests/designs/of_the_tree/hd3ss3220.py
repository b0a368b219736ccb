# SPDX-License-Identifier: GPL-2.0-only
"""drivers/usb/typec/hd3ss3220.c: a port controller on I2C, with an irq or polled without."""

from dataclasses import replace

from generator.context import calls, delayed_work, irq_thread, queued
from generator.design import Design, Device, Driver
from generator.facts import IRQ, MEMORY, ROLE_SWITCH
from generator.fingerprint import Fails, Fingerprint
from generator.operation import IGNORE, RETURN, Guard, Operation, fault, ok
from generator.ops.allocated import (
    DEVICE_GET_NAMED_CHILD_NODE,
    DEVM_REGMAP_INIT_I2C,
    FWNODE_HANDLE_PUT,
    USB_ROLE_SWITCH_GET,
    USB_ROLE_SWITCH_PUT,
)
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import I2C_SET_CLIENTDATA
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.platform import CLIENT_IRQ
from generator.ops.registered import TYPEC_REGISTER_PORT, TYPEC_UNREGISTER_PORT
from generator.ops.source import ENABLE_SOURCE
from generator.ops.work import CANCEL_DELAYED_WORK_SYNC, INIT_DELAYED_WORK, SCHEDULE_DELAYED_WORK
from generator.program import If, Return

CHIP = Device("chip", "i2c")
HAS_IRQ = Guard("the client has an irq", IRQ(CHIP).ne(0), ("client->irq > 0",))
REGMAP_READ = Operation("regmap_read", ("dev",), (ok(), fault("-EIO")), source="",
                        fingerprint=Fingerprint(("regmap_read",), fails=Fails.NEGATIVE))
RAISES = replace(ENABLE_SOURCE, name="attach interrupts", fingerprint=None,
                 source="the chip raises it when a cable comes or goes: nothing masks it")
SET_ROLE = Operation("usb_role_switch_set_role", ("dev",), (ok(),), source="",
                     needs=(ROLE_SWITCH, MEMORY),
                     fingerprint=Fingerprint(("usb_role_switch_set_role",)))
TYPEC = Operation("typec_set_data_role", ("dev",), (ok(),), source="",
                  needs=(queued("typec"), MEMORY),
                  fingerprint=Fingerprint(("typec_set_data_role",)))

ERR_FWNODE = (
    FWNODE_HANDLE_PUT(CHIP),  # 268
    Return(ok=False),
)
ERR_ROLE = (
    USB_ROLE_SWITCH_PUT(CHIP),  # 266
    *ERR_FWNODE,
)
ERR_PORT = (
    TYPEC_UNREGISTER_PORT(CHIP),  # 264
    *ERR_ROLE,
)
ROLE = (
    SET_ROLE(CHIP),  # 110
    TYPEC(CHIP),  # 117
)
DESIGN = Design("hd3ss3220", "a USB Type-C port controller on I2C", (CHIP,), (Driver(
    "hd3ss3220", CHIP,
    probe=(
        DEVM_KZALLOC(CHIP, CHIP, fail=RETURN),  # 179
        I2C_SET_CLIENTDATA(CHIP),  # 184
        DEVM_REGMAP_INIT_I2C(CHIP, fail=RETURN),  # 187
        DEVICE_GET_NAMED_CHILD_NODE(CHIP, fail=RETURN),  # 194
        USB_ROLE_SWITCH_GET(CHIP, fail=ERR_FWNODE),  # 205
        TYPEC_REGISTER_PORT(CHIP, fail=ERR_ROLE),  # 220
        *ROLE,
        REGMAP_READ(CHIP, fail=ERR_PORT),  # 227
        CLIENT_IRQ(CHIP, CHIP, fail=IGNORE),  # 239
        If(HAS_IRQ, (
            RAISES(CHIP),  # 234
            DEVM_REQUEST_IRQ(CHIP, CHIP, fail=ERR_PORT),  # 240
        ), (
            INIT_DELAYED_WORK(CHIP, work="output_poll_work"),  # 247
        )),
        FWNODE_HANDLE_PUT(CHIP),  # 255
        If(HAS_IRQ, (), (
            SCHEDULE_DELAYED_WORK(CHIP, work="output_poll_work"),  # 258
        )),
    ),
    remove=(
        If(HAS_IRQ, (), (
            CANCEL_DELAYED_WORK_SYNC(CHIP, work="output_poll_work"),  # 278
        )),
        TYPEC_UNREGISTER_PORT(CHIP),  # 280
        USB_ROLE_SWITCH_PUT(CHIP),  # 281
    ),
    contexts=(
        irq_thread("handler", ROLE),
        delayed_work("output_poll_work", (
            *ROLE,
            SCHEDULE_DELAYED_WORK(CHIP, work="output_poll_work"),  # 140
        )),
        calls("typec", (SET_ROLE(CHIP),)),  # 96
    ),
),))
