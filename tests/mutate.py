# SPDX-License-Identifier: GPL-2.0-only
"""Small wrongs in C: one statement deleted, two swapped, a condition negated, a device changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ctypes import c_int
from itertools import pairwise
from typing import Any, NamedTuple

import clang.cindex as ci

Kind = ci.CursorKind
BLOCKS = (
    Kind.IF_STMT,
    Kind.FOR_STMT,
    Kind.WHILE_STMT,
    Kind.DO_STMT,
    Kind.SWITCH_STMT,
    Kind.COMPOUND_STMT,
    Kind.LABEL_STMT,
    Kind.CASE_STMT,
    Kind.DEFAULT_STMT,
)
JUMPS = (Kind.NULL_STMT, Kind.CASE_STMT, Kind.DEFAULT_STMT, Kind.LABEL_STMT)
# another device of the same type that is at hand wherever this one is
ELSEWHERE = {
    "struct pci_dev *": "({})->bus->self",
    "struct device *": "({})->parent",
    "struct auxiliary_device *": "to_auxiliary_dev(({})->dev.parent)",
}


class Mutant(NamedTuple):
    """A changed text; line is where in the original."""

    kind: str
    function: str
    line: int
    what: str
    text: bytes

    def __str__(self) -> str:
        return f"{self.function}:{self.line}: {self.kind}: {self.what}"


class _Text:
    def __init__(self, text: bytes) -> None:
        self.text = text
        self.lines = [0]
        for line in text.split(b"\n"):
            self.lines.append(self.lines[-1] + len(line) + 1)

    def span(self, cursor: Any) -> tuple[int, int]:
        start, end = cursor.extent.start, cursor.extent.end
        return (
            self.lines[start.line - 1] + start.column - 1,
            self.lines[end.line - 1] + end.column - 1,
        )

    def of(self, cursor: Any) -> bytes:
        start, end = self.span(cursor)
        return self.text[start:end]

    def statement(self, cursor: Any) -> tuple[int, int]:
        """The extent with the semicolon, which libclang leaves out behind an expression."""
        start, end = self.span(cursor)
        after = self.text[end:].lstrip()
        if not self.text[start:end].endswith((b";", b"}")) and after.startswith(b";"):
            end = self.text.index(b";", end) + 1
        return start, end

    def replaced(self, *changes: tuple[tuple[int, int], bytes]) -> bytes:
        text = self.text
        for (start, end), new in sorted(changes, reverse=True):
            text = text[:start] + new + text[end:]
        return text


def mutants(unit: Any, functions: Collection[str]) -> Iterator[Mutant]:
    """All mutants of the named functions of a parsed unit (`tu`, `text`); many do not compile."""
    text = _Text(unit.text)
    for cursor in unit.tu.cursor.get_children():
        file = cursor.location.file
        if cursor.spelling not in functions or file is None or file.name != unit.tu.spelling:
            continue
        if cursor.kind == Kind.FUNCTION_DECL and cursor.is_definition():
            yield from _function(text, cursor)


def _brief(text: bytes) -> str:
    words = " ".join(text.decode("utf-8", "replace").split())
    return words if len(words) < 60 else words[:57] + "..."


def _function(text: _Text, function: Any) -> Iterator[Mutant]:
    name = function.spelling

    def mutant(kind: str, cursor: Any, what: str, new: bytes) -> Mutant:
        return Mutant(kind, name, cursor.extent.start.line, what, new)

    for block, statements in _blocks(function):
        for one in statements:
            if one.kind in JUMPS or one.kind == Kind.DECL_STMT:
                continue
            if text.of(one).strip():
                new = text.replaced((text.statement(one), b";"))
                yield mutant("delete", one, _brief(text.of(one)), new)
        if block.kind != Kind.COMPOUND_STMT:
            continue
        for one, other in pairwise(statements):
            if Kind.DECL_STMT in (one.kind, other.kind) or one.kind in JUMPS or other.kind in JUMPS:
                continue
            spans = text.statement(one), text.statement(other)
            texts = [text.text[start:end] for start, end in spans]
            new = text.replaced((spans[0], texts[1]), (spans[1], texts[0]))
            yield mutant("swap", one, f"{_brief(texts[0])} <> {_brief(texts[1])}", new)
    for condition in _conditions(function):
        source = text.of(condition)
        if source.strip():
            new = text.replaced((text.span(condition), b"!(" + source + b")"))
            yield mutant("negate", condition, _brief(source), new)
    for call in _all(function, Kind.CALL_EXPR):
        if not text.of(call).startswith(call.spelling.encode()):
            continue
        for argument in call.get_arguments():
            to = ELSEWHERE.get(argument.type.get_canonical().spelling)
            source = text.of(argument)
            if to is not None and source.strip():
                changed = to.format(source.decode()).encode()
                new = text.replaced((text.span(argument), changed))
                yield mutant("device", call, f"{_brief(text.of(call))}: {changed.decode()}", new)


def _all(cursor: Any, kind: Any) -> Iterator[Any]:
    for child in cursor.get_children():
        if child.kind == kind:
            yield child
        yield from _all(child, kind)


def _blocks(cursor: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Every place where a statement can stand; macros are not entered."""
    for child in cursor.get_children():
        if child.kind == Kind.COMPOUND_STMT:
            yield child, list(child.get_children())
        elif child.kind in (Kind.IF_STMT, Kind.FOR_STMT, Kind.WHILE_STMT):
            parts = list(child.get_children())
            bodies = parts[1:] if child.kind == Kind.IF_STMT else parts[-1:]
            yield child, [part for part in bodies if part.kind != Kind.COMPOUND_STMT]
        elif child.kind in (Kind.LABEL_STMT, Kind.CASE_STMT, Kind.DEFAULT_STMT):
            last = list(child.get_children())[-1:]
            yield child, [part for part in last if part.kind != Kind.COMPOUND_STMT]
        if child.kind in BLOCKS:
            yield from _blocks(child)


def _conditions(cursor: Any) -> Iterator[Any]:
    """Conditions of if and while, and below them every operand of && and ||."""
    for child in cursor.get_children():
        if child.kind in (Kind.IF_STMT, Kind.WHILE_STMT, Kind.CONDITIONAL_OPERATOR):
            yield from _parts(next(iter(child.get_children())))
        if child.kind in BLOCKS or child.kind in (Kind.IF_STMT, Kind.RETURN_STMT):
            yield from _conditions(child)


def _parts(condition: Any) -> Iterator[Any]:
    inner = condition
    while inner.kind in (Kind.PAREN_EXPR, Kind.UNEXPOSED_EXPR):
        inner = next(iter(inner.get_children()))
    yield inner
    if inner.kind == Kind.BINARY_OPERATOR:
        left, right = inner.get_children()
        between = inner.extent.start.offset != right.extent.start.offset
        if between and _operator(inner) in (20, 21):  # CXBinaryOperator_LAnd, _LOr
            yield from _parts(left)
            yield from _parts(right)


def _operator(cursor: Any) -> int:
    function = ci.conf.lib.clang_getCursorBinaryOperatorKind
    function.argtypes, function.restype = [ci.Cursor], c_int
    return int(function(cursor))


def reached(unit: Any, entries: Collection[str]) -> tuple[str, ...]:
    """Functions of a unit that are called or named on the way from some entries, these first."""
    functions = unit.functions()
    found = [name for name in entries if name in functions]
    for name in found:
        for one in functions[name].walk_preorder():
            named = one.kind in (Kind.DECL_REF_EXPR, Kind.CALL_EXPR)
            if named and one.spelling in functions and one.spelling not in found:
                found.append(one.spelling)
    return tuple(found)


def judged(task: tuple[Any, Any, Any, str, str, Any]) -> tuple[Mutant, list[Any] | None]:
    """Findings on a mutant of one file; None when it does not compile.

    task: a prepared base, a design or driver, the other sources' paths with the overlay as one
    pair, the file's path, the commit, the mutant.
    """
    from checks.waypoint import Sources, hold, parsed, symbols_of

    base, subject, (paths, overlay), path, commit, mutant = task
    changed = {**overlay, path: mutant.text}
    units = parsed(base, path, changed)
    if any(one.severity == "error" for one in units.diagnostics):
        return mutant, None
    others = {other: parsed(base, other, overlay) for other in paths if other != path}
    c = Sources({path: units, **others}, {}, symbols_of(base.autoconf), base.config.name, commit)
    return mutant, [one for one in hold(subject, c) if one.severity.value == "error"]
