# SPDX-License-Identifier: GPL-2.0-only
"""A commit's objects beside those of others: symbols that nobody gives, sections that are gone."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from checks.compiling.backend import Object, build
from checks.compiling.frontend import diagnose
from checks.compiling.link import given_up, text_of, unresolved
from checks.compiling.rest import Rest
from checks.compiling.sections import Mismatch, placed
from checks.compiling.target import Target
from checks.compiling.target_memory import TargetMemory
from generator.errors import TreeError
from generator.parsing.job import Diagnostic, Job
from generator.series.commit import Commit

_MOST = 24  # units of others that are compiled because what they use is given up, or has moved
_NO_CODE = re.compile(r'"(?:[^"\\]|\\.)*"|/\*.*?(?:\*/|$)|//.*|^[ \t]*\*(?:[ /].*)?$')
_DIVIDES = re.compile(r"[/%]")
_Said = list[tuple[str, Diagnostic]]


def linked(
    kept: TargetMemory, commit: Commit, before: Mapping[str, bytes | None], now: Target,
    objects: Sequence[Object], built: set[str], was: set[str],
) -> _Said:
    """Return what a commit's objects need and cannot have, and what of others needs its symbols.

    `objects` are those of the units that it touches, `built` all that are looked at, `was` the
    same before it.
    Errors: those of compiling a unit.
    """
    jobs = {path: now.job(path, commit.overlay) for path in built}
    rest = Rest(now, kept.graphs.tree(now.source), commit.overlay, before, frozenset(built))
    scene = _Scene(kept, commit, before, now, rest, jobs)
    needed = {made.path: made.undefined for made in objects if made.undefined}
    given = {name for made in objects if made.builtin for name in made.defined}
    said: _Said = []
    for rule, symbol, one in unresolved(needed, given, jobs, rest):
        base = kept.base_object(one.path)
        if base is None or symbol not in base.undefined:
            # what no text names is called for a division
            said.append((rule, one if one.line else replace(one, line=scene.divides(one.path))))
    said += scene.given_up(given, was)
    said += scene.sections(objects)
    return said


@dataclass(frozen=True)
class _Scene:
    """A commit under a configuration, with what stands around it."""

    kept: TargetMemory
    commit: Commit
    before: Mapping[str, bytes | None]
    now: Target
    rest: Rest
    jobs: Mapping[str, Job]

    def _old(self, path: str) -> str:
        text = self.before.get(path)
        file = self.now.source / path
        if path not in self.before and file.is_file():
            text = file.read_bytes()
        return (text or b"").decode("utf-8", "replace")

    def _new(self, path: str) -> str:
        return (self.rest.text(path) or b"").decode("utf-8", "replace")

    def divides(self, path: str) -> int:
        """Return the one new line of a unit that divides, 0 when there is none or are several."""
        old = Counter(self._old(path).split("\n"))
        new = [number for number, row in enumerate(self._new(path).split("\n"), 1)
               if not old[row] and _DIVIDES.search(_NO_CODE.sub("", row))]
        return new[0] if len(new) == 1 else 0

    def given_up(self, given: set[str], was: set[str]) -> _Said:
        """Return who of others uses what the commit defines or exports no more."""
        touched = [path for path in self.commit.touched if path.endswith(".c")]
        dropped = sorted(was - self.jobs.keys())
        # that a Makefile builds what is deleted is said already
        broken = {path for path in touched if self.commit.overlay[path] is None
                  and path in self.now.units((os.path.dirname(path),))}
        before = {path: self._old(path) for path in ({*touched, *dropped} - broken) & was}
        after = {path: self._new(path) for path in touched if path in self.jobs}
        if not before:
            return []
        moved = {path: text_of(self.jobs[path]) for path in sorted(self.jobs.keys() - was)}
        lost = given_up(before, after, moved)
        if not lost:
            return []
        users, note = self._users(lost, set(touched))
        said = note
        needed = {}
        for path, task in users.items():
            made = build(task, diagnose(task).includes, self.now.compiler)
            if made.undefined & lost:
                needed[path] = made.undefined & lost
        for rule, _, one in unresolved(needed, given, {**users, **self.jobs}, self.rest, lost):
            said.append((rule, one))
        return said

    def _users(self, names: frozenset[str], without: set[str]) -> tuple[dict[str, Job], _Said]:
        """Return the units of others that name symbols, and what is left out of them."""
        found: set[str] = set()
        for path in sorted(self.jobs.keys() - without):
            if names & set(re.findall(r"\w+", text_of(self.jobs[path]))):
                found.add(path)
        far: set[str] = set()
        if self.kept.everywhere:
            for paths in self.rest.tree.users(names, self.commit.overlay).values():
                far |= set(paths)
            far &= set(self.now.everywhere())
        order = [*sorted(found), *sorted(far - self.jobs.keys() - without)]
        users = {}
        for path in order[:_MOST]:
            near = path in self.jobs
            try:
                users[path] = (self.jobs[path] if near
                               else self.now.far(path, self.commit.overlay))
            except TreeError:
                continue
        note: _Said = []
        if len(order) > _MOST:
            text = (f"{len(order) - _MOST} of {len(order)} units that name what this commit moves "
                    "or gives up were not linked")
            note.append(("link:not-all", Diagnostic("note", "", 0, 0, text)))
        return users, note

    def sections(self, objects: Sequence[Object]) -> _Said:
        """Return the new section mismatches of a commit: in its units, and of their users."""
        said: _Said = []
        gone = self._gone()
        for made in objects:
            found = made.mismatched
            task = self.jobs[made.path]
            beside = {name: gone[name] for name in made.undefined if name in gone}
            if beside:
                found = build(task, diagnose(task).includes, self.now.compiler,
                              beside=beside).mismatched
            if found:
                base = self.kept.base_object(made.path)
                known = {_key(one) for one in (base.mismatched if base else ())}
                said += [self._told(made.path, one) for one in found if _key(one) not in known]
        moved = frozenset(name for name, section in gone.items() if self._moved(name, section))
        if moved:
            users, note = self._users(moved, {made.path for made in objects})
            said += note
            for path, task in users.items():
                includes = diagnose(task).includes
                made = build(task, includes, self.now.compiler)
                beside = {name: gone[name] for name in made.undefined & moved}
                if beside:
                    more = build(task, includes, self.now.compiler, beside=beside).mismatched
                    said += [self._told(path, one) for one in more if one.used in beside]
        return said

    def _gone(self) -> dict[str, str]:
        """Return the symbols that are known to lie in sections that are freed."""
        found: dict[str, str] = {}
        for task in self.jobs.values():
            found.update(placed(text_of(task)))
        for line in self.rest.lines():
            found.update(placed(line.text))
        return found

    def _moved(self, name: str, section: str) -> bool:
        return any(
            placed(self._new(path)).get(name) == section
            and name in self._old(path) and placed(self._old(path)).get(name) != section
            for path in self.commit.touched if path.endswith(".c") and path in self.jobs
        )

    def _told(self, path: str, one: Mismatch) -> tuple[str, Diagnostic]:
        line = _line_in(self._new(path), one.user.partition(".")[0], one.used)
        return "link:section", Diagnostic("warning", path, line, 0, one.said, "", one.user)


def _key(one: Mismatch) -> tuple[str, str, str]:
    return one.user, one.used, one.there + one.text


def _line_in(text: str, user: str, used: str) -> int:
    """Return the line on which a function names a symbol: the first in it, else the last at all."""
    rows = text.split("\n")
    naming = [number for number, row in enumerate(rows, 1) if _names(row, used)]
    start = next(_starts(rows, user), 0)
    inside = [number for number in naming if start and number > start]
    return inside[0] if inside else naming[-1] if naming else 0


def _starts(rows: Sequence[str], name: str) -> Iterator[int]:
    for number, row in enumerate(rows, 1):
        if row[:1] not in ("", " ", "\t") and _names(row, name) and not row.endswith(";"):
            yield number


def _names(row: str, name: str) -> bool:
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", row) is not None
