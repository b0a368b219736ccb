# SPDX-License-Identifier: GPL-2.0-only
"""drivers/rtc/rtc-mt7622.c: a clock that wakes the system, whose clock goes off in remove."""

from dataclasses import replace

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.facts import CLOCK_ON, MAPPED, MAY_WAKE
from generator.fingerprint import Fingerprint
from generator.operation import IGNORE, RETURN, Guard
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import PLATFORM_SET_DRVDATA
from generator.ops.irq import DEVM_REQUEST_IRQ, DISABLE_IRQ_WAKE, ENABLE_IRQ_WAKE
from generator.ops.mapping import access
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.registered import DEVM_RTC_DEVICE_REGISTER
from generator.ops.source import ENABLE_SOURCE
from generator.program import If, Return

RTC = Device("rtc", "platform")
READ, WRITE = access("mtk_r32", CLOCK_ON), access("mtk_w32", CLOCK_ON)
ALARM = replace(ENABLE_SOURCE, name="mtk_w32, source on", needs=(MAPPED, CLOCK_ON),
                fingerprint=Fingerprint(("mtk_w32",)))
WAKES = Guard("it may wake the system", MAY_WAKE(RTC).eq(1), ("device_may_wakeup(dev)",))
ERR = (
    CLK_DISABLE_UNPREPARE(RTC),  # 355
    Return(ok=False),
)
DESIGN = Design("mt7622-rtc", "a clock of a SoC with an alarm", (RTC,), (Driver(
    "mtk-rtc", RTC,
    probe=(
        DEVM_KZALLOC(RTC, RTC, fail=RETURN),  # 308
        PLATFORM_SET_DRVDATA(RTC),  # 312
        DEVM_PLATFORM_IOREMAP_RESOURCE(RTC, fail=RETURN),  # 314
        DEVM_CLK_GET(RTC, fail=RETURN),  # 318
        CLK_PREPARE_ENABLE(RTC, fail=RETURN),  # 324
        PLATFORM_GET_IRQ(RTC, RTC, fail=ERR),  # 328
        DEVM_REQUEST_IRQ(RTC, RTC, fail=ERR),  # 334
        WRITE(RTC),  # 141
        DEVM_RTC_DEVICE_REGISTER(RTC, fail=ERR),  # 345
    ),
    remove=(CLK_DISABLE_UNPREPARE(RTC),),  # 364
    suspend=(If(WAKES, (ENABLE_IRQ_WAKE(RTC, fail=IGNORE),)),),  # 373
    resume=(If(WAKES, (DISABLE_IRQ_WAKE(RTC),)),),  # 383
    atomic=(READ(RTC),),  # 122
    contexts=(calls("rtc", (
        READ(RTC),  # 122
        ALARM(RTC),  # 125
    )),),
),))
