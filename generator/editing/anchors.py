# SPDX-License-Identifier: GPL-2.0-only
"""Places in a C function that an edit can hold on to: statements, by what they do.

A statement is found by the operation, the condition or the helper's call in it, never by its
line. What is not there, or is there twice, is an error that says what is nearest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import clang.cindex as ci

from generator.errors import TreeError, Where
from generator.operation import Do, Guard
from generator.parsing.conditions import canonical
from generator.parsing.cursors import Cursor, operator, spelled
from generator.parsing.unit import Unit
from generator.program import Call, If, Not, Return

Kind = ci.CursorKind
_COMPOUND = (Kind.IF_STMT, Kind.FOR_STMT, Kind.WHILE_STMT, Kind.DO_STMT, Kind.SWITCH_STMT)


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement: lines from `first` (its comment's, if it has one) over `line` to `last`."""

    cursor: Cursor
    first: int
    line: int
    last: int
    text: str
    label: str = ""  # that stands before it

    @property
    def compound(self) -> bool:
        """Return whether it has statements inside."""
        return self.cursor.kind in _COMPOUND

    @property
    def leaves(self) -> bool:
        """Return whether nothing that stands after it is reached from it."""
        return self.cursor.kind in (Kind.RETURN_STMT, Kind.GOTO_STMT)

    @property
    def condition(self) -> str:
        """Return the text of an if statement's condition; "" for every other statement."""
        return self.text if self.cursor.kind == Kind.IF_STMT else ""


@dataclass(frozen=True, eq=False)
class Body:
    """A block of statements, in braces or a single one."""

    path: str
    function: str
    lines: tuple[bytes, ...]
    statements: tuple[Statement, ...]
    braced: bool
    opened: int  # the line of {, or of the head
    closed: int  # the line of }, or of the last statement

    @property
    def where(self) -> Where:
        """Return where the block begins."""
        return Where(self.path, self.opened)


def body_of(unit: Unit, function: str) -> Body:
    """Return the outermost block of a function.

    Errors: TreeError when the file does not define it.
    """
    cursor = unit.function(function)
    block = next(one for one in cursor.get_children() if one.kind == Kind.COMPOUND_STMT)
    return _body(unit.path, function, tuple(unit.text.split(b"\n")), block)


def _body(path: str, function: str, lines: tuple[bytes, ...], block: Cursor) -> Body:
    braced = block.kind == Kind.COMPOUND_STMT
    inner = list(block.get_children()) if braced else [block]
    found: list[Statement] = []
    for cursor in inner:
        label = ""
        while cursor.kind == Kind.LABEL_STMT:
            label = cursor.spelling
            cursor = next(iter(cursor.get_children()))
        text = list(lines)
        shown = spelled(text, cursor)
        if cursor.kind in (Kind.IF_STMT, Kind.SWITCH_STMT):
            shown = spelled(text, next(iter(cursor.get_children())))
        line = cursor.extent.start.line
        first = line
        while _is_comment(lines[first - 2]):
            first -= 1
        found.append(Statement(cursor, first, line, _last_line(cursor), shown, label))
    extent = block.extent
    return Body(path, function, lines, tuple(found), braced, extent.start.line, extent.end.line)


def _last_line(cursor: Cursor) -> int:
    return int(cursor.extent.end.line)


def _is_comment(line: bytes) -> bool:
    text = line.strip()
    return text.startswith((b"/*", b"* ")) or text in (b"*", b"*/")


def branches(body: Body, statement: Statement) -> tuple[Body, Body | None]:
    """Return the two blocks of an if statement."""
    _, then, *other = statement.cursor.get_children()
    blocks = [_body(body.path, body.function, body.lines, one) for one in (then, *other)]
    return blocks[0], blocks[1] if len(blocks) > 1 else None


def way_out(body: Body, whole: Body) -> Body:
    """Return what a block that only leaves by goto does: the statements from that label on.

    `whole` is the block of the function, in which the label is looked for; any other block is
    itself.
    """
    (only, *more) = body.statements or (None,)
    if only is None or more or only.cursor.kind != Kind.GOTO_STMT:
        return body
    label = next(iter(only.cursor.get_children())).spelling
    at = next((n for n, one in enumerate(whole.statements) if one.label == label), None)
    return body if at is None else replace(whole, statements=whole.statements[at:])


def calls(cursor: Cursor, nested: bool = True) -> Iterator[str]:
    """Yield the callees in a statement; not `nested`: only in what an if or a loop asks."""
    for child in cursor.get_children():
        if child.kind == Kind.CALL_EXPR and child.spelling:
            yield child.spelling
        if nested or not _is_block(cursor, child):
            yield from calls(child, nested)
    if cursor.kind == Kind.CALL_EXPR:
        yield cursor.spelling


def _is_block(parent: Cursor, child: Cursor) -> bool:
    if parent.kind == Kind.IF_STMT:
        return bool(next(iter(parent.get_children())) != child)
    return bool(child.kind == Kind.COMPOUND_STMT)


def assigned(cursor: Cursor, lines: Sequence[bytes]) -> str:
    """Return what an assignment statement stores to, as written; "" for other statements."""
    if cursor.kind == Kind.BINARY_OPERATOR and operator(cursor) == "=":
        return spelled(list(lines), next(iter(cursor.get_children())))
    return ""


def of_call(body: Body, callees: Sequence[str]) -> list[Statement]:
    """Return the statements of a block that call one of the names, not counting inner blocks."""
    return [one for one in body.statements if set(callees) & set(calls(one.cursor, nested=False))]


def of_condition(body: Body, texts: Sequence[str]) -> list[Statement]:
    """Return the if statements of a block that ask one of the conditions, whichever way round."""
    wanted = {canonical(text)[0] for text in texts}
    return [
        one for one in body.statements if one.condition and canonical(one.condition)[0] in wanted
    ]


def of_assignment(body: Body, target: str) -> list[Statement]:
    """Return the statements of a block that store to an expression as written."""
    return [one for one in body.statements if assigned(one.cursor, body.lines) == target]


def of_node(body: Body, node: object) -> list[Statement]:
    """Return the statements of a block that a node of the model can be."""
    match node:
        case Do(op=op) if op.label is not None:
            return of_assignment(body, op.label[1].rpartition(":")[2])
        case Do(op=op) if op.fingerprint is not None:
            return of_call(body, op.fingerprint.spellings)
        case Call(function=function):
            return of_call(body, (function.name,))
        case If(guard=guard):
            while isinstance(guard, Not):
                guard = guard.part
            return of_condition(body, guard.c) if isinstance(guard, Guard) else []
        case Return():
            return [one for one in body.statements if one.cursor.kind == Kind.RETURN_STMT]
    return []


def one(body: Body, found: Sequence[Statement], what: str, wanted: str = "") -> Statement:
    """Return the only statement found.

    Errors: TreeError with file, line, what was looked for and the nearest statement.
    """
    if len(found) == 1:
        return found[0]
    if found:
        lines = ", ".join(str(statement.line) for statement in found)
        raise TreeError(
            f"{body.function}() has {what} {len(found)} times (lines {lines}): "
            "it is not clear where the edit belongs",
            body.where,
        )
    texts = {statement.text: statement for statement in body.statements}
    near = get_close_matches(wanted or what, texts, 1, 0.2)
    hint = f"; nearest is line {texts[near[0]].line}: {near[0]}" if near else ""
    raise TreeError(f"{body.function}() has no {what}{hint}", body.where)


def named(body: Body, anchor: str) -> Statement:
    """Return the statement that an edit names: "call:NAME", "set:LEFT SIDE",
    "if:CONDITION", "switch:EXPRESSION", or "text:" with how it begins as written.

    Errors: TreeError when there is none, or more than one.
    """
    kind, _, text = anchor.partition(":")
    found = {
        "call": lambda: of_call(body, (text,)),
        "set": lambda: of_assignment(body, text),
        "if": lambda: of_condition(body, (text,)),
        "switch": lambda: [
            one for one in body.statements
            if one.cursor.kind == Kind.SWITCH_STMT and one.text == text
        ],
        "text": lambda: [one for one in body.statements if one.text.startswith(text)],
    }[kind]()
    what = {
        "call": f"call of {text}()", "set": f"assignment to {text}", "if": f"if ({text})",
        "switch": f"switch ({text})", "text": f"statement that begins with {text}",
    }
    return one(body, found, what[kind], text)


def result_of(body: Body, usual: str) -> str:
    """Return the variable that a function returns its errors in: its only one, or the usual."""
    declared = {
        each.spelling for statement in body.statements
        for each in statement.cursor.get_children() if each.kind == Kind.VAR_DECL
    }
    returned = {
        spelled(list(body.lines), each).removeprefix("return ").rstrip(";")
        for statement in body.statements for each in statement.cursor.walk_preorder()
        if each.kind == Kind.RETURN_STMT
    } & declared
    return usual if usual in declared or len(returned) != 1 else returned.pop()


def tails_of(body: Body, result: str) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Yield each label of a function with what is done after it, up to the return of an error.

    None in place of that where it is no mere row of calls.
    """
    for at, statement in enumerate(body.statements):
        if statement.label:
            *texts, last = (each.text.rstrip(";") for each in body.statements[at:])
            plain = not any(each.compound for each in body.statements[at:])
            ends = last == f"return {result}"
            yield statement.label, tuple(f"{text};" for text in texts) if plain and ends else None
