# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but a CPMU's registers are read and were not mapped."""

from __future__ import annotations

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused

REFUSED = Refusal(
    "N12", "a CPMU's registers are read and were not mapped",
    r"BUG: kernel NULL pointer dereference", ("boot",),
)
DESIGN, SERIES = refused(
    "n12-not-mapped",
    rewrite.functions(
        auxbus.DESIGN, "pcie_cxlpmu_message_number",
        lambda body: rewrite.around(body, "ioremap", keep=False),
    ),
)
