# SPDX-License-Identifier: GPL-2.0-only
"""drivers/spi/spi-sifive.c: an SPI controller whose host is put by hand."""

from dataclasses import replace

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.facts import CLOCK_ON, MAPPED
from generator.fingerprint import Fingerprint
from generator.operation import RETURN
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET_ENABLED
from generator.ops.completion import WAIT_FOR_COMPLETION
from generator.ops.drvdata import PLATFORM_SET_DRVDATA
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.mapping import access
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.ops.spi import (
    SPI_ALLOC_HOST,
    SPI_CONTROLLER_GET,
    SPI_CONTROLLER_PUT,
    SPI_CONTROLLER_RESUME,
    SPI_CONTROLLER_SUSPEND,
    SPI_REGISTER_CONTROLLER,
    SPI_UNREGISTER_CONTROLLER,
)
from generator.program import Return

SPI = Device("spi", "platform")
READ, WRITE = access("sifive_spi_read", CLOCK_ON), access("sifive_spi_write", CLOCK_ON)
SOURCE_OFF = replace(DISABLE_SOURCE, name="sifive_spi_write, source off", needs=(MAPPED, CLOCK_ON),
                     fingerprint=Fingerprint(("sifive_spi_write",)))
SOURCE_ON = replace(ENABLE_SOURCE, name="sifive_spi_write, source on", needs=(MAPPED, CLOCK_ON),
                    fingerprint=Fingerprint(("sifive_spi_write",)))
PUT = (
    SPI_CONTROLLER_PUT(SPI),  # 405
    Return(ok=False),
)
DESIGN = Design("sifive-spi", "an SPI controller of a SoC", (SPI,), (Driver(
    "sifive_spi", SPI,
    probe=(
        SPI_ALLOC_HOST(SPI, fail=RETURN),  # 299
        PLATFORM_SET_DRVDATA(SPI),  # 307
        DEVM_PLATFORM_IOREMAP_RESOURCE(SPI, fail=PUT),  # 309
        DEVM_CLK_GET_ENABLED(SPI, fail=PUT),  # 316
        PLATFORM_GET_IRQ(SPI, SPI, fail=PUT),  # 323
        READ(SPI),  # 347
        SOURCE_OFF(SPI),  # 112
        DEVM_REQUEST_IRQ(SPI, SPI, fail=PUT),  # 386
        SPI_REGISTER_CONTROLLER(SPI, fail=PUT),  # 396
    ),
    remove=(
        SPI_CONTROLLER_GET(SPI),  # 415
        SPI_UNREGISTER_CONTROLLER(SPI),  # 417
        SOURCE_OFF(SPI),  # 420
        SPI_CONTROLLER_PUT(SPI),  # 422
    ),
    suspend=(
        SPI_CONTROLLER_SUSPEND(SPI, fail=RETURN),  # 431
        SOURCE_OFF(SPI),  # 436
        CLK_DISABLE_UNPREPARE(SPI),  # 438
    ),
    resume=(
        CLK_PREPARE_ENABLE(SPI, fail=RETURN),  # 449
        SPI_CONTROLLER_RESUME(SPI, fail=(  # 452
            CLK_DISABLE_UNPREPARE(SPI),  # 454
            Return(ok=False),
        )),
    ),
    atomic=(
        READ(SPI),  # 211
        SOURCE_OFF(SPI),  # 215
    ),
    contexts=(calls("spi", (
        WRITE(SPI),  # 176
        SOURCE_ON(SPI),  # 233
        WAIT_FOR_COMPLETION(SPI),  # 234
    )),),
),))
