# SPDX-License-Identifier: GPL-2.0-only
"""drivers/char/hw_random/exynos-trng.c: a random number generator, kept awake while it is bound."""

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.facts import CLOCK_ON
from generator.operation import RETURN
from generator.ops.allocated import DEVM_KSTRDUP
from generator.ops.clk import DEVM_CLK_GET_ENABLED, DEVM_CLK_GET_OPTIONAL_ENABLED
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import PLATFORM_SET_DRVDATA
from generator.ops.mapping import access
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE
from generator.ops.pm import PM_RUNTIME_PUT_NOIDLE, PM_RUNTIME_PUT_SYNC, PM_RUNTIME_RESUME_AND_GET
from generator.ops.power import PM_RUNTIME_DISABLE, PM_RUNTIME_ENABLE
from generator.ops.registered import DEVM_HWRNG_REGISTER
from generator.program import Return

RNG = Device("rng", "platform")
READ = access("readl_poll_timeout", CLOCK_ON)
WRITE = access("writel_relaxed", CLOCK_ON)
ERR_CLOCK = (
    PM_RUNTIME_PUT_NOIDLE(RNG, RNG),  # 249
    PM_RUNTIME_DISABLE(RNG),  # 252
    Return(ok=False),
)
DESIGN = Design("exynos-trng", "a random number generator of a SoC", (RNG,), (Driver(
    "exynos-trng", RNG,
    probe=(
        DEVM_KZALLOC(RNG, RNG, fail=RETURN),  # 189
        PLATFORM_SET_DRVDATA(RNG),  # 193
        DEVM_KSTRDUP(RNG, fail=RETURN),  # 198
        DEVM_PLATFORM_IOREMAP_RESOURCE(RNG, fail=RETURN),  # 212
        PM_RUNTIME_ENABLE(RNG),  # 217
        PM_RUNTIME_RESUME_AND_GET(RNG, RNG, fail=(  # 218
            PM_RUNTIME_DISABLE(RNG),  # 252
            Return(ok=False),
        )),
        DEVM_CLK_GET_ENABLED(RNG, fail=ERR_CLOCK),  # 224
        DEVM_CLK_GET_OPTIONAL_ENABLED(RNG, fail=ERR_CLOCK),  # 231
        DEVM_HWRNG_REGISTER(RNG, fail=ERR_CLOCK),  # 238
    ),
    remove=(
        PM_RUNTIME_PUT_SYNC(RNG, RNG),  # 268
        PM_RUNTIME_DISABLE(RNG),  # 269
    ),
    suspend=(PM_RUNTIME_PUT_SYNC(RNG, RNG),),  # 284
    resume=(PM_RUNTIME_RESUME_AND_GET(RNG, RNG, fail=RETURN),),  # 294
    contexts=(calls("hwrng", (
        WRITE(RNG),  # 89
        READ(RNG),  # 90
    )),),
),))
