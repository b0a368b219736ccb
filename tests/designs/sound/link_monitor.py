# SPDX-License-Identifier: GPL-2.0-only
"""A link monitor whose handler queues work, which is cancelled when no handler can come."""

from dataclasses import replace

from designs.sound.link_events import DESIGN as LINK_EVENTS
from designs.sound.link_events import LINK, port

from generator.context import work
from generator.design import Driver
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.memdev import READ_REGISTER
from generator.ops.perf import DEVM_IOREMAP
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.ops.work import CANCEL_WORK_SYNC, INIT_WORK, SCHEDULE_WORK

link = Driver(
    "link_monitor", LINK,
    probe=(
        KZALLOC_DATA(LINK),
        DEVM_IOREMAP(LINK, LINK),
        INIT_WORK(LINK, work="recheck"),
        DISABLE_SOURCE(LINK),
        REQUEST_IRQ(LINK, shared=1),
        ENABLE_SOURCE(LINK),
    ),
    atomic=(SCHEDULE_WORK(LINK, work="recheck"),),
    contexts=(work("recheck", (READ_REGISTER(LINK),)),),
    remove=(
        DISABLE_SOURCE(LINK),
        FREE_IRQ(LINK),
        CANCEL_WORK_SYNC(LINK, work="recheck"),
        KFREE_DATA(LINK),
    ),
)
DESIGN = replace(
    LINK_EVENTS, name="link-monitor", drivers=(port, link),
    drawing="a port creates a link, which is looked at when it interrupts",
)
