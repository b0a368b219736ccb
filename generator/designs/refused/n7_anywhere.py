# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but it is not asked where a CPMU's registers lie."""

from __future__ import annotations

from generator import rewrite
from generator.ctext import Leave
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused
from generator.program import Block, If


def _unasked(node: object) -> Block | None:
    """Take out the conditions after which nothing is done but to leave."""
    leaves = isinstance(node, If) and any(isinstance(one, Leave) for one in node.then)
    return () if leaves else None


REFUSED = Refusal(
    "N7", "it is not asked where a CPMU's registers lie",
    r"CPMU 0: no interrupt \(-(6|19)\)", ("boot",), board="elsewhere",
)
START = rewrite.functions(
    auxbus.DESIGN, "pcie_cxlpmu_block_start",
    lambda body: body[-1:],  # with the questions goes what only they look at
)
DESIGN, SERIES = refused(
    "n7-anywhere",
    rewrite.functions(
        START, "pcie_cxlpmu_discover_block",
        # The first of them asks whether it is a CPMU at all.
        lambda body: (*body[:4], *rewrite.block(body[4:], _unasked)),
    ),
)
