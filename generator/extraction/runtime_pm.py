# SPDX-License-Identifier: GPL-2.0-only
"""What C asks of what its own calls decide is what the design says, and no answer given once."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from generator.design import Device
from generator.expr import Fact
from generator.extraction.rewriting import Rewriting
from generator.extraction.vocabulary import facts_of
from generator.facts import (
    CLOCK_ON,
    CLOCK_PREPARED,
    ENABLED,
    RPM_ACTIVE,
    RPM_ENABLED,
    SUPPLY_ON,
)
from generator.operation import Guard, Node, Operation
from generator.ops.power import PM_RUNTIME_ENABLE
from generator.ops.runtime import OFF_PCI
from generator.program import Block, If, operations_once

_ASKED = re.compile(r"pm_runtime_(active|enabled|suspended|status_suspended)\([^()]*\)")
_KINDS = OFF_PCI[0][1]
_CALLBACKS = ("runtime_suspend", "runtime_resume")
_SWITCHED = frozenset((CLOCK_ON, CLOCK_PREPARED, SUPPLY_ON))


def enabled_in(blocks: Mapping[str, Block]) -> bool:
    """Return whether a driver's own calls enable runtime PM."""
    return any(RPM_ENABLED in facts_of(do.op) for do in operations_once(blocks.values()))


def called_unseen(
    blocks: Mapping[str, Block], device: Device, left_out: Collection[Operation]
) -> frozenset[Fact]:
    """Return what runtime PM switches by a driver's callbacks, clocks and supplies, who knows when.

    That is so where nothing can be said of the calls that enable it. left_out: the operations of
    which nothing can be said. Of PCI devices the bus enables it.
    """
    if device.kind not in _KINDS or any(
        RPM_ENABLED in facts_of(do.op) and do.op not in left_out
        for do in operations_once(blocks.values())
    ):
        return frozenset()
    return _SWITCHED & {fact for do in operations_once(blocks.get(one, ()) for one in _CALLBACKS)
                        for fact in facts_of(do.op)}


def answered(
    blocks: Mapping[str, Block], device: Device, left_open: Collection[Fact], *,
    enables: bool = False,
) -> dict[str, Block]:
    """Return a driver's blocks with pm_runtime_suspended() and its like as facts of the device.

    So is pci_is_enabled(). They stay as they are where the design does not know: where nobody
    enables runtime PM, or functions that were not read change it. left_open: the facts that such
    functions change. enables: the driver does enable runtime PM, said of it here or not, so it is
    enabled wherever that is asked.
    """
    if device.kind == "pci":
        return dict(blocks) if ENABLED in left_open else _Enabled(device).blocks(blocks)
    enabled = any(do.op == PM_RUNTIME_ENABLE for do in operations_once(blocks.values()))
    if device.kind not in _KINDS or not enabled:
        return _IsEnabled().blocks(blocks) if enables else dict(blocks)
    return _Answered(device, left_open).blocks(blocks)


class _Answered(Rewriting):
    def __init__(self, device: Device, left_open: Collection[Fact]) -> None:
        super().__init__()
        self._device, self._left_open = device, left_open

    def change(self, node: Node) -> Block | None:
        if not isinstance(node, If) or not isinstance(node.guard, Guard):
            return None
        asked = _ASKED.fullmatch(node.guard.name)
        if asked is None:
            return None
        fact = RPM_ENABLED if asked[1] == "enabled" else RPM_ACTIVE
        if fact in self._left_open or RPM_ENABLED in self._left_open:
            return None
        answer = fact(self._device).eq(int(not asked[1].endswith("suspended")))
        now = Guard(node.guard.name, answer, node.guard.c)
        return (If(now, self.block(node.then), self.block(node.other), node.where),)


class _IsEnabled(Rewriting):
    def change(self, node: Node) -> Block | None:
        if not isinstance(node, If) or not isinstance(node.guard, Guard):
            return None
        asked = _ASKED.fullmatch(node.guard.name)
        return self.block(node.then) if asked is not None and asked[1] == "enabled" else None


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
