# SPDX-License-Identifier: GPL-2.0-only
"""drivers/extcon/extcon-ptn5150.c: a CC logic chip on I2C, whose handler queues work."""

from dataclasses import replace

from generator.context import calls, irq_thread, work
from generator.design import Design, Device, Driver
from generator.expr import Role
from generator.facts import ROLE_SWITCH
from generator.fingerprint import Fails, Fingerprint
from generator.operation import RETURN, Operation, fault, ok, sets
from generator.ops.allocated import (
    DEVM_EXTCON_DEV_ALLOCATE,
    DEVM_GPIOD_GET,
    DEVM_REGMAP_INIT_I2C,
    USB_ROLE_SWITCH_GET,
)
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import I2C_SET_CLIENTDATA
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.perf import devm_action
from generator.ops.platform import CLIENT_IRQ
from generator.ops.registered import DEVM_EXTCON_DEV_REGISTER
from generator.ops.source import ENABLE_SOURCE
from generator.ops.work import CANCEL_WORK_SYNC, INIT_WORK, SCHEDULE_WORK

CHIP = Device("chip", "i2c")
RAISES = replace(ENABLE_SOURCE, name="attach interrupts", fingerprint=None,
                 source="the chip raises it when a cable comes or goes: nothing masks it")
INIT_DEV_TYPE = Operation("ptn5150_init_dev_type", ("dev",), (ok(), fault("-EINVAL")), source="",
                          fingerprint=Fingerprint(("ptn5150_init_dev_type",),
                                                  fails=Fails.NEGATIVE))
WORK_SYNC = CANCEL_WORK_SYNC.on("irq_work")
SYNC_AND_PUT = replace(
    WORK_SYNC, name="ptn5150_work_sync_and_put", fingerprint=None, does="cancel and wait",
    outcomes=tuple(replace(way, gives=(*way.gives, sets(ROLE_SWITCH(Role("user")), 0)))
                   for way in WORK_SYNC.outcomes))
ACTION = devm_action(SYNC_AND_PUT, "ptn5150_work_sync_and_put")

DESIGN = Design("ptn5150", "a CC logic chip on I2C", (CHIP,), (Driver(
    "ptn5150", CHIP,
    probe=(
        DEVM_KZALLOC(CHIP, CHIP, fail=RETURN),  # 234
        I2C_SET_CLIENTDATA(CHIP),  # 237
        DEVM_GPIOD_GET(CHIP, fail=RETURN),  # 241
        INIT_WORK(CHIP, work="irq_work"),  # 254
        DEVM_REGMAP_INIT_I2C(CHIP, fail=RETURN),  # 256
        CLIENT_IRQ(CHIP, CHIP, fail=RETURN),  # 263
        RAISES(CHIP),  # 263
        DEVM_REQUEST_IRQ(CHIP, CHIP, fail=RETURN),  # 278
        DEVM_EXTCON_DEV_ALLOCATE(CHIP, fail=RETURN),  # 289
        DEVM_EXTCON_DEV_REGISTER(CHIP, fail=RETURN),  # 296
        INIT_DEV_TYPE(CHIP, fail=RETURN),  # 310
        USB_ROLE_SWITCH_GET(CHIP, fail=RETURN),  # 314
        ACTION(CHIP, CHIP, fail=RETURN),  # 319
    ),
    resume=(SCHEDULE_WORK(CHIP, work="irq_work"),),  # 340
    contexts=(
        irq_thread("handler", (SCHEDULE_WORK(CHIP, work="irq_work"),)),  # 176
        work("irq_work"),
        calls("extcon"),
    ),
),))
