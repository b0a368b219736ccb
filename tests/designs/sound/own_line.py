# SPDX-License-Identifier: GPL-2.0-only
"""A link alone on its irq: nobody calls its handler before its own source is on."""

from dataclasses import replace

from designs.sound.link_events import DESIGN as LINK_EVENTS
from designs.sound.link_events import LINK, link, port

from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.perf import DEVM_IOREMAP
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE

DESIGN = replace(LINK_EVENTS, name="own-line", drivers=(port, replace(
    link,
    probe=(
        DISABLE_SOURCE(LINK),
        REQUEST_IRQ(LINK, shared=0),
        DEVM_IOREMAP(LINK, LINK),
        ENABLE_SOURCE(LINK),
    ),
    remove=(DISABLE_SOURCE(LINK), FREE_IRQ(LINK)),
)))
