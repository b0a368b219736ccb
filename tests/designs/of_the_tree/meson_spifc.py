# SPDX-License-Identifier: GPL-2.0-only
"""drivers/spi/spi-meson-spifc.c: an SPI controller whose clock runtime PM switches."""

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.facts import CLOCK_ON, RPM_ACTIVE, RPM_ENABLED
from generator.operation import IGNORE, RETURN, Guard
from generator.ops.allocated import DEVM_REGMAP_INIT_MMIO
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET_ENABLED
from generator.ops.drvdata import PLATFORM_SET_DRVDATA
from generator.ops.mapping import access
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE
from generator.ops.pm import PM_RUNTIME_GET_SYNC, PM_RUNTIME_PUT_NOIDLE, PM_RUNTIME_SET_ACTIVE
from generator.ops.power import PM_RUNTIME_DISABLE, PM_RUNTIME_ENABLE
from generator.ops.spi import (
    DEVM_SPI_REGISTER_CONTROLLER,
    SPI_ALLOC_HOST,
    SPI_CONTROLLER_PUT,
    SPI_CONTROLLER_RESUME,
    SPI_CONTROLLER_SUSPEND,
)
from generator.program import If, Return

SPI = Device("spi", "platform")
REGMAP = access("regmap_update_bits", CLOCK_ON)
SUSPENDED = Guard("runtime PM has it suspended", RPM_ACTIVE(SPI).eq(0) & RPM_ENABLED(SPI).eq(1),
                  ("pm_runtime_suspended(dev)",))
PUT = (
    SPI_CONTROLLER_PUT(SPI),  # 347
    Return(ok=False),
)
DESIGN = Design("meson-spifc", "an SPI controller of a SoC, and runtime PM", (SPI,), (Driver(
    "meson-spifc", SPI,
    probe=(
        SPI_ALLOC_HOST(SPI, fail=RETURN),  # 293
        PLATFORM_SET_DRVDATA(SPI),  # 297
        DEVM_PLATFORM_IOREMAP_RESOURCE(SPI, fail=PUT),  # 302
        DEVM_REGMAP_INIT_MMIO(SPI, fail=PUT),  # 308
        DEVM_CLK_GET_ENABLED(SPI, fail=PUT),  # 315
        REGMAP(SPI),  # 280
        PM_RUNTIME_SET_ACTIVE(SPI),  # 334
        PM_RUNTIME_ENABLE(SPI),  # 335
        DEVM_SPI_REGISTER_CONTROLLER(SPI, fail=(  # 337
            PM_RUNTIME_DISABLE(SPI),  # 345
            *PUT,
        )),
    ),
    remove=(
        PM_RUNTIME_GET_SYNC(SPI, SPI, fail=IGNORE),  # 353
        PM_RUNTIME_DISABLE(SPI),  # 354
        PM_RUNTIME_PUT_NOIDLE(SPI, SPI),  # 355
    ),
    suspend=(
        SPI_CONTROLLER_SUSPEND(SPI, fail=RETURN),  # 365
        If(SUSPENDED, (), (CLK_DISABLE_UNPREPARE(SPI),)),  # 370
    ),
    resume=(
        If(SUSPENDED, (), (CLK_PREPARE_ENABLE(SPI, fail=RETURN),)),  # 382
        REGMAP(SPI),  # 280
        SPI_CONTROLLER_RESUME(SPI, fail=(  # 389
            CLK_DISABLE_UNPREPARE(SPI),  # 391
            Return(ok=False),
        )),
    ),
    runtime_suspend=(CLK_DISABLE_UNPREPARE(SPI),),  # 403
    runtime_resume=(CLK_PREPARE_ENABLE(SPI, fail=RETURN),),  # 413
    contexts=(calls("spi"),),
),))
