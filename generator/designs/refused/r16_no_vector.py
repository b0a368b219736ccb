# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but a CPMU that has no vector gets its device all the same."""

from __future__ import annotations

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused
from generator.drivers.pcie_cxlpmu_devices import HAS_IRQ
from generator.program import Block, If


def _added(node: object) -> Block | None:
    return node.then if isinstance(node, If) and node.guard == HAS_IRQ else None


REFUSED = Refusal(
    "R16", "a CPMU that has no vector gets its device all the same",
    r"probe with driver cxl_pmu\.port failed with error -(22|16)", ("boot", "load"), board="beyond",
)
DESIGN, SERIES = refused(
    "r16-no-vector",
    rewrite.functions(
        auxbus.DESIGN, "pcie_cxlpmu_add_all", lambda body: rewrite.block(body, _added)
    ),
)
