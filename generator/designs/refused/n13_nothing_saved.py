# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but a port's configuration is not saved in its probe, for a reset to come."""

from __future__ import annotations

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused

REFUSED = Refusal(
    "N13", "a port's configuration is not saved in its probe, for a reset to come",
    r"bus mastering: on; seen: off|interrupts are by: MSI-X; seen: INTx",
    ("boot", "load", "recover"), board="switch",
)
DESIGN, SERIES = refused(
    "n13-nothing-saved",
    rewrite.entry(
        auxbus.DESIGN, "pcieport", "probe",
        lambda block: rewrite.around(block, "pci_save_state", keep=False),
    ),
)
