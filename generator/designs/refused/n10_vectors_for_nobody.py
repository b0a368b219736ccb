# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but a port without services keeps vectors for no device."""

from __future__ import annotations

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused
from generator.program import Block


def _unasked(body: Block) -> Block:
    """Take out the questions whether a CPMU has an irq, and whether one has a device."""
    return rewrite.around(
        rewrite.around(body, "pcie_cxlpmu_any_irq", keep=False), "pcie_cxlpmu_any_child",
        keep=False,
    )


REFUSED = Refusal(
    "N10", "a port without services keeps vectors for no device",
    r"interrupts are by: INTx; seen: MSI-X", ("boot",), board="switch-beyond",
)
DESIGN, SERIES = refused(
    "n10-vectors-for-nobody",
    rewrite.functions(auxbus.DESIGN, "pcie_cxlpmu_serve_port", _unasked),
)
