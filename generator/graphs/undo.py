# SPDX-License-Identifier: GPL-2.0-only
"""What unwinding has to undo, and in which order; what is managed, devres undoes, and it does not.

The graph of a design asks it, and so does the C that is rendered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from generator.errors import ModelError
from generator.expr import Place
from generator.operation import Do, Operation
from generator.program import Block, Call, Each, If, Ifdef, operations

Managing = frozenset[tuple[str, Place]]  # operations, with their device, that make others managed


@dataclass(frozen=True)
class Unclear:
    """Something to undo on one of several ways that have met again, and how to tell the user."""

    why: str


Undo = Do | Each | Call | Unclear  # what there is to undo
_U = TypeVar("_U")


def managing(block: Block) -> Managing:
    """Return the managed operations of an entry point: some others are managed behind them."""
    return frozenset(
        (do.op.name, do.places[0]) for do in operations(block) if do.op.managed and do.places
    )


def by_hand(do: Do, managing: Managing) -> bool:
    """Return whether an operation is undone, and by no devres list."""
    op = do.op
    return op.undo is not None and not op.managed and (
        not op.managed_by or (op.managed_by, do.places[0]) not in managing
    )


def undoing(block: Block, managing: Managing) -> bool:
    """Return whether anything in a block is undone by hand."""
    return any(by_hand(do, managing) for do in operations(block))


def without_managed(undos: tuple[_U, ...], node: object) -> tuple[_U, ...]:
    """Return what is still to be undone when a node has made devres do it.

    As with devm_add_action_or_reset(): from there on, and when it fails.
    """
    if not (isinstance(node, Do) and node.op.managed):
        return undos
    return tuple(
        one for one in undos if not (isinstance(one, Do) and one.op.undo == node.op.undo)
    )


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


def without_taken_back(undos: tuple[Undo, ...], node: Do) -> tuple[Undo, ...]:
    """Return what there is still to undo when an operation has taken back the last like it."""
    for at in reversed(range(len(undos))):
        did = undos[at]
        if isinstance(did, Do) and node.takes_back(did):
            return (*undos[:at], *undos[at + 1:])
    return undos


def latest_first(
    undos: Sequence[Undo], failed: Do | Call
) -> Iterator[tuple[Do | Each | Call, Operation | None]]:
    """Yield what unwinding undoes when an operation fails, and by which operation if not its undo.

    Errors: ModelError where it cannot be told what was done.
    """
    taken: set[tuple[str, Place]] = set()
    instead = {
        (name, failed.places[0]): undo for name, undo in failed.op.frees_by
    } if isinstance(failed, Do) else {}
    for node in reversed(undos):
        if isinstance(node, Do):
            if (node.op.name, node.places[0]) in taken:
                continue
            freed = (*node.op.takes_over, *(name for name, _ in node.op.frees_by))
            taken |= {(name, node.places[0]) for name in freed}
            if (node.op.name, node.places[0]) in instead:
                yield node, instead[node.op.name, node.places[0]]
                continue
        if isinstance(node, Unclear):
            raise ModelError(
                failed.where,
                f"when this fails, unwinding cannot tell {node.why}; "
                "give it fail=(...) with what is to be undone"
            )
        yield node, None


def round_latest_first(loop: Each, managing: Managing) -> Iterator[Do | Each | Call]:
    """Yield what is undone of a round of a loop, the latest first.

    Errors: ModelError where it cannot be told which branch was taken.
    """
    for node in reversed(loop.body):
        if isinstance(node, If | Ifdef) and undoing((node,), managing):
            raise ModelError(
                node.where,
                "unwinding cannot tell whether this branch was taken; "
                "give the later operation fail=(...) with what is to be undone"
            )
        if isinstance(node, Do):
            if by_hand(node, managing):
                yield node
        elif isinstance(node, Each | Call) and undoing((node,), managing):
            yield node
