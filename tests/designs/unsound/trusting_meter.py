# SPDX-License-Identifier: GPL-2.0-only
"""A power meter that firmware left on, whose driver requests the irq before it looks at it."""

from dataclasses import replace

from designs.sound.power_meter import DESIGN as POWER_METER
from designs.sound.power_meter import METER, meter, port

from generator.ops.source import DISABLE_SOURCE

trusting = tuple(step for step in meter.probe if step != DISABLE_SOURCE(METER))
DESIGN = replace(POWER_METER, name="trusting-meter",
                 drivers=(port, replace(meter, probe=trusting)))
