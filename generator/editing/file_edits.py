# SPDX-License-Identifier: GPL-2.0-only
"""Edits of whole files and of text: new files, lists, entries, paragraphs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from generator.ctext import Written
from generator.design import Design, Driver
from generator.editing.draft import Draft
from generator.editing.idioms import answers, idioms
from generator.editing.splices import Splice, line_of, spliced
from generator.entrypoint import Head, function_of, head, struct
from generator.errors import ModelError, TreeError, Where
from generator.expr import Place
from generator.program import Function
from generator.rendering.helpers import functions
from generator.rendering.render import function_text
from generator.rendering.templates import Names, text_of


def writing(draft: Draft, names: Mapping[Place, str], result: str = "ret") -> Writing:
    """Return what templates of files call: function(), has() and entry points of drivers."""
    return Writing(draft.after, Names(
        names, result, idioms(draft), draft.room, answers(draft.said)))


@dataclass(frozen=True)
class Writing:
    """What templates of files call; they have the newer ways of a tree as `idioms`."""

    design: Design
    names: Names

    def known(self) -> dict[str, Function]:
        """Return all that the design has: helpers and the entry points of its drivers."""
        found = functions(self.design)
        for driver in filter(_in_c, self.design.drivers):
            for entry, block in driver.functions().items():
                name = function_of(driver, entry)
                found[name] = Written(name, block)
        return found

    def heads(self) -> dict[str, Head]:
        """Return what stands before the body of each entry point, by the name of its function.

        Errors: ModelError for a driver whose struct does not have one of its entry points.
        """
        return {
            function_of(driver, entry): head(driver, entry)
            for driver in filter(_in_c, self.design.drivers) for entry in driver.functions()
        }

    def has(self, name: str) -> bool:
        """Return whether the design has a function."""
        return name in self.known()

    def function(self, name: str) -> str:
        """Return a function's C.

        Errors: ModelError when the design has no such function.
        """
        found = self.known().get(name)
        if found is None:
            raise ModelError(
                self.design.where,
                f"a template wants the function {name}, which no driver of "
                f"the design {self.design.name} calls"
            )
        return function_text(found, self.names, self.heads().get(name))

    def tables(self, stem: str) -> str:
        """Return the tables of callbacks that the initialiser STEM_driver points to.

        Errors: ModelError when no driver of the design has that initialiser, and for a callback
        of which the tables have no line.
        """
        driver = self._driver(stem)
        callbacks = driver.callbacks()
        text = text_of(
            "entries/tables.c.j2", self.names.room, stem=stem, has=callbacks.__contains__,
            name=lambda entry: function_of(driver, entry) if entry in callbacks else "NULL",
            **_tables(driver),
        )
        for entry in callbacks:
            name = function_of(driver, entry)
            if "." in struct(driver).entries[entry].member and not re.search(rf"\b{name}\b", text):
                raise ModelError(
                    driver.where,
                    f"{driver.name}: templates/entries/tables.c.j2 has no line for {entry}, so "
                    f"{name} would never be called"
                )
        return text

    def members(self, stem: str) -> str:
        """Return the lines of the initialiser STEM_driver that name its entry points.

        Errors: ModelError when no driver of the design has that initialiser.
        """
        driver = self._driver(stem)
        own = [
            (point.member, function_of(driver, entry))
            for entry, point in struct(driver).entries.items()
            if "." not in point.member and (
                driver.functions().get(entry) or entry in driver.callbacks()
            )
        ]
        return text_of(
            "entries/members.c.j2", self.names.room, stem=stem, own=own, **_tables(driver)
        )

    def _driver(self, stem: str) -> Driver:
        for driver in self.design.drivers:
            if driver.variable == f"{stem}_driver":
                return driver
        raise ModelError(
            self.design.where,
            f"a template wants the driver {stem}_driver, and no driver of "
            f"{self.design.name} has that as its variable="
        )

    def values(self) -> dict[str, object]:
        """Return the names that a template knows."""
        return {
            "has": self.has, "function": self.function, "tables": self.tables,
            "members": self.members, "idioms": self.names.idioms, "tree": self.names.tree,
        }


def _in_c(driver: Driver) -> bool:
    """Return whether a driver is one of the C that is rendered, not of the model alone."""
    return bool(driver.variable)


def _tables(driver: Driver) -> dict[str, object]:
    """Return which tables an initialiser points to: where its dev_pm_ops is, which handlers."""
    points = {entry: struct(driver).entries[entry].member for entry in driver.callbacks()}
    pm = {member.rpartition(".")[0] for member in points.values() if ".pm." in member}
    recovery = [entry for entry, member in points.items() if member.startswith("err_handler.")]
    return {"pm": "".join(pm), "recovery": recovery}


@dataclass(frozen=True)
class NewFile:
    """A file of the series' own, rendered from its template and the design after the step.

    A later step that has it again renders it anew from its own design.
    """

    path: str
    template: str
    names: Mapping[Place, str] = field(default_factory=dict, hash=False)

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return the file."""
        if draft.has(self.path) and self.path not in draft.overlay:
            raise TreeError("the tree has this file already", Where(self.path, 1))
        values = writing(draft, self.names).values()
        return {self.path: text_of(self.template, draft.room, **values)}


@dataclass(frozen=True)
class Section:
    """What stands between #ifdef SYMBOL and its #endif, once it is there; until then a new one.

    A new one is put before the line that begins with `before`.
    """

    path: str
    symbol: str
    template: str
    before: str

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return the file."""
        text = draft.text(self.path)
        lines = text.split("\n")
        values = writing(draft, {}).values()
        new = text_of(self.template, draft.room, **values).rstrip("\n").split("\n")
        head = f"#ifdef {self.symbol}"
        if head in lines:
            first = lines.index(head)
            last = line_of(self.path, lines, f"#endif /* !{self.symbol} */", "directive", first)
            splice = Splice(first + 1, last + 1, tuple(new))
        else:
            at = line_of(self.path, lines, self.before, "line that begins with")
            splice = Splice(at + 1, at, (*new, ""))
        return {self.path: spliced(self.path, text, [splice])}


@dataclass(frozen=True)
class Listed:
    """A line of a sorted list, like the F: lines of an entry of MAINTAINERS."""

    path: str
    entry: str
    line: str

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return the file."""
        text = draft.text(self.path)
        lines = text.split("\n")
        at = line_of(self.path, lines, self.entry, "entry")
        kind = self.line[:2]
        places = []
        for number in range(at + 1, len(lines)):
            if not lines[number].strip():
                break
            if lines[number].startswith(kind):
                places.append(number)
        if not places:
            raise TreeError(
                f"the entry {self.entry!r} has no {kind} line", Where(self.path, at + 1)
            )
        behind = next((n for n in places if lines[n] > self.line), places[-1] + 1)
        return {self.path: spliced(self.path, text, [Splice(behind + 1, behind, (self.line,))])}


@dataclass(frozen=True)
class Put:
    """Lines put after, or before, the line that begins with a text.

    `within` is the head of the entry that the line is in; `paragraph`: after the whole
    paragraph, as one of their own.
    """

    path: str
    template: str = ""
    line: str = ""
    after: str = ""
    before: str = ""
    within: str = ""
    paragraph: bool = False

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return the file."""
        text = draft.text(self.path)
        lines = text.split("\n")
        wanted = self.after or self.before
        start, stop = 0, len(lines)
        if self.within:
            start = line_of(self.path, lines, self.within, "entry")
            kind = self.within.split()[0]
            ends = (n for n in range(start + 1, stop) if lines[n].split()[:1] == [kind])
            stop = next(ends, stop)
        at = line_of(self.path, lines[:stop], wanted, "line that begins with", start)
        values = writing(draft, {}).values()
        new = [self.line]
        if self.template:
            new = text_of(self.template, draft.room, **values).rstrip("\n").split("\n")
        if self.paragraph:
            while lines[at].strip():
                at += 1
            new, at = ["", *new], at - 1
        if self.before and len(new) > 1:
            new.append("")
        place = at + 1 if self.before else at + 2
        return {self.path: spliced(self.path, text, [Splice(place, place - 1, tuple(new))])}


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of prose gives way to a template's, which has the old one as `{{ was }}`.

    It is the one that begins with a text, after `prefix`, like " * " in comments.
    """

    path: str
    begins: str
    template: str
    prefix: str = ""
    width: int = 80

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return the file."""
        text = draft.text(self.path)
        lines = text.split("\n")
        bare = [
            line.removeprefix(self.prefix) if line.startswith(self.prefix) else "" for line in lines
        ]
        at = line_of(self.path, bare, self.begins, "paragraph that begins with")
        end = at
        while bare[end].strip():
            end += 1
        was = " ".join(bare[at:end])
        new = text_of(self.template, draft.room, was=was, tree=answers(draft.said)).strip("\n")
        room = self.width - len(self.prefix.expandtabs(8))
        filled = textwrap.wrap(
            " ".join(new.split()), room, break_long_words=False, break_on_hyphens=False
        )
        splice = Splice(at + 1, end, tuple(self.prefix + line for line in filled))
        return {self.path: spliced(self.path, text, [splice])}
