# SPDX-License-Identifier: GPL-2.0-only
"""What C asks of what its own calls decide is what the design says, and no answer given once."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from generator.design import Device
from generator.expr import Fact
from generator.extraction.rewriting import Rewriting
from generator.facts import ENABLED, RPM_ACTIVE, RPM_ENABLED
from generator.operation import Guard, Node
from generator.ops.power import PM_RUNTIME_ENABLE
from generator.ops.runtime import OFF_PCI
from generator.program import Block, If, operations

_ASKED = re.compile(r"pm_runtime_(active|enabled|suspended|status_suspended)\([^()]*\)")
_KINDS = OFF_PCI[0][1]


def answered(
    blocks: Mapping[str, Block], device: Device, left_open: Collection[Fact]
) -> dict[str, Block]:
    """Return a driver's blocks with pm_runtime_suspended() and its like as facts of the device.

    So is pci_is_enabled(). They stay as they are where the design does not know: where nobody
    enables runtime PM, or functions that were not read change it. left_open: the facts that such
    functions change.
    """
    if device.kind == "pci":
        return dict(blocks) if ENABLED in left_open else _Enabled(device).blocks(blocks)
    enabled = any(do.op == PM_RUNTIME_ENABLE for block in blocks.values()
                  for do in operations(block))
    if device.kind not in _KINDS or not enabled or {RPM_ACTIVE, RPM_ENABLED} & set(left_open):
        return dict(blocks)
    return _Answered(device).blocks(blocks)


class _Answered(Rewriting):
    def __init__(self, device: Device) -> None:
        super().__init__()
        self._device = device

    def change(self, node: Node) -> Block | None:
        if not isinstance(node, If) or not isinstance(node.guard, Guard):
            return None
        asked = _ASKED.fullmatch(node.guard.name)
        if asked is None:
            return None
        fact = RPM_ENABLED if asked[1] == "enabled" else RPM_ACTIVE
        answer = fact(self._device).eq(int(not asked[1].endswith("suspended")))
        now = Guard(node.guard.name, answer, node.guard.c)
        return (If(now, self.block(node.then), self.block(node.other), node.where),)


class _Enabled(Rewriting):
    def __init__(self, device: Device) -> None:
        super().__init__()
        self._off = ENABLED(device).eq(0)  # it is counted

    def change(self, node: Node) -> Block | None:
        if not isinstance(node, If) or not isinstance(node.guard, Guard):
            return None
        if not re.fullmatch(r"pci_is_enabled\([^()]*\)", node.guard.name):
            return None
        off = f"!{node.guard.name}"
        now = Guard(off, self._off, (off,))
        return (If(now, self.block(node.other), self.block(node.then), node.where),)
