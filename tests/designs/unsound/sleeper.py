# SPDX-License-Identifier: GPL-2.0-only
"""A sensor that is switched off at unbind although its port may sleep."""

from dataclasses import replace

from designs.sound.polled import DESIGN as POLLED
from designs.sound.polled import SENSOR

from generator.ops.perf import DEVM_REQUEST_MEM_REGION
from generator.ops.source import DISABLE_SOURCE

port, sensor = POLLED.drivers
awake = sensor.probe.index(DEVM_REQUEST_MEM_REGION(SENSOR, SENSOR))  # all before keeps the port so
DESIGN = replace(POLLED, name="sleeper", drivers=(
    port, replace(sensor, probe=sensor.probe[awake:], remove=(DISABLE_SOURCE(SENSOR),)),
))
