# SPDX-License-Identifier: GPL-2.0-only
"""A sensor whose driver switches off in remove what devres switches off as well."""

from generator.design import Design, Device, Driver
from generator.ops.device import DEVM_KZALLOC
from generator.ops.regulator import DEVM_REGULATOR_GET_ENABLE, REGULATOR_DISABLE

SENSOR = Device("sensor", "spi")

sensor = Driver(
    "eager_sensor", SENSOR,
    probe=(DEVM_KZALLOC(SENSOR, SENSOR), DEVM_REGULATOR_GET_ENABLE(SENSOR)),
    remove=(REGULATOR_DISABLE(SENSOR),),
)
DESIGN = Design("eager-sensor", "a driver of a sensor on SPI that disables its supply twice",
                devices=(SENSOR,), drivers=(sensor,))
