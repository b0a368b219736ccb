# SPDX-License-Identifier: GPL-2.0-only
"""The structs that drivers register, as their C initialises them: members and functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import clang.cindex as ci

from generator.entrypoint import TABLES, struct_named
from generator.parsing.cursors import Cursor, Unit
from generator.reading.cfg import Extent


@dataclass(frozen=True)
class Initialiser:
    """A driver's initialiser: which functions it names, by member."""

    kind: str
    name: str
    members: Mapping[str, str]
    place: Extent


def entry_points(unit: Unit) -> tuple[Initialiser, ...]:
    """Return the driver initialisers of a unit's own file, with the functions they name.

    A nested member is named with its path: "driver.pm.suspend", from a table of the same file.
    """
    found = []
    tables: dict[str, dict[str, str]] = {}
    for cursor in unit.own:
        kind = cursor.type.get_canonical().spelling.removeprefix("const ").removeprefix("struct ")
        if cursor.kind != ci.CursorKind.VAR_DECL or not (struct_named(kind) or kind in TABLES):
            continue
        members = named(cursor, tables)
        if kind in TABLES:
            tables[cursor.spelling] = members
            continue
        start, end = cursor.extent.start, cursor.extent.end
        place = Extent(unit.path, "", start.line, start.column, end.line, end.column)
        if members:
            found.append(Initialiser(kind, cursor.spelling, members, place))
    return tuple(found)


def named(
    initialised: Cursor, tables: Mapping[str, Mapping[str, str]] = MappingProxyType({})
) -> dict[str, str]:
    """Return the functions that the initialiser of a variable names, by member.

    tables: those of variables that it may name in its turn.
    """
    members: dict[str, str] = {}
    for child in initialised.get_children():
        if child.kind == ci.CursorKind.INIT_LIST_EXPR:
            for part in child.get_children():
                _designated(part, members, tables)
    return members


def _designated(
    part: Cursor, members: dict[str, str], tables: Mapping[str, Mapping[str, str]],
    above: tuple[str, ...] = (),
) -> None:
    """Note the functions that one designated part names, at the path that `above` begins."""
    path, target = [*above], ""
    stack = list(part.get_children())
    while stack:
        cursor = stack.pop(0)
        if cursor.kind == ci.CursorKind.MEMBER_REF:
            path += [cursor.spelling] if cursor.spelling else []  # a union has no name
        elif cursor.kind == ci.CursorKind.INIT_LIST_EXPR:
            for inner in cursor.get_children():
                _designated(inner, members, tables, tuple(path))
        elif cursor.kind == ci.CursorKind.DECL_REF_EXPR:
            if cursor.referenced.kind == ci.CursorKind.FUNCTION_DECL:
                target = cursor.spelling
            for member, function in tables.get(cursor.spelling, {}).items():
                members[".".join((*path, member))] = function
        else:
            stack = [*cursor.get_children(), *stack]
    if path and target:
        members[".".join(path)] = target


# The argument that is the handler; the one behind it is a threaded one's thread.
_REQUESTS = {
    "request_irq": 1, "request_threaded_irq": 1, "devm_request_irq": 2,
    "devm_request_threaded_irq": 2, "pci_request_irq": 2,
}


def handlers(units: Sequence[Unit], *, threads: bool = False) -> tuple[str, ...]:
    """Return the functions of some units that they request interrupts with, as handlers.

    With `threads`, the threads of threaded ones as well.
    """
    known = {name for unit in units for name in unit.definitions}
    found: dict[str, None] = {}
    for unit in units:
        for one in unit.definitions.values():
            for cursor in one.cursor.walk_preorder():
                at = _REQUESTS.get(cursor.spelling)
                if cursor.kind != ci.CursorKind.CALL_EXPR or at is None:
                    continue
                arguments = list(cursor.get_arguments())
                and_thread = threads and "threaded" in cursor.spelling
                for argument in arguments[at : at + 1 + and_thread]:
                    found |= dict.fromkeys(
                        inner.spelling for inner in argument.walk_preorder()
                        if inner.kind == ci.CursorKind.DECL_REF_EXPR and inner.spelling in known
                    )
    return tuple(found)
