# SPDX-License-Identifier: GPL-2.0-only
"""A sensor whose driver claims and maps its registers on the port."""

from dataclasses import replace

from designs.sound.polled import DESIGN as POLLED
from designs.sound.polled import PORT, SENSOR

from generator.ops.perf import DEVM_IOREMAP, DEVM_REQUEST_MEM_REGION

port, sensor = POLLED.drivers
ON_PORT = {
    DEVM_REQUEST_MEM_REGION(SENSOR, SENSOR): DEVM_REQUEST_MEM_REGION(SENSOR, PORT),
    DEVM_IOREMAP(SENSOR, SENSOR): DEVM_IOREMAP(SENSOR, PORT),
}
borrows = tuple(ON_PORT.get(step, step) for step in sensor.probe)
DESIGN = replace(POLLED, name="borrower", drivers=(port, replace(sensor, probe=borrows)))
