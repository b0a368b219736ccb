# SPDX-License-Identifier: GPL-2.0-only
"""Small wrongs in a design: one operation dropped, moved, aimed at another device, not undone.

The counterpart of mutate.py: what that does to the C of a commit, this does to its design. A
helper is changed wherever it is called, as in C.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from generator.ctext import Code
from generator.design import Design, Device, Driver
from generator.operation import Do
from generator.program import Block, Call, Each, Function, If, Ifdef, Return, mapped

Node = Do | If | Ifdef | Each | Call


class Redesign(NamedTuple):
    """A changed design, and what was changed in which function.

    Without `acts`, no fact hangs on one of the operations: the model means the same as before.
    """

    kind: str  # "drop", "swap", "retarget", "forget" (its undo)
    function: str
    what: str
    design: Design
    acts: bool

    def __str__(self) -> str:
        return f"{self.function}: {self.kind}: {self.what}"


class _Change(NamedTuple):
    kind: str
    what: str
    block: Block
    acts: bool = True


def redesigns(design: Design, strangers: Callable[[Device, str], Device | None]) -> list[Redesign]:
    """Every design that differs in one operation.

    strangers(device, role) is the device that a call is aimed at instead, added to the design.
    """
    found: dict[str, Redesign] = {}

    def add(name: str, change: _Change, drivers: tuple[Driver, ...]) -> None:
        devices = {
            place: None
            for driver in drivers
            for block in driver.blocks().values()
            for place in _devices(block)
        }
        extra = tuple(one for one in devices if one not in design.devices)
        made = replace(design, devices=(*design.devices, *extra), drivers=drivers)
        one = Redesign(change.kind, name, change.what, made, change.acts)
        number = 1
        while (key := f"{one}#{number}") in found:
            number += 1
        found[key] = one

    for position, driver in enumerate(design.drivers):
        around = design.drivers[:position], design.drivers[position + 1 :]
        for entry, block in driver.blocks().items():
            for change in _changes(block, strangers):
                changed = replace(driver, **{entry: change.block})
                add(f"{driver.name}.{entry}", change, (*around[0], changed, *around[1]))
        functions: dict[int, Function] = {}
        for block in driver.blocks().values():
            for function in _functions(block):
                if function not in functions.values():
                    functions[len(functions)] = function
        for function in functions.values():
            for change in _changes(function.body, strangers):
                other = replace(function, body=change.block)
                changed = replace(
                    driver,
                    **{e: _with(b, function, other) for e, b in driver.blocks().items() if b},
                )
                add(function.name, change, (*around[0], changed, *around[1]))
            if function.undo is not None:
                for change in _changes(function.undo.body, strangers):
                    other = replace(function, undo=replace(function.undo, body=change.block))
                    changed = replace(
                        driver,
                        **{e: _with(b, function, other) for e, b in driver.blocks().items() if b},
                    )
                    add(f"{function.name} undone", change, (*around[0], changed, *around[1]))
    return list(found.values())


_INSIDE: dict[type, tuple[str, ...]] = {
    Return: (),
    If: ("then", "other"),
    Ifdef: ("then", "other"),
    Each: ("body",),
    Call: ("on_fail", "then"),
    Do: ("on_fail",),
}


def _inner(node: object) -> Iterator[tuple[str, Block]]:
    """The blocks inside a node, by field; helpers are not entered."""
    names = next(names for kind, names in _INSIDE.items() if isinstance(node, kind))
    for name in names:
        block = getattr(node, name)
        if isinstance(block, tuple) and block:
            yield name, block


def _changes(
    block: Block, strangers: Callable[[Device, str], Device | None]
) -> Iterator[_Change]:
    for at, node in enumerate(block):
        before, after = block[:at], block[at + 1 :]
        if isinstance(node, Do | Call):
            yield _Change("drop", _name(node), (*before, *after), _acts(node))
        if isinstance(node, Do):
            if node.op.undo is not None and not node.op.managed:
                forgetful = replace(node, op=replace(node.op, undo=None))
                yield _Change("forget", f"the undo of {_name(node)}", (*before, forgetful, *after))
            for role, place in enumerate(node.places):
                to = None
                if isinstance(place, Device):
                    to = strangers(place, node.op.roles[role])
                if to is not None:
                    places = (*node.places[:role], to, *node.places[role + 1 :])
                    aimed = replace(node, places=places)
                    yield _Change("retarget", f"{_name(node)} -> {_name(aimed)}",
                                  (*before, aimed, *after), _acts(node))
        for name, inside in _inner(node):
            for change in _changes(inside, strangers):
                other = replace(node, **{name: change.block})  # type: ignore[type-var]
                yield _Change(change.kind, change.what, (*before, other, *after), change.acts)
    for at, (one, other) in enumerate(pairwise(block)):
        if isinstance(one, Code) or isinstance(other, Code):
            continue
        if isinstance(one, Do | Call) or isinstance(other, Do | Call):
            yield _Change("swap", f"{_name(one)} <> {_name(other)}",
                          (*block[:at], other, one, *block[at + 2 :]),
                          _acts(one) and _acts(other))


def _acts(node: object) -> bool:
    if not isinstance(node, Do):
        return True
    op = node.op
    return op.fallible or bool(op.begins) or any(outcome.gives for outcome in op.outcomes)


def _name(node: object) -> str:
    match node:
        case Do():
            return str(node)
        case Call(function=function):
            return f"{function.name}()"
        case If(guard=guard):
            return f"if ({getattr(guard, 'name', type(guard).__name__)})"
        case Each(device=device):
            return f"for each {device.name}"
    return type(node).__name__


def _functions(block: Block) -> Iterator[Function]:
    for node in block:
        if isinstance(node, Call):
            yield node.function
            yield from _functions(node.function.body)
        for _, inside in _inner(node):
            yield from _functions(inside)


def _with(block: Block, old: Function, new: Function) -> Block:
    def helper(function: Function) -> Function:
        return new if function == old else replace(function, body=_with(function.body, old, new))

    return mapped(block, helper=helper)


def _devices(block: Block) -> Iterator[Device]:
    for node in block:
        if isinstance(node, Do):
            yield from (place for place in node.places if isinstance(place, Device))
        if isinstance(node, Call):
            yield from _devices(node.function.body)
            if node.function.undo is not None:
                yield from _devices(node.function.undo.body)
        for _, inside in _inner(node):
            yield from _devices(inside)
