# SPDX-License-Identifier: GPL-2.0-only
"""Blocks without the operations of which nothing true can be said."""

from __future__ import annotations

from generator.extraction.rewriting import Rewriting
from generator.operation import RETURN, UNWIND, Do, Guard, Node, Operation
from generator.program import Block, Call, If, Return


class Without(Rewriting):
    """Blocks without some operations: where one could fail, it may fail still."""

    def __init__(self, left_out: frozenset[Operation]) -> None:
        """Begin; left_out: the operations that no block is to have."""
        super().__init__()
        self.left_out = left_out

    def change(self, node: Node) -> Block | None:
        """Return nothing for an operation that is left out, or that it may fail."""
        if isinstance(node, Call):
            now = self.helper(node.function)
            if not now.body:
                return ()
            if not now.fallible:
                return (Call(now, UNWIND, self.block(node.then), node.where),)
            return None
        if not isinstance(node, Do) or node.op not in self.left_out:
            return None
        failed = (Return(ok=False),) if node.on_fail == RETURN else node.on_fail
        if not isinstance(failed, tuple) or not node.op.fallible:
            return ()
        fails = Guard(f"{node.op.name}() fails", None, ())
        return (If(fails, self.block(failed), (), node.where),)
