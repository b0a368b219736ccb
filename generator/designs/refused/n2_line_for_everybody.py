# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but a CPMU that does not fit is a reason to give up MSI and MSI-X for the whole port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from generator import rewrite
from generator.ctext import leave
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused
from generator.drivers.portdrv_services import PORT
from generator.ops.irq import PCI_FREE_IRQ_VECTORS
from generator.program import Block, Call, If


def _refuse(node: object) -> Block | None:
    """Leave with an error where a CPMU's message does not fit."""
    if isinstance(node, If) and getattr(node.guard, "name", "") == "msg < nr_entries":
        return (replace(node, other=(leave("-ENOSPC", ok=False),)),)
    return None


def _give_up(result: str, body: Block) -> Block:
    """Free what there is where CPMUs are counted in, and leave with the error."""

    def freed(node: object) -> Block | None:
        if isinstance(node, Call) and node.function.name == "pcie_cxlpmu_count_vectors":
            way = (PCI_FREE_IRQ_VECTORS(PORT), leave(result, ok=False))
            return (replace(node, on_fail=way),)
        return None

    return rewrite.block(body, freed)


REFUSED = Refusal(
    "N2", "a CPMU that does not fit is a reason to give up MSI and MSI-X for the whole port",
    r"interrupts are by: MSI-X; seen: INTx", ("boot",), board="beyond",
)
CHANGES: Mapping[str, Callable[[Block], Block]] = {
    "pcie_cxlpmu_count_vectors": lambda body: rewrite.block(body, _refuse),
    "pcie_port_alloc_irq_vec": partial(_give_up, "total"),
    "pcie_cxlpmu_alloc_vectors": partial(_give_up, "nvec"),
}
CHANGED = auxbus.DESIGN
for name, change in CHANGES.items():
    CHANGED = rewrite.functions(CHANGED, name, change)
DESIGN, SERIES = refused("n2-line-for-everybody", CHANGED)
