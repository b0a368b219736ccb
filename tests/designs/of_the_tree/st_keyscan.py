# SPDX-License-Identifier: GPL-2.0-only
"""drivers/input/keyboard/st-keyscan.c: a keypad whose clock is on while it is open."""

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.facts import CLOCK_ON, MAY_WAKE
from generator.operation import IGNORE, RETURN, Guard
from generator.ops.allocated import DEVM_INPUT_ALLOCATE_DEVICE
from generator.ops.clk import CLK_DISABLE, CLK_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import PLATFORM_SET_DRVDATA
from generator.ops.irq import DEVM_REQUEST_IRQ, DISABLE_IRQ_WAKE, ENABLE_IRQ_WAKE
from generator.ops.mapping import DEVM_PLATFORM_GET_AND_IOREMAP_RESOURCE, access
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.registered import INPUT_REGISTER_DEVICE
from generator.program import If

PAD = Device("pad", "platform")
READL, WRITEL = access("readl", CLOCK_ON), access("writel", CLOCK_ON)
WAKES = Guard("it may wake the system", MAY_WAKE(PAD).eq(1), ("device_may_wakeup(dev)",))
OPEN_NOW = Guard("somebody has it open", CLOCK_ON(PAD).ge(1), ("input_device_enabled(input)",))
CLOSED = Guard("nobody has it open", CLOCK_ON(PAD).eq(0), ())

START = (
    CLK_ENABLE(PAD, fail=RETURN),  # 65
    WRITEL(PAD),  # 69
    WRITEL(PAD),  # 76
)
STOP = (
    WRITEL(PAD),  # 83
    CLK_DISABLE(PAD),  # 85
)
DESIGN = Design("st-keyscan", "a keypad of a SoC", (PAD,), (Driver(
    "st-keyscan", PAD,
    probe=(
        DEVM_KZALLOC(PAD, PAD, fail=RETURN),  # 135
        DEVM_INPUT_ALLOCATE_DEVICE(PAD, fail=RETURN),  # 140
        DEVM_PLATFORM_GET_AND_IOREMAP_RESOURCE(PAD, fail=RETURN),  # 171
        DEVM_CLK_GET(PAD, fail=RETURN),  # 175
        CLK_ENABLE(PAD, fail=RETURN),  # 181
        *STOP,
        PLATFORM_GET_IRQ(PAD, PAD, fail=RETURN),  # 189
        DEVM_REQUEST_IRQ(PAD, PAD, fail=RETURN),  # 193
        INPUT_REGISTER_DEVICE(PAD, fail=RETURN),  # 200
        PLATFORM_SET_DRVDATA(PAD),  # 206
    ),
    suspend=(If(WAKES, (
        ENABLE_IRQ_WAKE(PAD, fail=IGNORE),  # 222
    ), (If(OPEN_NOW, STOP),)),),
    resume=(If(WAKES, (
        DISABLE_IRQ_WAKE(PAD),  # 240
    ), ()),),
    atomic=(READL(PAD),),  # 48
    contexts=(calls("input"),),
),))
