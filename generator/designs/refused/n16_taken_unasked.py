# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but unbinding takes a runtime PM reference whether or not the probe gave one away."""

from __future__ import annotations

from dataclasses import replace

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused
from generator.drivers.portdrv import BRIDGE_D3
from generator.drivers.portdrv_services import PORT
from generator.ops.pm import PM_RUNTIME_GET_NORESUME
from generator.program import Block, If


def _unasked(node: object) -> Block | None:
    """Put what takes the reference in front of the question whether the port may sleep."""
    if not (isinstance(node, If) and node.guard == BRIDGE_D3):
        return None
    asked = rewrite.around(node.then, "pm_runtime_get_noresume", keep=False)
    return PM_RUNTIME_GET_NORESUME(PORT), replace(node, then=asked)


REFUSED = Refusal(
    "N16", "unbinding a port takes a runtime PM reference, whether or not its probe gave one away",
    r"runtime PM references: as before; seen: .* were held", ("boot", "load", "rebind"),
)
DESIGN, SERIES = refused(
    "n16-taken-unasked",
    rewrite.entry(
        auxbus.DESIGN, "pcieport", "remove", lambda block: rewrite.block(block, _unasked)
    ),
)
