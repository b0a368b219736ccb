# SPDX-License-Identifier: GPL-2.0-only
"""Devices where a design means none: those of another one, and one of several that is not said.

    check_placed(block, own, known, design)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from generator.errors import ModelError, Where
from generator.expr import (
    EACH,
    Bin,
    ChildrenOf,
    Expr,
    Not,
    Nth,
    Over,
    ParentOf,
    Pick,
    Place,
    Read,
    Role,
    Same,
    UsersOf,
)
from generator.mistakes.blame import mend
from generator.operation import Block, Do, Guard
from generator.program import Call, Each, If, leaves


def devices_in(place: Place) -> set[Place]:
    """Return the devices that a way to name some begins with."""
    match place:
        case ParentOf(of=of) | ChildrenOf(of=of) | UsersOf(of=of) | Nth(of=of):
            return devices_in(of)
    return {place}


def places(expr: Expr) -> Iterator[tuple[Place, bool]]:
    """Yield what an expression is about, and whether it ranges over that."""
    match expr:
        case Read(of=of):
            yield of, False
        case Over(range=range_, body=body):
            yield range_, True
            yield from places(body)
        case Same(left=left, right=right):
            yield left, False
            yield right, False
        case Bin(left=left, right=right):
            yield from places(left)
            yield from places(right)
        case Not(of=inner):
            yield from places(inner)
        case Pick(when=when, then=then, other=other):
            for part in (when, then, other):
                yield from places(part)


def check_placed(block: Block, own: Place, known: Collection[Place], design: str) -> None:
    """Refuse devices that a design does not have, and one of several outside of a loop over them.

    own: the device of the driver, of which each instance does the block by itself.
    Errors: ModelError.
    """
    _check(block, own, frozenset(), known, design)


def _check(
    block: Block, own: Place, inside: frozenset[Place], known: Collection[Place], design: str
) -> None:
    for node in block:
        match node:
            case Do():
                _check_do(node, own, inside, known, design)
            case If():
                for guard in leaves(node.guard):
                    _check_asked(guard, node.where, own, inside, known)
            case Each(device=device):
                strange = _strange(device, known)
                if strange or isinstance(device, Role):
                    raise ModelError(
                        node.where,
                        f"a loop over {device.name}, which is not among the devices "
                        f"of the design: {mend(strange or (device,), known)}"
                    )
            case Call(function=function):
                _check(function.body, own, inside, known, design)
        around = inside | {node.device} if isinstance(node, Each) else inside
        for part in node.blocks():
            _check(part, own, around, known, design)


def _check_do(
    do: Do, own: Place, inside: frozenset[Place], known: Collection[Place], design: str
) -> None:
    asked = [(place, False) for place in do.places]
    for place, ranges in [*asked, *(one for param in do.params for one in places(param))]:
        strange = _strange(place, known)
        if strange or (isinstance(place, Role) and place != EACH):
            names = ", ".join(sorted(one.name for one in strange or (place,)))
            raise ModelError(do.where, f"{do}: not a device of {design}: {names}: "
                             f"{mend(strange or (place,), known)}")
        many = None if ranges else _many(place, own, inside)
        if many is not None:
            raise ModelError(do.where, f"{do}: there are several of {many.name}; "
                             f"put it into Each({many.name}, ...)")


def _check_asked(
    guard: Guard, where: Where, own: Place, inside: frozenset[Place], known: Collection[Place]
) -> None:
    for place, ranges in places(guard.when) if guard.when is not None else ():
        if strange := _strange(place, known):
            names = ", ".join(sorted(one.name for one in strange))
            raise ModelError(
                where,
                f"the condition {guard.name!r} asks {names}, which is not among "
                f"the devices of the design: {mend(strange, known)}"
            )
        many = None if ranges else _many(place, own, inside)
        if many is not None:
            raise ModelError(
                where,
                f"the condition {guard.name!r}: there are several of {many.name}; "
                f'put it into Each({many.name}, ...), or ask Over("any", {many.name}, ...)'
            )


def _strange(place: Place, known: Collection[Place]) -> set[Place]:
    return {one for one in devices_in(place) if one not in known and one != EACH}


def _many(place: Place, own: Place, inside: frozenset[Place]) -> Place | None:
    """Return what there are several of, where one is meant."""
    if place == own or place in inside:
        return None
    match place:
        case Nth():
            return None
        case ParentOf(of=of):
            return _many(of, own, inside)
        case ChildrenOf() | UsersOf():
            return place
    return place if getattr(place, "count", 1) > 1 else None
