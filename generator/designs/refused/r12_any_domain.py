# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but vectors are added wherever the port runs on MSI-X."""

from __future__ import annotations

from dataclasses import replace

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused
from generator.drivers.pcie_cxlpmu import CAN_ADD, MSIX_ON
from generator.program import Block, If


def _without_question(node: object) -> Block | None:
    return (replace(node, guard=MSIX_ON),) if isinstance(node, If) and node.guard == CAN_ADD \
        else None


REFUSED = Refusal(
    "R12", "vectors are added wherever the port runs on MSI-X",
    r"CPMU 0: no vector for message 2 \(-524\)", ("boot",),
)
DESIGN, SERIES = refused(
    "r12-any-domain", rewrite.rewritten(auxbus.DESIGN, _without_question)
)
