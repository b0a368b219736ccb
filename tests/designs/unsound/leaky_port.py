# SPDX-License-Identifier: GPL-2.0-only
"""A serial port whose clock stays on when its probe cannot have the irq."""

from generator.design import Design, Device, Driver
from generator.operation import RETURN
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ

UART = Device("uart", "platform")

uart = Driver(
    "leaky_port", UART,
    probe=(
        DEVM_PLATFORM_IOREMAP_RESOURCE(UART),
        DEVM_CLK_GET(UART),
        CLK_PREPARE_ENABLE(UART),
        PLATFORM_GET_IRQ(UART, UART),
        DEVM_REQUEST_IRQ(UART, UART, shared=0, fail=RETURN),
    ),
    remove=(CLK_DISABLE_UNPREPARE(UART),),
)
DESIGN = Design("leaky-port", "a driver of a serial port that forgets the clock when it fails",
                devices=(UART,), drivers=(uart,))
