# SPDX-License-Identifier: GPL-2.0-only
"""Designs that leave a clock or a supply on, or switch one off that is off already."""

from broken.parts import Case
from generator.design import Design, Device, Driver
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_GET, CLK_PREPARE_ENABLE, CLK_PUT
from generator.ops.regulator import (
    DEVM_REGULATOR_GET,
    DEVM_REGULATOR_GET_ENABLE,
    REGULATOR_DISABLE,
    REGULATOR_ENABLE,
)
from generator.program import Block

SENSOR = Device("sensor", "spi")
CLOCK: Block = (CLK_GET(SENSOR), CLK_PREPARE_ENABLE(SENSOR))
OFF, PUT = CLK_DISABLE_UNPREPARE(SENSOR), CLK_PUT(SENSOR)
SUPPLY: Block = (DEVM_REGULATOR_GET(SENSOR), REGULATOR_ENABLE(SENSOR))


def sensor(probe: Block, remove: Block = ()) -> Design:
    """Return the design of a sensor on SPI and its driver."""
    driver = Driver("spidrv", SENSOR, probe, remove)
    return Design("sensor", "a sensor on SPI", (SENSOR,), (driver,))


CASES = (
    # drivers/clk/clk.c clk_core_disable(): WARN(core->enable_count == 0, "%s already disabled").
    Case(
        "R40",
        broken=sensor(CLOCK, (OFF, OFF, PUT)),
        mended=sensor(CLOCK, (OFF, PUT)),
        trace=("sensor: bind spidrv", "sensor: clk_get(sensor)",
               "sensor: clk_prepare_enable(sensor)", "sensor: probe returns 0",
               "sensor: unbind spidrv", "sensor: clk_disable_unprepare(sensor)",
               "sensor: clk_disable_unprepare(sensor)"),
        hardware={},
    ),
    # Nobody counts down what this driver counted up: the clock runs on for nobody.
    Case(
        "R40",
        broken=sensor(CLOCK, (PUT,)),
        mended=sensor(CLOCK, (OFF, PUT)),
        trace=("sensor: bind spidrv", "sensor: clk_get(sensor)",
               "sensor: clk_prepare_enable(sensor)", "sensor: probe returns 0",
               "sensor: unbind spidrv", "sensor: clk_put(sensor)", "sensor: unbound"),
        hardware={},
    ),
    # drivers/regulator/core.c _regulator_put(): WARN_ON(regulator->enable_count), out of devres.
    Case(
        "R40",
        broken=sensor(SUPPLY),
        mended=sensor(SUPPLY, (REGULATOR_DISABLE(SENSOR),)),
        trace=("sensor: bind spidrv", "sensor: devm_regulator_get(sensor)",
               "sensor: regulator_enable(sensor)", "sensor: probe returns 0",
               "sensor: unbind spidrv", "sensor: put regulator for sensor"),
        hardware={},
    ),
    # drivers/regulator/devres.c devm_regulator_get_enable(): devres disables it once more.
    Case(
        "R40",
        broken=sensor((DEVM_REGULATOR_GET_ENABLE(SENSOR),), (REGULATOR_DISABLE(SENSOR),)),
        mended=sensor((DEVM_REGULATOR_GET_ENABLE(SENSOR),)),
        trace=("sensor: bind spidrv", "sensor: devm_regulator_get_enable(sensor)",
               "sensor: probe returns 0", "sensor: unbind spidrv",
               "sensor: regulator_disable(sensor)", "sensor: disable and put regulator for sensor"),
        hardware={},
    ),
)
