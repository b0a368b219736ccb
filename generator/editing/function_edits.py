# SPDX-License-Identifier: GPL-2.0-only
"""The kinds of edits of C that a step of a series is made of.

Each finds its place by what stands there and says so when it does not find it. Text that a
step keeps, moves or removes is taken from the tree; templates hold only what is new.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from generator.ctext import Returns
from generator.editing import block_diff
from generator.editing.anchors import Body, Statement, body_of, named
from generator.editing.draft import Draft
from generator.editing.file_edits import writing
from generator.editing.idioms import idioms
from generator.editing.splices import Splice, spliced
from generator.entrypoint import struct_named
from generator.errors import ModelError, TreeError
from generator.expr import Place
from generator.parsing.cursors import Cursor
from generator.parsing.unit import Unit
from generator.program import Block
from generator.reading.initialisers import entry_points
from generator.rendering.helpers import functions
from generator.rendering.render import body
from generator.rendering.templates import Names, text_of


@runtime_checkable
class Edit(Protocol):
    """A change of the tree; it returns whole new texts."""

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return path -> new text.

        Errors: TreeError when the tree is not as expected, ModelError when the design is not.
        """
        ...


@dataclass(frozen=True)
class Derived:
    """Existing functions of a C file become what the design after the step says.

    `of` gives the two blocks of a function that belongs to no driver of the design.
    """

    path: str
    names: Mapping[Place, str] = field(hash=False)
    result: str = "ret"
    needed: bool = True  # finding nothing to change is an error
    of: Mapping[str, tuple[Block, Block]] = field(default_factory=dict, hash=False)

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return the file with everything derived."""
        unit = draft.unit(self.path)
        text = draft.text(self.path)
        lines = text.split("\n")
        defined = unit.functions()
        pairs: dict[str, _Pair] = {
            name: (before, after, "int") for name, (before, after) in self.of.items()
        }
        if not self.of:
            old, new = functions(draft.before), functions(draft.after)
            for name in old.keys() & new.keys() & defined.keys():
                pairs[name] = (old[name].body, new[name].body, _gives(defined[name]))
            pairs |= _entries(unit, draft)
        names = Names(self.names, self.result, idioms(draft), draft.room)
        splices = [
            splice
            for name in sorted(pairs)
            for splice in block_diff.splices(
                unit, lines, name, pairs[name][0], pairs[name][1], names, pairs[name][2]
            )
        ]
        if not splices and self.needed:
            raise ModelError(
                draft.after.where,
                f"{self.path}: the designs before and after this step have "
                "the same code: there is nothing to derive"
            )
        return {self.path: spliced(self.path, text, splices)}


_Pair = tuple[Block, Block, str | Returns]  # before and after a step, and what C returns


def _entries(unit: Unit, draft: Draft) -> dict[str, _Pair]:
    """Return what becomes of the entry points that a file's initialisers name, by function.

    Errors: ModelError when a function is two entry points, which come to differ.
    """
    found: dict[str, _Pair] = {}
    for initialiser in entry_points(unit):
        struct = struct_named(initialiser.kind)
        after = next((one for one in draft.after.drivers if one.variable == initialiser.name), None)
        before = draft.before.driver_of(after.device) if after is not None else None
        if struct is None or after is None or before is None:
            continue
        old, new = before.functions(), after.functions()
        for entry, point in struct.entries.items():
            name = initialiser.members.get(point.member)
            if not (name in unit.functions() and entry in old and entry in new):
                continue
            assert name is not None
            pair = (old[entry], new[entry], point.returns)
            if found.setdefault(name, pair)[:2] != pair[:2]:
                raise ModelError(
                    after.where,
                    f"{unit.path}: {name}() is {entry} of {after.name} and another "
                    "entry point as well, and the design has two different ones: nothing is "
                    "derived for that"
                )
    return found


def _gives(function: Cursor) -> str:
    kind = function.result_type.spelling
    return "void" if kind == "void" else "int"


def _function_start(draft: Draft, path: str, function: str) -> int:
    """Return the line at which a function begins, its comment included."""
    cursor = draft.unit(path).function(function)
    lines = draft.text(path).split("\n")
    return _with_comment(lines, int(cursor.extent.start.line))


def _with_comment(lines: list[str], line: int) -> int:
    if line > 1 and lines[line - 2].strip().endswith("*/"):
        line -= 1
        while not lines[line - 1].startswith("/*"):
            line -= 1
    return line


@dataclass(frozen=True)
class InsertBefore:
    """A new function or other text of a template, put before an existing function."""

    path: str
    template: str
    before: str
    names: Mapping[Place, str] = field(default_factory=dict, hash=False)
    result: str = "ret"

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return the file."""
        at = _function_start(draft, self.path, self.before)
        values = writing(draft, self.names, self.result).values()
        text = text_of(self.template, draft.room, **values).rstrip("\n")
        lines = draft.text(self.path).split("\n")
        splice = Splice(at, at - 1, (*text.split("\n"), ""))
        return {self.path: spliced(self.path, "\n".join(lines), [splice])}


@dataclass(frozen=True)
class Piece:
    """Statements of a function, from one anchor to another, "" being the first or last of all.

    `rename` replaces identifiers; `gives` says how errors are returned in their new home.
    """

    first: str = ""
    last: str = ""
    rename: tuple[tuple[str, str], ...] = ()
    gives: str = "int"
    through_check: bool = False  # the if statement right after `last` belongs to it


@dataclass(frozen=True)
class Split:
    """A function gives its statements to several: the template has them as `{{ NAME }}`.

    `comment` and `signature` are those of the function, `local(NAME)` a declaration in it.
    """

    path: str
    function: str
    template: str
    pieces: Mapping[str, Piece] = field(hash=False)

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return the file."""
        unit, text = draft.unit(self.path), draft.text(self.path)
        lines = text.split("\n")
        whole = body_of(unit, self.function)
        start = _function_start(draft, self.path, self.function)
        head = int(unit.function(self.function).extent.start.line)
        values: dict[str, object] = {
            name: _taken(whole, lines, replace(
                piece, first=draft.spelt(piece.first), last=draft.spelt(piece.last)
            )) for name, piece in self.pieces.items()
        }
        values["comment"] = "".join(line + "\n" for line in lines[start - 1 : head - 1])
        values["signature"] = "".join(line + "\n" for line in lines[head - 1 : whole.opened])

        def local(name: str) -> str:
            found = _declaration(whole, name)
            return "".join(line + "\n" for line in lines[found.first - 1 : found.last])

        values["local"] = local
        new = text_of(self.template, draft.room, **values).rstrip("\n").split("\n")
        return {self.path: spliced(self.path, text, [Splice(start, whole.closed, tuple(new))])}


def _declaration(whole: Body, name: str) -> Statement:
    """Return the declaration of a local variable."""
    for statement in whole.statements:
        if statement.text.endswith(";") and name in {
            one.spelling for one in statement.cursor.get_children()
        }:
            return statement
    raise TreeError(f"{whole.function}() declares no {name}", whole.where)


def _taken(whole: Body, lines: list[str], piece: Piece) -> str:
    begin = named(whole, piece.first) if piece.first else whole.statements[0]
    end = named(whole, piece.last) if piece.last else whole.statements[-1]
    last = end.last
    if piece.through_check:
        at = whole.statements.index(end)
        last = whole.statements[at + 1].last
    taken = lines[begin.first - 1 : last]
    text = "\n".join(taken)
    for old, new in piece.rename:
        expression = re.escape(old)
        expression = (r"\b" if old[0].isalnum() else "") + expression + r"\b"
        text = re.sub(r"(?<![.>])" + expression, new, text)
    if piece.gives == "pointer":
        text = re.sub(r"\breturn (-\w+|\w+);", r"return ERR_PTR(\1);", text)
    return text + "\n"


@dataclass(frozen=True)
class Local:
    """One more variable in a declaration of a function."""

    path: str
    function: str
    beside: str
    name: str

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return the file."""
        whole = body_of(draft.unit(self.path), self.function)
        text = draft.text(self.path)
        lines = text.split("\n")
        at = _declaration(whole, self.beside).last
        changed = f"{lines[at - 1].rstrip(';')}, {self.name};"
        return {self.path: spliced(self.path, text, [Splice(at, at, (changed,))])}


@dataclass(frozen=True)
class InFunction:
    """A statement put before another one of an existing function, or after it."""

    path: str
    function: str
    text: str
    before: str = ""
    after: str = ""

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return the file."""
        whole = body_of(draft.unit(self.path), self.function)
        statement = named(whole, self.before or self.after)
        at = statement.first if self.before else statement.last + 1
        text = draft.text(self.path)
        return {self.path: spliced(self.path, text, [Splice(at, at - 1, (f"\t{self.text}",))])}


@dataclass(frozen=True)
class Removed:
    """A statement of an existing function goes, and the comment above it."""

    path: str
    function: str
    statement: str

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return the file."""
        gone = named(body_of(draft.unit(self.path), self.function), self.statement)
        splice = Splice(gone.first, gone.last, ())
        return {self.path: spliced(self.path, draft.text(self.path), [splice])}


@dataclass(frozen=True)
class Tail:
    """The end of a function, from a statement on, is rendered from operations."""

    path: str
    function: str
    first: str
    done: Block  # what the function has done before, as far as it is to be undone
    block: Block
    result: str = "ret"

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return the file."""
        whole = body_of(draft.unit(self.path), self.function)
        statement = named(whole, self.first)
        names = Names({}, self.result, idioms(draft), draft.room)
        new = body(self.block, names, done=self.done).rstrip("\n").split("\n")
        text = draft.text(self.path)
        splice = Splice(statement.first, whole.closed - 1, tuple(new))
        return {self.path: spliced(self.path, text, [splice])}
