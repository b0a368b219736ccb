# SPDX-License-Identifier: GPL-2.0-only
"""A flash controller with an irq for what is done and another for errors, in one device."""

from generator.design import Design, Device, Driver
from generator.ops.clk import DEVM_CLK_GET_ENABLED
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.power import PM_RUNTIME_DISABLE, PM_RUNTIME_ENABLE

FLASH = Device("flash", "platform")
ERRORS = Device("errors", "part", FLASH)

flash = Driver(
    "flash", FLASH,
    probe=(
        DEVM_KZALLOC(FLASH, FLASH),
        DEVM_PLATFORM_IOREMAP_RESOURCE(FLASH),
        DEVM_CLK_GET_ENABLED(FLASH),
        PLATFORM_GET_IRQ(FLASH, FLASH, nr=0),
        PLATFORM_GET_IRQ(FLASH, ERRORS, nr=1),
        DEVM_REQUEST_IRQ(FLASH, FLASH, shared=0),
        DEVM_REQUEST_IRQ(ERRORS, FLASH, shared=0),
        PM_RUNTIME_ENABLE(FLASH),
    ),
    remove=(PM_RUNTIME_DISABLE(FLASH),),
)
DESIGN = Design("flash-controller", "a driver of a flash controller that has two irqs",
                devices=(FLASH, ERRORS), drivers=(flash,))
