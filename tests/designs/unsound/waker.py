# SPDX-License-Identifier: GPL-2.0-only
"""A link monitor that frees the data in which its queued work lies."""

from dataclasses import replace

from designs.sound.link_events import LINK, port
from designs.sound.link_monitor import DESIGN as LINK_MONITOR
from designs.sound.link_monitor import link

from generator.ops.irq import FREE_IRQ
from generator.ops.service import KFREE_DATA
from generator.ops.source import DISABLE_SOURCE

DESIGN = replace(LINK_MONITOR, name="waker", drivers=(
    port, replace(link, remove=(DISABLE_SOURCE(LINK), FREE_IRQ(LINK), KFREE_DATA(LINK))),
))
