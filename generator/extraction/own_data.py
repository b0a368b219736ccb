# SPDX-License-Identifier: GPL-2.0-only
"""The driver's own data where kzalloc() allocates it: which struct it is, and who frees it.

Of memory that is for something else C does not say what.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from generator.design import Device
from generator.expr import num
from generator.extraction.texts import lines_of, text_of
from generator.facts import MEMORY
from generator.graphs.lts import Label
from generator.operation import Do, Operation
from generator.ops.allocated import KFREE_OWN, KZALLOC_OWN
from generator.ops.registered import (
    DMA_ASYNC_DEVICE_REGISTER,
    DMA_ASYNC_DEVICE_REGISTER_PRIVATE,
    DMA_ASYNC_DEVICE_UNREGISTER,
    DMA_ASYNC_DEVICE_UNREGISTER_PRIVATE,
)
from generator.parsing.cursors import Cursor, Kind, Unit, record_of
from generator.program import Block, operations_once
from generator.reading.sites import Site

if TYPE_CHECKING:
    from generator.parsing.unit import Definition

# Which argument of a call is the driver's data.
_TOLD = {
    "dev_set_drvdata": 1, "pci_set_drvdata": 1, "platform_set_drvdata": 1, "i2c_set_clientdata": 1,
    "spi_set_drvdata": 1, "auxiliary_set_drvdata": 1, "usb_set_intfdata": 1, "request_irq": 4,
    "request_threaded_irq": 5,
}
# A member that holds what frees it -> who calls that, and what does without anybody asking.
_LEFT_TO = {
    "device_release": ("dma_async_device_unregister", "dmaenginem_async_device_register"),
}
_CLOSED_FIRST = (
    (DMA_ASYNC_DEVICE_REGISTER, DMA_ASYNC_DEVICE_REGISTER_PRIVATE),
    (DMA_ASYNC_DEVICE_UNREGISTER, DMA_ASYNC_DEVICE_UNREGISTER_PRIVATE),
)
_ALLOCATES = ("kzalloc", "kzalloc_noprof")
_FREES = ("kfree",)
_ZEROED = re.compile(r"(\w+)\s*=\s*kzalloc\(\s*sizeof\(([^()]*)\)")
_SIZED = re.compile(r"\s*struct (\w+)\s*$")


@dataclass(frozen=True)
class Own:
    """The struct that is the driver's data, "" for none; path and line of each call that frees one.

    What frees it is told by the type of the pointer, wherever that was found. released: where it
    is freed by the callback of what is unregistered there.
    """

    struct: str = ""
    frees: frozenset[tuple[str, int]] = frozenset()
    released: frozenset[tuple[str, int]] = frozenset()


def own_data(units: Sequence[Unit], reached: Collection[str]) -> Own:
    """Return the driver's data, allocated and freed by what was reached.

    It is none when it is another's, as a controller of a subsystem, or when others free it, unless
    the driver says who: a callback of what lies in it.
    """
    told: set[str] = set()
    freed: dict[str, set[str]] = {}
    places: dict[str, set[tuple[str, int]]] = {}
    allocated: set[str] = set()
    for unit in units:
        for name, definition in unit.definitions.items():
            allocated |= _allocated(unit, definition)
            for cursor in definition.cursor.walk_preorder():
                if cursor.kind != Kind.CALL_EXPR:
                    continue
                arguments = list(cursor.get_arguments())
                at = _TOLD.get(cursor.spelling, len(arguments))
                told |= {record_of(_bare(one).type) for one in arguments[at : at + 1]}
                if cursor.spelling in _FREES and arguments:
                    record = record_of(_bare(arguments[0]).type)
                    freed.setdefault(record, set()).add(name)
                    places.setdefault(record, set()).add((unit.path, cursor.location.line))
    mine = (told - {""}) & allocated
    if len(mine) != 1:
        return Own()
    (one,) = mine
    others = freed.get(one, set()) - set(reached)
    released = _released(units, others) if others else frozenset()
    if others and not released:
        return Own()
    return Own(one, frozenset(places.get(one, ())), released)


def _released(units: Sequence[Unit], others: Collection[str]) -> frozenset[tuple[str, int]]:
    """Return where some functions are called as callbacks of what is unregistered, none if unsure.

    Who holds a reference still, as an open channel does, frees it later: a driver cannot wait for
    that, so to it the memory is gone.
    """
    text = "\n".join(unit.text.decode("utf-8", "replace") for unit in units)
    for member, (by_hand, managed) in _LEFT_TO.items():
        kept = re.findall(rf"(?:->|\.)\s*{member}\s*=\s*(\w+)\s*[;,]", text)
        if set(others) <= set(kept) and not re.search(rf"\b{managed}\s*\(", text):
            return frozenset(
                (unit.path, number) for unit in units
                for number, row in enumerate(lines_of(unit), 1)
                if re.search(rf"\b{by_hand}\s*\(", row))
    return frozenset()


_ALLOCATED: WeakKeyDictionary[Definition, frozenset[str]] = WeakKeyDictionary()


def _allocated(unit: Unit, definition: Definition) -> frozenset[str]:
    """Return the structs that a function allocates, found once: each call of a helper asks it."""
    if definition not in _ALLOCATED:
        text, found = text_of(unit, definition.cursor), set()
        for variable, size in _ZEROED.findall(text):
            named = _SIZED.match(size)
            declared = re.search(rf"struct (\w+)\s*\*[^;()]*\b{variable}\b", text)
            found |= {one[1] for one in (named or declared,) if one}
        _ALLOCATED[definition] = frozenset(found)
    return _ALLOCATED[definition]


def _bare(cursor: Cursor) -> Cursor:
    """Return what stands inside of conversions to void *."""
    while cursor.kind == Kind.UNEXPOSED_EXPR:
        children = list(cursor.get_children())
        if len(children) != 1:
            break
        cursor = children[0]
    return cursor


def done(
    label: Label, own: Own, sites: Sequence[Site], units: Sequence[Unit]
) -> Operation | None:
    """Return what a call of kzalloc() or kfree() is for the driver's own data, if it is for that.

    Of kzalloc() the statement says it, of kfree() the path or the pointer.
    """
    if not own.struct:
        return None
    if label.name in _FREES and (label.on == own.struct or (
        sites and all((site.place.path, site.place.line) in own.frees for site in sites)
    )):
        return KFREE_OWN
    if label.name not in _ALLOCATES:
        return None
    for site in sites:
        unit = next((one for one in units if one.path == site.place.path), None)
        if unit is None:
            return None
        definition = unit.definitions[site.place.function]
        text = text_of(unit, definition.cursor)
        here = " ".join(lines_of(unit)[site.place.line - 1 : site.place.end_line])
        size = re.search(rf"sizeof\((?:struct {own.struct}|\*(\w+))\s*\)", here)
        of_another = size and size[1] and not re.search(
            rf"struct {own.struct}\s*\*[^;()]*\b{size[1]}\b", text)
        if own.struct not in _allocated(unit, definition) or size is None or of_another:
            return None
    return KZALLOC_OWN if sites else None


def released(own: Own, did: Do, sites: Sequence[Site], device: Device) -> Block:
    """Return what a call does, and that it frees the driver's data where a callback of it does.

    What is used until its last user closes it, and is freed behind that, needs nothing then.
    """
    there = sites and all((one.place.path, one.place.line) in own.released for one in sites)
    for open_, closed in _CLOSED_FIRST if own.released else ():
        if did.op == open_(device).op:
            did = replace(did, op=closed(device).op)
    return (did, replace(KFREE_OWN(device), where=did.where)) if there else (did,)


def of_another(callee: str, own: Own, sites: Sequence[Site], units: Sequence[Unit]) -> bool:
    """Return whether a helper is given the data of another device, which C has found in a list.

    Who has just allocated its own looks for one that is there already.
    """
    for site in sites if own.struct else ():
        unit = next((one for one in units if one.path == site.place.path), None)
        if unit is None or site.place.function not in unit.definitions:
            return False
        definition = unit.definitions[site.place.function]
        if own.struct not in _allocated(unit, definition):
            return False
        text, row = text_of(unit, definition.cursor), lines_of(unit)[site.place.line - 1]
        given = re.match(rf"{callee}\s*\(\s*(\w+)\s*\)", row[site.place.column - 1 :])
        finders = re.findall(rf"\b{given[1]}\s*=\s*(\w+)\s*\(", text) if given else []
        if not finders or not all(_goes_over_a_list(one, units) for one in finders):
            return False
    return bool(sites and own.struct)


def _goes_over_a_list(function: str, units: Sequence[Unit]) -> bool:
    return any(
        re.search(r"\blist_for_each_entry\w*\s*\(",
                  text_of(unit, unit.definitions[function].cursor))
        for unit in units if function in unit.definitions
    )


def several_by_hand(blocks: Iterable[Block]) -> frozenset[Operation]:
    """Return what takes memory by hand, and frees it, where that is more than one thing."""
    there = {do.op for do in operations_once(blocks)}
    takes = {one for one in there if not one.managed and one.undo is not None and any(
        gives.target.fact == MEMORY and gives.value != num(0)
        for way in one.outcomes for gives in way.gives)}
    undos = {one.undo for one in takes if one.undo is not None}
    return frozenset(takes | undos) if len(takes) > 1 else frozenset()
