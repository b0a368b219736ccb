# SPDX-License-Identifier: GPL-2.0-only
"""What is the same in the blocks of two designs: nodes told from each other by what C shows."""

from __future__ import annotations

from generator.ctext import Code
from generator.editing.anchors import Statement
from generator.operation import Do, Guard
from generator.parsing.conditions import canonical
from generator.program import (
    And,
    Block,
    Call,
    Condition,
    Each,
    If,
    Ifdef,
    Node,
    Not,
    Or,
    Return,
)
from generator.rendering.templates import condition

Key = tuple[object, ...]


def key(node: object) -> Key:
    """Return what tells a node from others of its block: two of the same key are one."""
    match node:
        case Do(op=op, places=places):
            return ("do", op.name, places)
        case If(guard=guard):
            return ("if", *asked(guard))
        case Ifdef(symbol=symbol):
            return ("ifdef", symbol)
        case Each(device=device):
            return ("each", device)
        case Call(function=function):
            return ("call", function.name)
        case Return(ok=ok):
            return ("return", ok)
    return ("other", type(node).__name__)


def asked(guard: Condition) -> tuple[str, ...]:
    """Return what a condition asks, part by part."""
    match guard:
        case Not(part=part):
            return ("not", *asked(part))
        case And(parts=parts) | Or(parts=parts):
            return (type(guard).__name__, *(name for part in parts for name in asked(part)))
        case Guard(name=name):
            return (name,)


def runs(block: Block) -> list[tuple[Block, Node]]:
    """Return the nodes of a block, each with the plain C that stands before it."""
    found: list[tuple[Block, Node]] = []
    text: list[Code] = []
    for node in block:
        if isinstance(node, Code):
            text.append(node)
        else:
            found.append((tuple(text), node))
            text = []
    return found


def shallow(node: If) -> tuple[object, ...]:
    """Return what stands in both branches of an If."""
    return (shapes(node.then), shapes(node.other))


def shapes(block: Block) -> tuple[object, ...]:
    """Return what of a block stands in this function's C, whatever its helpers have become."""
    found: list[object] = []
    for node in block:
        if isinstance(node, Code):
            continue
        way = node.on_fail if isinstance(node, Do | Call) else None
        found.append((
            key(node), node.params if isinstance(node, Do) else (),
            None if isinstance(way, tuple) else way, *map(shapes, node.blocks()),
        ))
    return tuple(found)


def upside_down(node: If, statement: Statement) -> bool:
    """Return whether the tree asks the opposite of what the design asks."""
    guard, holds = node.guard, True
    while isinstance(guard, Not):
        guard, holds = guard.part, not holds
    if not isinstance(guard, Guard):
        return False
    text, polarity = canonical(statement.condition)
    return any(
        canonical(one_)[0] == text and (canonical(one_)[1] == holds) != polarity
        for one_ in guard.c
    )


def void(node: Do | Call) -> bool:
    """Return whether nobody looks at what a node comes to."""
    return not (node.op.fallible if isinstance(node, Do) else node.function.fallible)


def what(node: object) -> str:
    """Return what a node is called in an error."""
    match node:
        case Do():
            return f"operation {node}"
        case If(guard=guard):
            return f"if ({condition(guard) or guard})"
        case Call(function=function):
            return f"call of {function.name}()"
        case Each(device=device):
            return f"loop over {device.name}"
        case Ifdef(symbol=symbol):
            return f"#ifdef {symbol}"
    return "return"
