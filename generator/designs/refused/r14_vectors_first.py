# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but the port frees its vectors before it deletes the children that use them."""

from __future__ import annotations

from generator import rewrite
from generator.ctext import helper
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused
from generator.drivers.pcie_cxlpmu_devices import pcie_cxlpmu_delete_devices
from generator.program import Block

DELETE = helper(pcie_cxlpmu_delete_devices())


def _later(body: Block) -> Block:
    without = rewrite.around(body, "pcie_cxlpmu_delete_devices", keep=False)
    return rewrite.around(without, "pcie_port_device_remove", after=(DELETE,))


REFUSED = Refusal(
    "R14", "the port frees its vectors before it deletes the children that use them",
    r"remove_proc_entry: removing non-empty directory", ("boot", "load", "rebind"),
)
DESIGN, SERIES = refused(
    "r14-vectors-first", rewrite.entry(auxbus.DESIGN, "pcieport", "remove", _later)
)
