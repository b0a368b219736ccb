# SPDX-License-Identifier: GPL-2.0-only
"""drivers/rtc/rtc-ftrtc010.c: two clocks, each of which the device may do without."""

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.facts import CLOCK
from generator.operation import IGNORE, RETURN, Guard
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import PLATFORM_SET_DRVDATA
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.managed import DEVM_RTC_ALLOCATE_DEVICE
from generator.ops.mapping import access
from generator.ops.perf import DEVM_IOREMAP
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.registered import DEVM_RTC_REGISTER_DEVICE
from generator.program import If, Return

RTC = Device("rtc", "platform")
EXT = Device("extclk", "part", RTC)
READL, WRITEL = access("readl"), access("writel")
HAS_PCLK, HAS_EXTCLK = (
    Guard(f"!IS_ERR({one.name})", CLOCK(one).eq(1), ()) for one in (RTC, EXT))

ERR_DISABLE_PCLK = (
    If(HAS_PCLK, (CLK_DISABLE_UNPREPARE(RTC),)),  # 190
    Return(ok=False),
)
ERR_DISABLE_EXTCLK = (
    If(HAS_EXTCLK, (CLK_DISABLE_UNPREPARE(EXT),)),  # 188
    *ERR_DISABLE_PCLK,
)

DESIGN = Design("ftrtc010", "a real time clock of Faraday", (RTC, EXT), (Driver(
    "ftrtc010", RTC,
    probe=(
        DEVM_KZALLOC(RTC, RTC, fail=RETURN),  # 118
        PLATFORM_SET_DRVDATA(RTC),  # 121
        DEVM_CLK_GET(RTC, fail=IGNORE),  # 123
        If(HAS_PCLK, (
            CLK_PREPARE_ENABLE(RTC, fail=RETURN),  # 127
        )),
        DEVM_CLK_GET(EXT, fail=IGNORE),  # 133
        If(HAS_EXTCLK, (
            CLK_PREPARE_ENABLE(EXT, fail=ERR_DISABLE_PCLK),  # 137
        )),
        PLATFORM_GET_IRQ(RTC, RTC, fail=ERR_DISABLE_EXTCLK),  # 144
        DEVM_IOREMAP(RTC, RTC, fail=ERR_DISABLE_EXTCLK),  # 156
        DEVM_RTC_ALLOCATE_DEVICE(RTC, fail=ERR_DISABLE_EXTCLK),  # 163
        READL(RTC),  # 171
        DEVM_REQUEST_IRQ(RTC, RTC, shared=1, fail=ERR_DISABLE_EXTCLK),  # 180
        DEVM_RTC_REGISTER_DEVICE(RTC, fail=RETURN),  # 185
    ),
    remove=(
        If(HAS_EXTCLK, (CLK_DISABLE_UNPREPARE(EXT),)),  # 199
        If(HAS_PCLK, (CLK_DISABLE_UNPREPARE(RTC),)),  # 201
    ),
    handler_needs=(),
    contexts=(calls("rtc", (READL(RTC), WRITEL(RTC))),),
),))
