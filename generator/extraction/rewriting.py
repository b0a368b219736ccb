# SPDX-License-Identifier: GPL-2.0-only
"""Blocks of a driver with other nodes in them, and its helpers so as well, each once."""

from __future__ import annotations

from collections.abc import Mapping

from generator.operation import Node
from generator.program import Block, Function, mapped


class Rewriting:
    """What replaces nodes, by `change`; what several blocks call is the same helper behind it."""

    def __init__(self) -> None:
        """Begin, with no helper rewritten."""
        self._functions: dict[str, Function] = {}

    def change(self, node: Node) -> Block | None:
        """Return what stands in the place of a node; None keeps it, and looks inside of it."""
        raise NotImplementedError

    def blocks(self, blocks: Mapping[str, Block]) -> dict[str, Block]:
        """Return blocks by the same names."""
        return {entry: self.block(block) for entry, block in blocks.items()}

    def block(self, block: Block) -> Block:
        """Return a block, its helpers rewritten as well."""
        return mapped(block, self.change, self.helper)

    def helper(self, function: Function) -> Function:
        """Return a helper, rewritten once."""
        if function.name not in self._functions:
            self._functions[function.name] = Function(function.name, self.block(function.body))
        return self._functions[function.name]
