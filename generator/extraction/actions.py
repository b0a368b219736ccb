# SPDX-License-Identifier: GPL-2.0-only
"""What devres does later by a callback of several steps; what is done at once on a failure."""

from __future__ import annotations

from dataclasses import replace

from generator.design import Device
from generator.errors import Where
from generator.operation import IGNORE, RETURN, UNWIND, Do, Guard, OnFail
from generator.ops.perf import devm_action
from generator.program import Block, Call, If, Return


def actions(body: Block, callback: str, device: Device, where: Where) -> Block | None:
    """Return the actions to be registered, the last step first; None when a step is none.

    A condition that is answered once is asked where the callback is registered.
    """
    found: Block = ()
    for node in body:
        ways: Block | None = None
        if isinstance(node, Call) and not node.function.fallible and not node.then:
            ways = actions(node.function.body, callback, device, where)
        elif isinstance(node, Do) and not node.params and node.op.label is None and (
            not node.op.managed and not node.op.fallible
        ):
            later = devm_action(node.op, callback, fails=False)
            ways = (replace(later(*node.places, device), where=where),)
        elif isinstance(node, If) and isinstance(node.guard, Guard) and node.guard.when is not None:
            then = actions(node.then, callback, device, where)
            other = actions(node.other, callback, device, where)
            if then is not None and other is not None:
                ways = (If(node.guard, then, other, where),)
        if ways is None:
            return None
        found = (*ways, *found)
    return found


def on_fail(failed: Block | None, before: Block) -> OnFail | Block:
    """Return what is done on a failure, in the shortest words."""
    if not failed:
        return IGNORE
    undone = [
        replace(one, op=one.op.undo, params=(), on_fail=UNWIND)
        for one in reversed(before)
        if isinstance(one, Do) and one.op.undo is not None and not one.op.managed
    ]
    if failed == (*undone, Return(ok=False)) and all(isinstance(one, Do) for one in before):
        return UNWIND
    return RETURN if failed == (Return(ok=False),) else failed
