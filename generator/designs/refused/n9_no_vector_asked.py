# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but a CPMU's message number is read and no vector is looked up for it."""

from __future__ import annotations

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused

REFUSED = Refusal(
    "N9", "a CPMU's message number is read and no vector is looked up for it",
    r"auxiliary devices: 2; seen: 0", ("boot",),
)
DESIGN, SERIES = refused(
    "n9-no-vector-asked",
    rewrite.functions(
        auxbus.DESIGN, "pcie_cxlpmu_assign_irq", lambda body: body[:1],
    ),
)
