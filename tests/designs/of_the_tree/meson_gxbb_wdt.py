# SPDX-License-Identifier: GPL-2.0-only
"""drivers/watchdog/meson_gxbb_wdt.c: a watchdog of a SoC, all of it managed."""

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.facts import CLOCK_ON
from generator.operation import RETURN, Guard
from generator.ops.clk import DEVM_CLK_GET_ENABLED
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import PLATFORM_SET_DRVDATA
from generator.ops.mapping import access
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE
from generator.ops.registered import DEVM_WATCHDOG_REGISTER_DEVICE
from generator.program import If

DOG = Device("dog", "platform")
READL, WRITEL = access("readl", CLOCK_ON), access("writel", CLOCK_ON)
ACTIVE = Guard("the watchdog runs", None, ("watchdog_active(&data->wdt_dev)",))

DESIGN = Design("meson-gxbb-wdt", "a watchdog of a SoC", (DOG,), (Driver(
    "meson-gxbb-wdt", DOG,
    probe=(
        DEVM_KZALLOC(DOG, DOG, fail=RETURN),  # 168
        DEVM_PLATFORM_IOREMAP_RESOURCE(DOG, fail=RETURN),  # 172
        DEVM_CLK_GET_ENABLED(DOG, fail=RETURN),  # 176
        PLATFORM_SET_DRVDATA(DOG),  # 182
        READL(DOG),  # 194
        WRITEL(DOG),  # 213
        DEVM_WATCHDOG_REGISTER_DEVICE(DOG, fail=RETURN),  # 216
    ),
    suspend=(If(ACTIVE, (WRITEL(DOG),)),),  # 65
    resume=(If(ACTIVE, (WRITEL(DOG),)),),  # 55
    contexts=(calls("watchdog", (
        WRITEL(DOG),  # 75
        READL(DOG),  # 103
    )),),
),))
