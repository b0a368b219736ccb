# SPDX-License-Identifier: GPL-2.0-only
"""A light sensor on I2C, with a supply that devres switches off."""

from generator.design import Design, Device, Driver
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.platform import CLIENT_IRQ
from generator.ops.power import DEVM_PM_RUNTIME_ENABLE
from generator.ops.regulator import DEVM_REGULATOR_GET_ENABLE
from generator.ops.reset import DEVM_RESET_CONTROL_GET_EXCLUSIVE, RESET_CONTROL_DEASSERT
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE

SENSOR = Device("sensor", "i2c")

sensor = Driver(
    "light_sensor", SENSOR,
    probe=(
        DEVM_KZALLOC(SENSOR, SENSOR),
        DEVM_REGULATOR_GET_ENABLE(SENSOR),
        DEVM_RESET_CONTROL_GET_EXCLUSIVE(SENSOR),
        RESET_CONTROL_DEASSERT(SENSOR),
        CLIENT_IRQ(SENSOR, SENSOR),
        DISABLE_SOURCE(SENSOR),
        DEVM_REQUEST_IRQ(SENSOR, SENSOR, shared=0),
        ENABLE_SOURCE(SENSOR),
        DEVM_PM_RUNTIME_ENABLE(SENSOR),
    ),
    remove=(DISABLE_SOURCE(SENSOR),),
)
DESIGN = Design("light-sensor", "a driver of a light sensor on an I2C bus",
                devices=(SENSOR,), drivers=(sensor,))
