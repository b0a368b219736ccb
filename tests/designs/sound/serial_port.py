# SPDX-License-Identifier: GPL-2.0-only
"""A serial port that firmware describes: a clock, a line of its own, and a mapping."""

from generator.design import Design, Device, Driver
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE

UART = Device("uart", "platform")

uart = Driver(
    "serial_port", UART,
    probe=(
        DEVM_KZALLOC(UART, UART),
        DEVM_PLATFORM_IOREMAP_RESOURCE(UART),
        PLATFORM_GET_IRQ(UART, UART),
        DEVM_CLK_GET(UART),
        CLK_PREPARE_ENABLE(UART),
        DISABLE_SOURCE(UART),
        REQUEST_IRQ(UART, shared=0),
        ENABLE_SOURCE(UART),
    ),
    remove=(DISABLE_SOURCE(UART), FREE_IRQ(UART), CLK_DISABLE_UNPREPARE(UART)),
)
DESIGN = Design("serial-port", "a driver of a serial port that firmware describes",
                devices=(UART,), drivers=(uart,))
