# SPDX-License-Identifier: GPL-2.0-only
"""What a failure has to undo: whatever its function did before and devres does not undo."""

from __future__ import annotations

from collections.abc import Sequence

from generator.errors import NOWHERE, ModelError
from generator.operation import Do
from generator.program import Block, Call, operations, without_managed

# Label and text of each step of a way out, newest first.
Way = tuple[tuple[str, str], ...]


def undone(undos: tuple[Do | Call, ...], nodes: Block) -> tuple[Do | Call, ...]:
    """Return what a failure after some nodes undoes, oldest first; `undos` is that before them."""
    for node in nodes:
        undos = without_managed(undos, node)
        last = next((one for one in reversed(undos) if isinstance(one, Do)
                     and isinstance(node, Do) and node.takes_back(one)), None)
        if last is not None:
            undos = tuple(one for one in undos if one is not last)
        match node:
            case Do(op=op) if op.undo is not None and not op.managed:
                undos = (*undos, node)
            case Call() if _to_undo(node):
                undos = (*undos, node)
    return undos


def _to_undo(node: Call) -> bool:
    body = operations(node.function.body)
    return node.function.undo is not None or any(
        do.op.undo is not None and not do.op.managed for do in body
    )


def joined(exits: Sequence[Way]) -> Way:
    """Return the way out that has all the others at its end, so that each falls into the next.

    Errors: ModelError when two of them do not end alike.
    """
    longest = max(exits, key=len)
    for way in exits:
        if longest[len(longest) - len(way):] != way:
            raise ModelError(
                NOWHERE,
                "two ways out of one function undo in different orders: "
                f"{' '.join(label for label, _ in way)} / "
                f"{' '.join(label for label, _ in longest)}: "
                "put what belongs together into a helper of its own"
            )
    return longest
