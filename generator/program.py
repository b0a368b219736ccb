# SPDX-License-Identifier: GPL-2.0-only
"""What a driver does, in order: blocks of operations, conditions, loops and helpers."""

from __future__ import annotations

from dataclasses import dataclass, field

from generator.expr import Place
from generator.operation import (
    CONTINUE,
    IGNORE,
    RETURN,
    UNWIND,
    Do,
    Guard,
    OnFail,
    Where,
    here,
)

Block = tuple["Do | If | Each | Return | Call | Ifdef", ...]


@dataclass(frozen=True)
class And:
    """Every part holds; asked in order, no further than needed, as C does."""

    parts: tuple[Guard | And | Or | Not, ...]


@dataclass(frozen=True)
class Or:
    """One of the parts holds; asked in order, no further than needed, as C does."""

    parts: tuple[Guard | And | Or | Not, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: Guard | And | Or | Not


def both(*parts: Guard | And | Or | Not) -> And:
    """Return the conjunction of conditions."""
    return And(parts)


def either(*parts: Guard | And | Or | Not) -> Or:
    """Return the disjunction of conditions."""
    return Or(parts)


@dataclass(frozen=True)
class If:
    """Do `then` where the condition holds, `other` where not."""

    guard: Guard | And | Or | Not
    then: Block
    other: Block = ()
    where: Where = field(default_factory=here, compare=False)


@dataclass(frozen=True)
class Ifdef:
    """Do the body only in kernels that are built with a symbol."""

    symbol: str
    then: Block
    other: Block = ()
    where: Where = field(default_factory=here, compare=False)


@dataclass(frozen=True)
class Each:
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


@dataclass(frozen=True)
class Return:
    """Leave the function: `ok` is success."""

    ok: bool = True
    where: Where = field(default_factory=here, compare=False)


@dataclass(frozen=True)
class Function:
    """A helper: a block with a name in C, and what undoes it as a whole."""

    name: str
    body: Block
    undo: Function | None = None

    @property
    def fallible(self) -> bool:
        """Return whether it can return an error."""
        return _may_fail(self.body)


@dataclass(frozen=True)
class Call:
    """A helper is called; its error is handled like that of an operation."""

    function: Function
    on_fail: OnFail | Block = UNWIND
    then: Block = ()
    where: Where = field(default_factory=here, compare=False)


Node = Do | If | Ifdef | Each | Return | Call


def call(function: Function, fail: OnFail | Block = UNWIND, then: Block = ()) -> Call:
    """Return the call of a helper, at the caller's line; `then` is done only on success."""
    return Call(function, fail, then)


def _may_fail(block: Block) -> bool:
    for node in block:
        match node:
            case Return(ok=False):
                return True
            case Do(op=op, on_fail=on_fail) if op.fallible:
                if on_fail in (UNWIND, RETURN):
                    return True
                if isinstance(on_fail, tuple) and _may_fail(on_fail):
                    return True
            case If(then=then, other=other) | Ifdef(then=then, other=other):
                if _may_fail(then) or _may_fail(other):
                    return True
            case Each(body=body):
                if _may_fail(body):
                    return True
            case Call(function=function, on_fail=on_fail) if function.fallible:
                if on_fail in (UNWIND, RETURN):
                    return True
                if isinstance(on_fail, tuple) and _may_fail(on_fail):
                    return True
    return False


def operations(block: Block) -> tuple[Do, ...]:
    """Return every operation of a block, helpers included, in the order of the text."""
    found: list[Do] = []
    for node in block:
        match node:
            case Do(on_fail=on_fail):
                found.append(node)
                if isinstance(on_fail, tuple):
                    found += operations(on_fail)
            case If(then=then, other=other) | Ifdef(then=then, other=other):
                found += operations(then) + operations(other)
            case Each(body=body):
                found += operations(body)
            case Call(function=function, on_fail=on_fail, then=then):
                found += operations(function.body) + operations(then)
                if isinstance(on_fail, tuple):
                    found += operations(on_fail)
    return tuple(found)


def guards(block: Block) -> tuple[Guard, ...]:
    """Return every condition that a block asks, helpers included, in the order of the text."""
    found: list[Guard] = []
    for node in block:
        match node:
            case If(guard=guard, then=then, other=other):
                found += [*_leaves(guard), *guards(then), *guards(other)]
            case Ifdef(then=then, other=other):
                found += guards(then) + guards(other)
            case Each(body=body, again=again):
                found += ([again] if again is not None else []) + list(guards(body))
            case Call(function=function, on_fail=on_fail, then=then):
                found += guards(function.body) + guards(then)
                if isinstance(on_fail, tuple):
                    found += guards(on_fail)
            case Do(on_fail=on_fail) if isinstance(on_fail, tuple):
                found += guards(on_fail)
    return tuple(found)


def _leaves(condition: Guard | And | Or | Not) -> list[Guard]:
    match condition:
        case Guard():
            return [condition]
        case Not(part=part):
            return _leaves(part)
        case And(parts=parts) | Or(parts=parts):
            return [leaf for part in parts for leaf in _leaves(part)]


def called(block: Block) -> tuple[Function, ...]:
    """Return every helper that a block calls, directly or not, in the order of the text."""
    found: list[Function] = []
    for node in block:
        match node:
            case Call(function=function, on_fail=on_fail, then=then):
                found += [function, *called(function.body), *called(then)]
                if isinstance(on_fail, tuple):
                    found += called(on_fail)
            case If(then=then, other=other) | Ifdef(then=then, other=other):
                found += called(then) + called(other)
            case Each(body=body):
                found += called(body)
            case Do(on_fail=on_fail) if isinstance(on_fail, tuple):
                found += called(on_fail)
    return tuple(found)


__all__ = [
    "CONTINUE", "IGNORE", "RETURN", "UNWIND", "And", "Block", "Call", "Do", "Each", "Function",
    "Guard", "If", "Ifdef", "Not", "Or", "Return", "both", "call", "called", "either",
    "guards", "operations",
]
