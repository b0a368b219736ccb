# SPDX-License-Identifier: GPL-2.0-only
"""drivers/input/touchscreen/eeti_ts.c: a touchscreen whose irq is on while it is open."""

from dataclasses import replace

from generator.context import calls, irq_thread
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.facts import MAY_WAKE
from generator.operation import IGNORE, RETURN, Guard, sets
from generator.ops.allocated import DEVM_GPIOD_GET_OPTIONAL, DEVM_INPUT_ALLOCATE_DEVICE
from generator.ops.assign import note
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import I2C_SET_CLIENTDATA
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    DISABLE_IRQ,
    DISABLE_IRQ_WAKE,
    ENABLE_IRQ,
    ENABLE_IRQ_WAKE,
)
from generator.ops.platform import CLIENT_IRQ
from generator.ops.registered import INPUT_REGISTER_DEVICE
from generator.ops.source import ENABLE_SOURCE
from generator.program import If

TS = Device("ts", "i2c")
RAISES = replace(ENABLE_SOURCE, name="touches", fingerprint=None,
                 source="the chip raises it when it is touched: nothing masks it")
WAKES = Guard("it may wake the system", MAY_WAKE(TS).eq(1), ("device_may_wakeup(&client->dev)",))
OPENED = Fact("input open", 1, "somebody has the input device open")
OPENS = note("the input core counts who has it open", sets(OPENED(Role("dev")), 1), roles=("dev",))
CLOSES = note("the input core counts nobody", sets(OPENED(Role("dev")), 0), roles=("dev",))
OPEN_NOW = Guard("somebody has it open", OPENED(TS).eq(1), ("input_device_enabled(input_dev)",))

DESIGN = Design("eeti-ts", "a touchscreen on I2C", (TS,), (Driver(
    "eeti_ts", TS,
    probe=(
        DEVM_KZALLOC(TS, TS, fail=RETURN),  # 175
        DEVM_INPUT_ALLOCATE_DEVICE(TS, fail=RETURN),  # 183
        DEVM_GPIOD_GET_OPTIONAL(TS, fail=RETURN),  # 205
        I2C_SET_CLIENTDATA(TS),  # 209
        CLIENT_IRQ(TS, TS, fail=IGNORE),  # 212
        RAISES(TS),  # 212
        DEVM_REQUEST_IRQ(TS, TS, fail=RETURN),  # 212
        DISABLE_IRQ(TS),  # 142
        INPUT_REGISTER_DEVICE(TS, fail=RETURN),  # 228
    ),
    suspend=(
        If(OPEN_NOW, (
            DISABLE_IRQ(TS),  # 142
        )),
        If(WAKES, (ENABLE_IRQ_WAKE(TS, fail=IGNORE),)),  # 249
    ),
    resume=(
        If(WAKES, (DISABLE_IRQ_WAKE(TS),)),  # 261
        If(OPEN_NOW, (
            ENABLE_IRQ(TS),  # 121
        )),
    ),
    contexts=(
        irq_thread("handler"),
        calls("input", (If(OPEN_NOW, (
            CLOSES(TS),
            DISABLE_IRQ(TS),  # 142
        ), (
            ENABLE_IRQ(TS),  # 121
            OPENS(TS),
        )),)),
    ),
),))
