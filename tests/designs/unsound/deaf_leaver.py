# SPDX-License-Identifier: GPL-2.0-only
"""A link whose data is freed by hand, while devres has yet to free its shared irq."""

from dataclasses import replace

from designs.sound.link_events import DESIGN as LINK_EVENTS
from designs.sound.link_events import LINK, link, port

from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.source import DISABLE_SOURCE

DESIGN = replace(
    LINK_EVENTS, name="deaf-leaver",
    drawing="a port creates a link, whose handler uses driver data",
    drivers=(port, replace(
        link, probe=(KZALLOC_DATA(LINK), *link.probe), atomic=(),
        remove=(DISABLE_SOURCE(LINK), KFREE_DATA(LINK)),
    )),
)
