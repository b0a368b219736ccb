# SPDX-License-Identifier: GPL-2.0-only
"""A power meter whose driver reads registers of a port that it lets sleep."""

from dataclasses import replace

from designs.sound.power_meter import DESIGN as POWER_METER
from designs.sound.power_meter import METER, meter, port

from generator.ops.perf import DEVM_REQUEST_MEM_REGION

awake = meter.probe.index(DEVM_REQUEST_MEM_REGION(METER, METER))  # all before keeps the port so
DESIGN = replace(POWER_METER, name="drowsy-meter",
                 drawing="a port creates a power meter, and lets it sleep under it",
                 drivers=(port, replace(meter, probe=meter.probe[awake:])))
