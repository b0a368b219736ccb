# SPDX-License-Identifier: GPL-2.0-only
"""A power meter whose driver leaves its source on when it gives the irq back."""

from dataclasses import replace

from designs.sound.power_meter import DESIGN as POWER_METER
from designs.sound.power_meter import METER, meter, port

from generator.ops.irq import FREE_IRQ
from generator.ops.source import DISABLE_SOURCE

DESIGN = replace(POWER_METER, name="hot-meter", drivers=(
    port, replace(meter, remove=(FREE_IRQ(METER), DISABLE_SOURCE(METER))),
))
