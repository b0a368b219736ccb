# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but what firmware left on in a CPMU is still on when its irq is requested."""

from __future__ import annotations

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused

REFUSED = Refusal(
    "N4b", "what firmware left on in a CPMU is still on when its irq is requested",
    r"CPMU 0 can raise its interrupt: no; seen: yes", ("boot", "load"),
)
DESIGN, SERIES = refused(
    "n4b-left-on",
    rewrite.entry(
        auxbus.DESIGN, "cxl_pmu", "probe",
        lambda block: rewrite.around(block, "quiesce", keep=False),
    ),
)
