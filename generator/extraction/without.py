# SPDX-License-Identifier: GPL-2.0-only
"""Blocks without the operations of which nothing true can be said."""

from __future__ import annotations

from generator.operation import RETURN, UNWIND, Do, Guard, Node, Operation
from generator.program import Block, Call, Function, If, Return, mapped


class Without:
    """Blocks without some operations: where one could fail, it may fail still."""

    def __init__(self, left_out: frozenset[Operation]) -> None:
        """Begin; left_out: the operations that no block is to have."""
        self.left_out = left_out
        self._functions: dict[str, Function] = {}

    def block(self, block: Block) -> Block:
        """Return a block without them, its helpers as well."""
        return mapped(block, self._change, self._helper)

    def _change(self, node: Node) -> Block | None:
        if isinstance(node, Call):
            now = self._helper(node.function)
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

    def _helper(self, function: Function) -> Function:
        if function.name not in self._functions:
            self._functions[function.name] = Function(function.name, self.block(function.body))
        return self._functions[function.name]
