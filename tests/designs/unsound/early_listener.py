# SPDX-License-Identifier: GPL-2.0-only
"""A link whose handler is on a shared irq before its registers are mapped, quiet as it is."""

from dataclasses import replace

from designs.sound.link_events import DESIGN as LINK_EVENTS
from designs.sound.link_events import LINK, link, port

from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.perf import DEVM_IOREMAP
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE

DESIGN = replace(LINK_EVENTS, name="early-listener", drivers=(port, replace(link, probe=(
    DISABLE_SOURCE(LINK),
    DEVM_REQUEST_IRQ(LINK, LINK),
    DEVM_IOREMAP(LINK, LINK),
    ENABLE_SOURCE(LINK),
))))
