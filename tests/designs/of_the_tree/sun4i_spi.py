# SPDX-License-Identifier: GPL-2.0-only
"""drivers/spi/spi-sun4i.c: a SPI host whose two clocks, here one, runtime PM switches.

The core holds a device with auto_runtime_pm while it transfers. Only a transfer turns on what
raises the interrupt, and the last one, that it is done, is not raised again. That it times out is
left out.
"""

from dataclasses import replace

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.facts import CLOCK_ON
from generator.fingerprint import Fingerprint
from generator.operation import IGNORE, RETURN
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.completion import WAIT_FOR_COMPLETION
from generator.ops.drvdata import PLATFORM_SET_DRVDATA
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.mapping import access
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.pm import (
    PM_RUNTIME_GET_SYNC,
    PM_RUNTIME_IDLE,
    PM_RUNTIME_PUT_AUTOSUSPEND,
    PM_RUNTIME_PUT_NOIDLE,
    PM_RUNTIME_SET_ACTIVE,
)
from generator.ops.power import PM_RUNTIME_DISABLE, PM_RUNTIME_ENABLE, PM_RUNTIME_FORCE_SUSPEND
from generator.ops.source import source
from generator.ops.spi import (
    SPI_ALLOC_HOST,
    SPI_CONTROLLER_GET,
    SPI_CONTROLLER_PUT,
    SPI_REGISTER_CONTROLLER,
    SPI_UNREGISTER_CONTROLLER,
)
from generator.program import Return

HOST = Device("host", "platform")
READ, WRITE = access("sun4i_spi_read", CLOCK_ON), access("sun4i_spi_write", CLOCK_ON)
INT_ON, INT_OFF = source("sun4i_spi_enable_interrupt", "sun4i_spi_write")
WAIT = replace(WAIT_FOR_COMPLETION, name="wait_for_completion_timeout",
               fingerprint=Fingerprint(("wait_for_completion_timeout",)))
FREE = (
    SPI_CONTROLLER_PUT(HOST),  # 519
    Return(ok=False),
)
OFF = (CLK_DISABLE_UNPREPARE(HOST),)  # 425
HELD = PM_RUNTIME_GET_SYNC(HOST, HOST, fail=(PM_RUNTIME_PUT_NOIDLE(HOST, HOST), Return()))
NOT_HELD = PM_RUNTIME_PUT_AUTOSUSPEND(HOST)

DESIGN = Design("sun4i-spi", "a SPI host that runtime PM suspends", (HOST,), (Driver(
    "sun4i-spi", HOST,
    probe=(
        SPI_ALLOC_HOST(HOST, fail=RETURN),  # 437
        PLATFORM_SET_DRVDATA(HOST),  # 443
        DEVM_PLATFORM_IOREMAP_RESOURCE(HOST, fail=FREE),  # 446
        PLATFORM_GET_IRQ(HOST, HOST, fail=FREE),  # 452
        DEVM_REQUEST_IRQ(HOST, HOST, fail=FREE),  # 458
        DEVM_CLK_GET(HOST, fail=FREE),  # 477
        CLK_PREPARE_ENABLE(HOST, fail=FREE),  # 397
        WRITE(HOST),  # 409
        PM_RUNTIME_SET_ACTIVE(HOST),  # 503
        PM_RUNTIME_ENABLE(HOST),  # 504
        PM_RUNTIME_IDLE(HOST),  # 505
        SPI_REGISTER_CONTROLLER(HOST, fail=(  # 507
            PM_RUNTIME_DISABLE(HOST),  # 516
            *OFF, *FREE,
        )),
    ),
    remove=(
        SPI_CONTROLLER_GET(HOST),  # 527
        SPI_UNREGISTER_CONTROLLER(HOST),  # 529
        PM_RUNTIME_FORCE_SUSPEND(HOST, fail=IGNORE),  # 531
        SPI_CONTROLLER_PUT(HOST),  # 533
    ),
    runtime_suspend=OFF,
    runtime_resume=(
        CLK_PREPARE_ENABLE(HOST, fail=RETURN),  # 397
        WRITE(HOST),  # 409
    ),
    atomic=(
        READ(HOST),  # 356
        INT_OFF(HOST),  # 360
    ),
    contexts=(calls("spi", (
        HELD,
        WRITE(HOST),  # 229
        INT_ON(HOST),  # 321
        WRITE(HOST),  # 330
        WAIT(HOST),  # 334
        INT_OFF(HOST),  # 348
        NOT_HELD,
    )),),
),))
