# SPDX-License-Identifier: GPL-2.0-only
"""A link monitor that cancels its work while its handler can queue it again."""

from dataclasses import replace

from designs.sound.link_events import LINK, port
from designs.sound.link_monitor import DESIGN as LINK_MONITOR
from designs.sound.link_monitor import link

from generator.ops.irq import FREE_IRQ
from generator.ops.service import KFREE_DATA
from generator.ops.source import DISABLE_SOURCE
from generator.ops.work import CANCEL_WORK_SYNC

DESIGN = replace(LINK_MONITOR, name="late-resetter", drivers=(port, replace(link, remove=(
    DISABLE_SOURCE(LINK),
    CANCEL_WORK_SYNC(LINK, work="recheck"),
    FREE_IRQ(LINK),
    KFREE_DATA(LINK),
))))
