# SPDX-License-Identifier: GPL-2.0-only
"""Warnings in callbacks of CPU hotplug, which come from where an instance is added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from generator.errors import TreeError
from generator.extraction.blocks import Blocks
from generator.extraction.interfaces import functions_of
from generator.extraction.rewriting import Rewriting
from generator.extraction.texts import text_of
from generator.operation import Do, Guard, Node
from generator.ops.handling import WARN_ON
from generator.parsing.cursors import Kind, Unit
from generator.program import Block, Function, If, operations

_SETS_UP = ("cpuhp_setup_state_multi",)  # include/linux/cpuhotplug.h: state, name, two callbacks
_ADDS = "cpuhp_state_add_instance"


def warned_of(
    blocks: Mapping[str, Block], units: Sequence[Unit], of: Blocks
) -> dict[str, Block]:
    """Return the blocks of a driver in which an instance that is added can be called.

    What its callbacks of CPU hotplug warn of stands behind that. kernel/cpu.c
    __cpuhp_state_add_instance_cpuslocked() calls the first for each CPU that there is.
    """
    called = tuple(node for name in _callbacks(units) for node in _warning(of, name))
    if not called:
        return dict(blocks)
    return _Behind(If(Guard("a CPU comes or goes", None, ()), called)).blocks(blocks)


def _callbacks(units: Sequence[Unit]) -> Iterator[str]:
    """Yield the callbacks of CPU hotplug whose text has a warning."""
    texts = {name: text_of(unit, one.cursor) for unit in units
             for name, one in unit.definitions.items()}
    for unit in units:
        for one in unit.definitions.values():
            if _SETS_UP[0] not in texts[one.cursor.spelling]:
                continue
            for cursor in one.cursor.walk_preorder():
                if cursor.kind == Kind.CALL_EXPR and cursor.spelling in _SETS_UP:
                    for argument in list(cursor.get_arguments())[2:]:
                        yield from (name for name in functions_of(argument)
                                    if "WARN" in texts.get(name, ""))


def _warning(of: Blocks, name: str) -> Block:
    """Return what of a callback leads to its warnings."""
    try:
        return _OnlyWarnings().block(of.block(name))
    except TreeError:  # too large to be read
        return ()


class _OnlyWarnings(Rewriting):
    """Blocks in which nothing is done but what is warned of."""

    def helper(self, function: Function) -> Function:
        """Return a helper under another name: elsewhere it does the rest as well."""
        now = super().helper(function)
        return Function(f"{now.name}_in_hotplug", now.body)

    def change(self, node: Node) -> Block | None:
        """Return nothing in the place of what comes to no warning."""
        warns = any(do.op == WARN_ON for do in operations((node,)))
        if isinstance(node, Do):
            return (node,) if warns else ()
        return None if warns else ()


class _Behind(Rewriting):
    """Blocks with something behind each instance of CPU hotplug that is added."""

    def __init__(self, then: If) -> None:
        """Begin; then: what stands there."""
        super().__init__()
        self._then = then

    def change(self, node: Node) -> Block | None:
        """Return what adds an instance, and what is called of it."""
        if isinstance(node, Do) and node.op.name.startswith(_ADDS):
            return (node, self._then)
        return None
