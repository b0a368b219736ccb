# SPDX-License-Identifier: GPL-2.0-only
"""drivers/spi/spi-altera-platform.c: an SPI controller with an irq, or polled without."""

from dataclasses import replace

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.facts import IRQ, MAPPED
from generator.fingerprint import Fingerprint
from generator.operation import IGNORE, RETURN, Guard
from generator.ops.allocated import DEVM_REGMAP_INIT_MMIO
from generator.ops.completion import WAIT_FOR_COMPLETION
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.mapping import access
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.ops.spi import DEVM_SPI_REGISTER_CONTROLLER, SPI_ALLOC_HOST, SPI_CONTROLLER_PUT
from generator.program import If, Return

SPI = Device("spi", "platform")
READL, WRITEL = access("altr_spi_readl"), access("altr_spi_writel")
SOURCE_OFF = replace(DISABLE_SOURCE, name="altr_spi_writel, source off", needs=(MAPPED,),
                     fingerprint=Fingerprint(("altr_spi_writel",)))
SOURCE_ON = replace(ENABLE_SOURCE, name="altr_spi_writel, source on", needs=(MAPPED,),
                    fingerprint=Fingerprint(("altr_spi_writel",)))
ENDS = replace(WAIT_FOR_COMPLETION, name="spi_transfer_wait", fingerprint=None,
               source="drivers/spi/spi.c spi_transfer_wait()")
HAS_IRQ = Guard("there is an irq", IRQ(SPI).ne(0), ("hw->irq >= 0",))
PUT = (
    SPI_CONTROLLER_PUT(SPI),  # platform:138
    Return(ok=False),
)
DESIGN = Design("altera-spi", "an SPI controller in an FPGA", (SPI,), (Driver(
    "spi_altera", SPI,
    probe=(
        SPI_ALLOC_HOST(SPI, fail=RETURN),  # platform:46
        DEVM_PLATFORM_IOREMAP_RESOURCE(SPI, fail=PUT),  # platform:95
        DEVM_REGMAP_INIT_MMIO(SPI, fail=PUT),  # platform:101
        SOURCE_OFF(SPI),  # core:214
        READL(SPI),  # core:216
        PLATFORM_GET_IRQ(SPI, SPI, fail=IGNORE),  # platform:113
        If(HAS_IRQ, (
            DEVM_REQUEST_IRQ(SPI, SPI, fail=PUT),  # platform:115
        )),
        DEVM_SPI_REGISTER_CONTROLLER(SPI, fail=PUT),  # platform:121
    ),
    atomic=(
        READL(SPI),  # core:119
        SOURCE_OFF(SPI),  # core:195
    ),
    contexts=(calls("spi", (
        If(HAS_IRQ, (
            SOURCE_ON(SPI),  # core:157
            WRITEL(SPI),  # core:112
            ENDS(SPI),  # core:162: it is the handler that ends the transfer
        ), (
            WRITEL(SPI),  # core:112
            READL(SPI),  # core:169
        )),
    )),),
),))
