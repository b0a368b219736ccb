# SPDX-License-Identifier: GPL-2.0-only
"""What a commit leaves without a user: members of structs, and macros, as libclang sees them.

    asked_of(old, new) -> the names in lines that go, the only ones that can lose their last user
    look(job) -> in a sandbox: members that a unit declares and uses, macros that it does not use

Functions and variables are not looked at here: -Wunused-function and its kin say so by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.parsing.job import Job, resolved, short
from generator.parsing.unit import parse_once

_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Members:
    """Members `struct.member` that a unit's own file declares, and those that the unit names.

    `declared` has their lines, `used` the files that declare them, relative to the tree; what
    headers of the whole kernel declare is left out. `macros` are those of its own file that
    nothing expands.
    """

    declared: Mapping[str, int]
    used: Mapping[str, str]
    macros: tuple[tuple[str, int], ...]


def asked_of(old: str, new: str) -> frozenset[str]:
    """Return the words that a text names less often than it did."""
    left: dict[str, int] = {}
    for word in _WORD.findall(old):
        left[word] = left.get(word, 0) + 1
    for word in _WORD.findall(new):
        left[word] = left.get(word, 0) - 1
    return frozenset(word for word, count in left.items() if count > 0)


def look(task: Job) -> dict[str, Any]:
    """Return the members of one unit, as JSON has it; to be called in a sandbox.

    Errors: TreeError when the unit cannot be read at all.
    """
    unit = parse_once(task, ("-Wunused-macros",))
    job = resolved(task)
    rows = job.text.decode("utf-8", "replace").split("\n")
    declared: dict[str, int] = {}
    used: dict[str, str] = {}
    for cursor in unit.tu.cursor.get_children():
        file = cursor.location.file
        path = short(job.place, file.name) if file else ""
        if not local(path):
            continue
        if path == task.path:
            declared |= {f"{tag}.{field.spelling}": field.location.line
                         for tag, field in _fields(cursor)}
        for name, where in _used(cursor):
            home = short(job.place, where)
            if local(home):
                used[name] = home
    macros = [[named[1], one.line] for one in unit.diagnostics
              if one.option == "-Wunused-macros" and one.path == task.path
              and (named := re.match(r"[ \t]*#[ \t]*define[ \t]+(\w+)", rows[one.line - 1]))]
    return {"declared": declared, "used": used, "macros": macros}


def local(path: str) -> bool:
    """Return whether a file is a unit's own, or of its subsystem: no header of the whole kernel."""
    return bool(path) and not path.startswith(("/", "include/")) and "/include/" not in path


def members(said: dict[str, Any]) -> Members:
    """Return what look() said."""
    return Members(
        said["declared"], said["used"], tuple((name, line) for name, line in said["macros"])
    )


def _fields(cursor: Any, tag: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield the members of the structs that a declaration defines, each with the tag."""
    from clang.cindex import CursorKind as Kind

    for one in (cursor, *(cursor.get_children() if cursor.kind is Kind.VAR_DECL else ())):
        if one.kind not in (Kind.STRUCT_DECL, Kind.UNION_DECL) or not one.is_definition():
            continue
        name = tag or ("" if one.is_anonymous() else one.spelling)
        for field in one.get_children():
            if field.kind is Kind.FIELD_DECL and name and field.spelling:
                yield name, field
            elif field.kind in (Kind.STRUCT_DECL, Kind.UNION_DECL):
                yield from _fields(field, name if field.is_anonymous() else "")


def _used(cursor: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - libclang has no types
    """Yield the members that expressions, initialisers and offsetof() name, and their files."""
    from clang.cindex import CursorKind as Kind

    for one in cursor.walk_preorder():
        if one.kind not in (Kind.MEMBER_REF_EXPR, Kind.MEMBER_REF):
            continue
        field = one.referenced
        if field is None or field.kind is not Kind.FIELD_DECL:
            continue
        owner = field.semantic_parent
        while owner is not None and owner.is_anonymous():
            owner = owner.semantic_parent
        if owner is not None and owner.spelling and field.location.file:
            yield f"{owner.spelling}.{field.spelling}", field.location.file.name
