# SPDX-License-Identifier: GPL-2.0-only
"""A design made from another: nodes of its blocks replaced, helpers included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from generator.design import Design, Driver
from generator.operation import Do
from generator.program import Block, Call, Function, Node, mapped, same

Change = Callable[[Any], "Block | None"]  # of a node: what stands in its place, None: itself


def rewritten(design: Design, change: Change) -> Design:
    """Return a design with a change made wherever it applies, in every driver."""
    return _everywhere(design, lambda nodes: block(nodes, change))


def block(nodes: Block, change: Change) -> Block:
    """Return a block with a change made in it and in everything that it calls."""
    return mapped(nodes, change, lambda one: _function(one, lambda inner: block(inner, change)))


def functions(design: Design, name: str, change: Callable[[Block], Block]) -> Design:
    """Return a design with the body of every helper of a name changed."""

    def changed(nodes: Block) -> Block:
        return mapped(nodes, helper=helper)

    def helper(function: Function) -> Function:
        inner = _function(function, changed)
        return replace(inner, body=change(inner.body)) if function.name == name else inner

    return _everywhere(design, changed)


def _everywhere(design: Design, change: Callable[[Block], Block]) -> Design:
    drivers: list[Driver] = []
    for driver in design.drivers:
        before = driver.blocks()
        blocks = {name: change(one) for name, one in before.items()}
        kept = same(tuple(blocks.values()), tuple(before.values()))
        drivers.append(driver if kept else driver.with_blocks(blocks))
    return design if same(drivers, design.drivers) else replace(design, drivers=tuple(drivers))


def _function(function: Function, change: Callable[[Block], Block]) -> Function:
    undo = None if function.undo is None else _function(function.undo, change)
    body = change(function.body)
    if body is function.body and undo is function.undo:
        return function
    return replace(function, body=body, undo=undo)


def entry(design: Design, driver: str, name: str, change: Callable[[Block], Block]) -> Design:
    """Return a design with one entry point of a driver changed."""
    found: list[Driver] = []
    for one in design.drivers:
        blocks: dict[str, Any] = {name: change(one.functions()[name])} if one.name == driver else {}
        found.append(replace(one, **blocks))
    return replace(design, drivers=tuple(found))


def around(
    nodes: Block, name: str, *, before: Block = (), after: Block = (), keep: bool = True
) -> Block:
    """Return a block with nodes put next to each operation, or call of a helper, of a name.

    Branches and loops are looked into, helpers are not; without `keep` the named goes.
    """

    def change(node: Node) -> Block | None:
        called = node.op.name if isinstance(node, Do) else (
            node.function.name if isinstance(node, Call) else "")
        return (*before, *((node,) if keep else ()), *after) if called == name else None

    return mapped(nodes, change)
