# SPDX-License-Identifier: GPL-2.0-only
"""A design made from another: nodes of its blocks replaced, helpers included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from generator.design import Design, Driver
from generator.operation import Do
from generator.program import Block, Call, Each, Function, If, Ifdef

Change = Callable[[Any], "Block | None"]  # of a node: what stands in its place, None: itself


def rewritten(design: Design, change: Change) -> Design:
    """Return a design with a change made wherever it applies, in every driver."""
    drivers = tuple(_driver(one, change) for one in design.drivers)
    return replace(design, drivers=drivers)


def _driver(driver: Driver, change: Change) -> Driver:
    blocks: dict[str, Any] = {name: block(one, change) for name, one in driver.blocks().items()}
    return replace(driver, **blocks)


def block(nodes: Block, change: Change) -> Block:
    """Return a block with a change made in it and in everything that it calls."""
    found: list[Any] = []
    for node in nodes:
        instead = change(node)
        found += (_inside(node, change),) if instead is None else instead
    return tuple(found)


def _inside(node: Any, change: Change) -> Any:  # noqa: ANN401 - a node, whichever kind
    match node:
        case If(then=then, other=other) | Ifdef(then=then, other=other):
            return replace(node, then=block(then, change), other=block(other, change))
        case Each(body=body):
            return replace(node, body=block(body, change))
        case Call(function=function, on_fail=on_fail, then=then):
            way = block(on_fail, change) if isinstance(on_fail, tuple) else on_fail
            return replace(
                node, function=_function(function, change), on_fail=way, then=block(then, change)
            )
        case Do(on_fail=on_fail) if isinstance(on_fail, tuple):
            return replace(node, on_fail=block(on_fail, change))
    return node


def _function(function: Function, change: Change) -> Function:
    undo = None if function.undo is None else _function(function.undo, change)
    return replace(function, body=block(function.body, change), undo=undo)


def functions(design: Design, name: str, change: Callable[[Block], Block]) -> Design:
    """Return a design with the body of every helper of a name changed."""

    def visit(node: object) -> Block | None:
        if isinstance(node, Call) and node.function.name == name:
            inner = _inside(node, visit_others)
            assert isinstance(inner, Call)
            body = change(inner.function.body)
            return (replace(inner, function=replace(inner.function, body=body)),)
        return None

    def visit_others(node: object) -> Block | None:
        return visit(node)

    return rewritten(design, visit)


def entry(design: Design, driver: str, name: str, change: Callable[[Block], Block]) -> Design:
    """Return a design with one entry point of a driver changed."""
    found: list[Driver] = []
    for one in design.drivers:
        blocks: dict[str, Any] = {name: change(one.entries()[name])} if one.name == driver else {}
        found.append(replace(one, **blocks))
    return replace(design, drivers=tuple(found))


def around(
    nodes: Block, name: str, *, before: Block = (), after: Block = (), keep: bool = True
) -> Block:
    """Return a block with nodes put next to each operation, or call of a helper, of a name.

    Branches and loops are looked into, helpers are not; without `keep` the named goes.
    """
    found: list[Any] = []
    for node in nodes:
        called = node.op.name if isinstance(node, Do) else (
            node.function.name if isinstance(node, Call) else "")
        if called == name:
            found += (*before, *((node,) if keep else ()), *after)
            continue
        inner: Any = node
        for place in ("then", "other", "body", "on_fail"):
            part = getattr(node, place, None)
            if isinstance(part, tuple):
                changed = around(part, name, before=before, after=after, keep=keep)
                inner = replace(inner, **{place: changed})
        found.append(inner)
    return tuple(found)
