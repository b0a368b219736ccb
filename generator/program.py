# SPDX-License-Identifier: GPL-2.0-only
"""What a driver does, in order: blocks of operations, conditions, loops and helpers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from generator.errors import Where
from generator.expr import Place
from generator.operation import (
    CONTINUE,
    IGNORE,
    RETURN,
    UNWIND,
    Block,
    Do,
    Guard,
    Node,
    OnFail,
    here,
)
from generator.untold import Untold


@dataclass(frozen=True)
class And(Untold):
    """Every part holds; asked in order, no further than needed, as C does."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Or(Untold):
    """One of the parts holds; asked in order, no further than needed, as C does."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not(Untold):
    """The part does not hold."""

    part: Condition


Condition = Guard | And | Or | Not


def both(*parts: Condition) -> And:
    """Return the conjunction of conditions."""
    return And(parts)


def either(*parts: Condition) -> Or:
    """Return the disjunction of conditions."""
    return Or(parts)


@dataclass(frozen=True)
class If(Node):
    """Do `then` where the condition holds, `other` where not."""

    guard: Condition
    then: Block
    other: Block = ()
    where: Where = field(default_factory=here, compare=False)

    def blocks(self) -> tuple[Block, ...]:
        """Return both branches."""
        return (self.then, self.other)

    def with_blocks(self, *blocks: Block) -> If:
        """Return it with other branches."""
        then, other = blocks
        return replace(self, then=then, other=other)


@dataclass(frozen=True)
class Ifdef(Node):
    """Do the body only in kernels that are built with a symbol."""

    symbol: str
    then: Block
    other: Block = ()
    where: Where = field(default_factory=here, compare=False)

    def blocks(self) -> tuple[Block, ...]:
        """Return both branches."""
        return (self.then, self.other)

    def with_blocks(self, *blocks: Block) -> Ifdef:
        """Return it with other branches."""
        then, other = blocks
        return replace(self, then=then, other=other)


@dataclass(frozen=True)
class Each(Node):
    """Do the body once for every instance of a device, in order; `backwards` in reverse.

    `again` is the condition of a counted loop, which C asks from the second round on; with
    `first` C asks it before the first round too.
    """

    device: Place
    body: Block
    backwards: bool = False
    again: Guard | None = None
    first: bool = False
    where: Where = field(default_factory=here, compare=False)

    def blocks(self) -> tuple[Block, ...]:
        """Return what each round does."""
        return (self.body,)

    def with_blocks(self, *blocks: Block) -> Each:
        """Return it with other rounds."""
        return replace(self, body=blocks[0])


@dataclass(frozen=True)
class Return(Node):
    """Leave the function: `ok` is success."""

    ok: bool = True
    where: Where = field(default_factory=here, compare=False)


@dataclass(frozen=True)
class Function:
    """A helper: a block with a name in C, and what undoes it as a whole."""

    name: str
    body: Block
    undo: Function | None = None

    @cached_property
    def fallible(self) -> bool:
        """Return whether it can return an error, found once: its callers ask, and theirs."""
        return _may_fail(self.body)


@dataclass(frozen=True)
class Call(Node):
    """A helper is called; its error is handled like that of an operation."""

    function: Function
    on_fail: OnFail | Block = UNWIND
    then: Block = ()
    where: Where = field(default_factory=here, compare=False)

    def blocks(self) -> tuple[Block, ...]:
        """Return what follows its success, and what is done when it fails, if that is spelled out.

        The helper's own body stands elsewhere: walk() and mapped() go there where they are told.
        """
        return (self.then, self.on_fail) if isinstance(self.on_fail, tuple) else (self.then,)

    def with_blocks(self, *blocks: Block) -> Call:
        """Return it with something else done after it."""
        then, *fails = blocks
        return replace(self, then=then, on_fail=fails[0] if fails else self.on_fail)


def call(function: Function, fail: OnFail | Block = UNWIND, then: Block = ()) -> Call:
    """Return the call of a helper, at the caller's line; `then` is done only on success."""
    return Call(function, fail, then)


def walk(block: Block, *, helpers: bool = True) -> list[Node]:
    """Return every node of a block in the order of the text, those inside of others after them.

    With `helpers` the body of each helper stands where it is called.
    """
    found: list[Node] = []
    _walk(block, helpers, found)
    return found


def _walk(block: Block, helpers: bool, found: list[Node]) -> None:
    for node in block:
        found.append(node)
        if helpers and isinstance(node, Call):
            _walk(node.function.body, helpers, found)
        for inside in node.blocks():
            _walk(inside, helpers, found)


def walk_once(blocks: Iterable[Block]) -> list[Node]:
    """Return every node of some blocks and of what they call, each helper looked into once."""
    found: list[Node] = []
    pending = [*blocks]
    seen: set[int] = set()
    for block in pending:
        inside = walk(block, helpers=False)
        found += inside
        for node in inside:
            if isinstance(node, Call) and id(node.function) not in seen:
                seen.add(id(node.function))
                pending.append(node.function.body)
    return found


def mapped(
    block: Block, change: Callable[[Node], Block | None] = lambda _: None,
    helper: Callable[[Function], Function] = lambda function: function,
) -> Block:
    """Return a block with what `change` has for it in the place of each node.

    None keeps the node, and the same is done inside of it; what is put in is not looked into.
    `helper` says what is called in the place of each helper. What is not changed is not made anew.
    """
    found: list[Node] = []
    for node in block:
        instead = change(node)
        found += (_mapped(node, change, helper),) if instead is None else instead
    return block if same(found, block) else tuple(found)


def same(made: Sequence[object], before: Sequence[object]) -> bool:
    """Return whether what was made is what was there: nothing of it need be looked at again."""
    return len(made) == len(before) and all(map(operator.is_, made, before))


def _mapped(
    node: Node, change: Callable[[Node], Block | None], helper: Callable[[Function], Function]
) -> Node:
    before = node.blocks()
    inside = [mapped(one, change, helper) for one in before]
    if not same(inside, before):
        node = node.with_blocks(*inside)
    if not isinstance(node, Call) or (function := helper(node.function)) is node.function:
        return node
    return replace(node, function=function)


def _may_fail(block: Block) -> bool:
    return any(_fails(node) for node in walk(block, helpers=False))


def _fails(node: Node) -> bool:
    """Return whether a function that has a node in it can return an error there."""
    match node:
        case Return(ok=ok):
            return not ok
        case Do(op=op, on_fail=on_fail):
            return op.fallible and on_fail in (UNWIND, RETURN)
        case Call(function=function, on_fail=on_fail):
            return on_fail in (UNWIND, RETURN) and function.fallible
    return False


def operations(block: Block) -> tuple[Do, ...]:
    """Return every operation of a block, helpers included, in the order of the text."""
    return tuple(node for node in walk(block) if isinstance(node, Do))


def operations_once(blocks: Iterable[Block]) -> tuple[Do, ...]:
    """Return every operation of some blocks and of what they call, that of each helper once."""
    return tuple(node for node in walk_once(blocks) if isinstance(node, Do))


def guards(block: Block, *, helpers: bool = True) -> tuple[Guard, ...]:
    """Return every condition that a block asks, helpers included, in the order of the text."""
    found: list[Guard] = []
    for node in walk(block, helpers=helpers):
        if isinstance(node, If):
            found += leaves(node.guard)
        elif isinstance(node, Each) and node.again is not None:
            found.append(node.again)
    return tuple(found)


def called(block: Block) -> tuple[Function, ...]:
    """Return every helper that a block calls, directly or not, in the order of the text."""
    return tuple(node.function for node in walk(block) if isinstance(node, Call))


def leaves(condition: Condition) -> Iterator[Guard]:
    """Yield the conditions that one is joined from."""
    match condition:
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from leaves(part)
        case Not(part=part):
            yield from leaves(part)
        case _:
            yield condition


__all__ = [
    "CONTINUE", "IGNORE", "RETURN", "UNWIND", "And", "Block", "Call", "Condition", "Do", "Each",
    "Function", "Guard", "If", "Ifdef", "Node", "Not", "Or", "Return", "both", "call", "called",
    "either", "guards", "leaves", "mapped", "operations", "operations_once", "walk", "walk_once",
]
