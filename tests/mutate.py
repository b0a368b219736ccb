# SPDX-License-Identifier: GPL-2.0-only
"""Small wrongs in C: a statement deleted, two swapped, a condition negated, a device changed."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from ctypes import c_int
from dataclasses import replace
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
CALLING = ("device_for_each_child", "devm_add_action_or_reset", "__devm_add_action_or_reset")
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
        """The text with changes; where lines are lost, blank ones stand in for them."""
        text = self.text
        for (start, end), new in sorted(changes, reverse=True):
            text = text[:start] + new + text[end:]
        lost = self.text.count(b"\n") - text.count(b"\n")
        if lost > 0:
            last = max(start for (start, _), _ in changes)
            end = text.index(b"\n", last)
            text = text[:end] + b"\n" * lost + text[end:]
        return text


def mutants(
    unit: Any, functions: Collection[str], calls: Collection[str] = (), *, further: bool = False
) -> Iterator[Mutant]:
    """All mutants of the named functions of a parsed unit (`tu`, `text`); many do not compile.

    With `calls`, only those that delete, swap or retarget a call of one of these names.
    further: also swap with the statement after the next, and do things twice.
    """
    text = _Text(unit.text)
    for cursor in unit.tu.cursor.get_children():
        file = cursor.location.file
        if cursor.spelling not in functions or file is None or file.name != unit.tu.spelling:
            continue
        if cursor.kind == Kind.FUNCTION_DECL and cursor.is_definition():
            yield from _function(text, cursor, calls, further)


def _brief(text: bytes) -> str:
    words = " ".join(text.decode("utf-8", "replace").split())
    return words if len(words) < 60 else words[:57] + "..."


def _function(
    text: _Text, function: Any, calls: Collection[str], further: bool
) -> Iterator[Mutant]:
    name = function.spelling

    def counts(*statements: Any) -> bool:
        return not calls or any(
            one.kind == Kind.CALL_EXPR and one.spelling in calls
            for statement in statements
            for one in statement.walk_preorder()
        )

    def mutant(kind: str, cursor: Any, what: str, new: bytes) -> Mutant:
        return Mutant(kind, name, cursor.extent.start.line, what, new)

    for block, statements in _blocks(function):
        for one in statements:
            if one.kind in JUMPS or one.kind == Kind.DECL_STMT:
                continue
            if text.of(one).strip() and counts(one):
                new = text.replaced((text.statement(one), b";"))
                yield mutant("delete", one, _brief(text.of(one)), new)
                if further and one.kind.is_expression() and _calling(one):
                    start, end = text.statement(one)
                    again = b" ".join(text.text[start:end].split(b"\n"))
                    new = text.replaced(((end, end), b" " + again))
                    if block.kind == Kind.COMPOUND_STMT:
                        yield mutant("twice", one, _brief(text.of(one)), new)
        if block.kind != Kind.COMPOUND_STMT:
            continue
        pairs = [("swap", *pair) for pair in pairwise(statements)]
        if further:
            pairs += [("far", *pair) for pair in zip(statements, statements[2:], strict=False)]
        for kind, one, other in pairs:
            if Kind.DECL_STMT in (one.kind, other.kind) or one.kind in JUMPS or other.kind in JUMPS:
                continue
            if not counts(one, other):
                continue
            spans = text.statement(one), text.statement(other)
            texts = [text.text[start:end] for start, end in spans]
            new = text.replaced((spans[0], texts[1]), (spans[1], texts[0]))
            yield mutant(kind, one, f"{_brief(texts[0])} <> {_brief(texts[1])}", new)
    for condition in () if calls else _conditions(function):
        source = text.of(condition)
        if source.strip():
            new = text.replaced((text.span(condition), b"!(" + source + b")"))
            yield mutant("negate", condition, _brief(source), new)
    for call in _all(function, Kind.CALL_EXPR):
        if not text.of(call).startswith(call.spelling.encode()):
            continue
        if calls and call.spelling not in calls:
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


def _calling(statement: Any) -> bool:
    return statement.kind == Kind.CALL_EXPR or any(_all(statement, Kind.CALL_EXPR))


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


def reached(
    entries: Collection[str], *units: Any, whole: Collection[str] = ()
) -> tuple[str, ...]:
    """Functions of units that run on the way from some entries, these first, but `whole` ones.

    Those named to an iterator, or left to devres, are among them; handlers are not.
    """
    functions = {name: one for unit in units for name, one in unit.functions().items()}
    found = [name for name in entries if name in functions]
    for name in found:
        for one in _all(functions[name], Kind.CALL_EXPR):
            called = [one.spelling]
            if one.spelling in CALLING:
                called += [part.spelling for part in one.walk_preorder()]
            for other in called:
                if other in functions and other not in (*found, *whole):
                    found.append(other)
    return tuple(found)


class Task(NamedTuple):
    """A mutant to be judged: `base` is as variant.at() gives it for `overlay`, the commit."""

    base: Any
    overlay: Any
    drivers: tuple[Any, ...]
    path: str
    mutant: Mutant


_tasks: list[Task] = []
_parsed: dict[tuple[int, str], Any] = {}  # files without a mutant, once per process


def judge(tasks: Sequence[Task]) -> list[tuple[Mutant, list[Any]]]:
    """Errors of the drivers that have a file, with a mutant in its place; those that compile.

    Designs are not sent to the processes but inherited: what they name is told by identity.
    """
    _tasks[:] = tasks
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
        results = list(pool.map(_judged, range(len(tasks)), chunksize=8))
    return [
        (task.mutant, found)
        for task, found in zip(tasks, results, strict=True)
        if found is not None
    ]


def _judged(number: int) -> list[Any] | None:
    from checks.patches.conformance import Sources, hold, parsed, symbols_of

    base, overlay, drivers, path, mutant = _tasks[number]
    units = {}
    for one in dict.fromkeys((path, *(s for driver in drivers for s in driver.sources))):
        key = (id(overlay), one)
        if key not in _parsed:
            _parsed[key] = parsed(base, one, overlay)
        units[one] = _parsed[key]
    unit = mutated(base, overlay, mutant, units[path])
    if unit is None:
        return None
    units[path] = unit
    c = Sources(units, {}, symbols_of(base.autoconf), base.config.name)
    found = [one for driver in drivers for one in hold(driver, c)]
    return [one for one in found if one.severity.value == "error"]


def mutated(base: Any, overlay: Any, mutant: Mutant, whole: Any) -> Any:
    """A file with a mutant in it, of which only one function is parsed; None when it is no C.

    What stands behind the function is left out, and of what stands before it the bodies.
    """
    from generator.parsing import unit

    text = mutant.text
    assert text.count(b"\n") == whole.text.count(b"\n"), mutant
    lines = text.split(b"\n")
    last = whole.definitions[mutant.function].cursor.extent.end.line
    for name, one in whole.functions().items():
        start, end = one.extent.start.line, one.extent.end.line
        body = [number for number in range(start, end) if lines[number].startswith(b"{")]
        plain = not any(line.lstrip().startswith(b"#") for line in lines[start:end])
        if name != mutant.function and end < last and len(body) == 1 and plain:
            lines[body[0] : end] = [b";", *[b""] * (end - body[0] - 1)]
    closing = [line for line in lines[last:] if re.match(rb"#\s*(if|el|endif)", line)]
    cut = b"\n".join([*lines[:last], *closing, b""])
    part = unit.parse_job(unit.job(base, whole.path, {**overlay, whole.path: cut}))
    if any(one.severity == "error" for one in part.diagnostics):
        return None
    return _with_function(whole, mutant.function, part, text)


def _with_function(whole: Any, name: str, part: Any, text: bytes) -> Any:
    """Return a unit with one function from another reading of it; the others stand as before."""
    found = replace(whole, text=text)
    found.__dict__["own"] = whole.own
    found.__dict__["definitions"] = {**whole.definitions, name: part.definitions[name]}
    return found


def unexplained(results: Sequence[tuple[Mutant, list[Any]]], reasons: Mapping[str, str]) -> str:
    """What is not seen and not in `reasons`, and reasons that explain nothing; one a line.

    reasons: beginnings of "function: kind: what" -> why.
    """
    missed = [f"{one.function}: {one.kind}: {one.what}" for one, found in results if not found]
    lines = [f"not seen: {text}" for text in missed if not text.startswith(tuple(reasons))]
    lines += [
        f"not missed any more: {key}"
        for key in reasons
        if not any(text.startswith(key) for text in missed)
    ]
    return "\n".join(lines)
