# SPDX-License-Identifier: GPL-2.0-only
"""A link monitor that cancels its work while it holds the mutex that the work takes."""

from dataclasses import replace

from designs.sound.link_events import LINK, port
from designs.sound.link_monitor import DESIGN as LINK_MONITOR
from designs.sound.link_monitor import link

from generator.context import work
from generator.ops.irq import FREE_IRQ
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.ops.memdev import READ_REGISTER
from generator.ops.service import KFREE_DATA
from generator.ops.source import DISABLE_SOURCE
from generator.ops.work import CANCEL_WORK_SYNC

DESIGN = replace(LINK_MONITOR, name="embraced", drivers=(port, replace(
    link,
    contexts=(work("recheck", (MUTEX_LOCK(LINK), READ_REGISTER(LINK), MUTEX_UNLOCK(LINK))),),
    remove=(
        DISABLE_SOURCE(LINK),
        FREE_IRQ(LINK),
        MUTEX_LOCK(LINK),
        CANCEL_WORK_SYNC(LINK, work="recheck"),
        MUTEX_UNLOCK(LINK),
        KFREE_DATA(LINK),
    ),
)))
