# SPDX-License-Identifier: GPL-2.0-only
"""Edits that carry code of the tree from one file to another, and what includes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from generator.editing.draft import Draft
from generator.editing.idioms import answers
from generator.editing.splices import Splice, inserted, line_of, spliced
from generator.errors import TreeError, Where
from generator.rendering.templates import text_of


@dataclass(frozen=True)
class Part:
    """Definitions of one file: macros, enums and structs by name, in the order of the file.

    The comment right above one goes with it. `stays` is put where the first one was. A tree that
    answers `there`, (fact, answer, names), has those names where others find them already.
    """

    source: str
    names: tuple[str, ...]
    stays: str = ""
    there: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    def here(self, said: Mapping[str, str]) -> Part:
        """Return it without what a tree that answers so has elsewhere."""
        gone = {name for fact, answer, names in self.there if said.get(fact) == answer
                for name in names}
        return replace(self, names=tuple(name for name in self.names if name not in gone))


@dataclass(frozen=True)
class Moved:
    """Definitions leave their files and become `{{ moved[n] }}` of a new file's template.

    moved[n] are those of part n, those that stood together as one text; `notice` is the
    copyright comment of the last part's file, `tree` what this tree answers to facts.
    """

    parts: tuple[Part, ...]
    path: str
    template: str

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return all files."""
        if draft.has(self.path):
            raise TreeError("the tree has this file already", Where(self.path, 1))
        texts: dict[str, str] = {}
        moved: list[list[str]] = []
        notice = ""
        for part in self.parts:
            text = texts.get(part.source) or draft.text(part.source)
            groups, splices = _leaving(part.here(draft.said), text.split("\n"))
            texts[part.source] = spliced(part.source, text, splices)
            moved.append(groups)
            notice = _notice(text.split("\n"))
        texts[self.path] = text_of(
            self.template, draft.room, moved=moved, notice=notice, tree=answers(draft.said)
        )
        return texts


def _leaving(part: Part, lines: list[str]) -> tuple[list[str], list[Splice]]:
    """Return the definitions of a part, those that stand together joined, and their removal."""
    groups: list[list[int]] = []  # first and last index of definitions that stand together
    for name in part.names:
        first, last = _definition(part.source, lines, name)
        if groups and first == groups[-1][1] + 1:
            groups[-1][1] = last
        else:
            groups.append([first, last])
    splices = []
    for first, last in groups:
        alone = not lines[first - 1].strip() and not lines[last + 1].strip()
        splices.append(Splice(first + 1, last + 1 + (alone and not part.stays)))
    if part.stays:
        splices[0] = Splice(splices[0].first, splices[0].last, (part.stays,))
    return ["\n".join(lines[first : last + 1]) for first, last in groups], splices


def _definition(path: str, lines: list[str], name: str) -> tuple[int, int]:
    """Return the first and last index of a macro's, enum's or struct's lines, comment included."""
    found = [
        at for at, line in enumerate(lines)
        if re.match(rf"\s*#\s*define\s+{re.escape(name)}\b", line)
        or re.match(rf"(enum|struct)\s+{re.escape(name)}\s*{{", line)
    ]
    if len(found) != 1:
        at = line_of(path, lines, f"#define {name}", "definition of")
        raise TreeError(f"{name} is defined {len(found)} times", Where(path, at + 1))
    first = last = found[0]
    if "define" in lines[first]:
        while lines[last].endswith("\\"):
            last += 1
    else:
        while not lines[last].startswith("}"):
            last += 1
    if lines[first - 1].strip().endswith("*/"):
        first -= 1
        while not lines[first].strip().startswith("/*"):
            first -= 1
    return first, last


def _notice(lines: list[str]) -> str:
    """Return the copyright comment that a file begins with, after its licence."""
    text = "\n".join(lines[1:30])
    found = re.match(r"/\*.*?\*/", text, re.S)
    return found.group(0) if found is not None else ""


@dataclass(frozen=True)
class Include:
    """An #include directive, put after another one, or before it, as a group of its own."""

    path: str
    header: str
    after: str = ""
    before: str = ""
    apart: bool = False

    def apply(self, draft: Draft) -> Mapping[str, str]:
        """Return the file; errors name the nearest directive."""
        lines = draft.text(self.path).split("\n")
        wanted = self.after or self.before
        at = line_of(self.path, lines, f"#include {wanted}", "directive")
        new = [f"#include {self.header}"]
        place = at + 2 if self.after else at + 1
        splice = inserted(lines, place, new, self.apart)
        return {self.path: spliced(self.path, "\n".join(lines), [splice])}
