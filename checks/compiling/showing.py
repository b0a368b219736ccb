# SPDX-License-Identifier: GPL-2.0-only
"""Which users of a header can tell that it has changed; the others need not be compiled again.

    showing(graphs, jobs, before, after, paths, others) -> the units to be compiled

A unit that is left out includes the header, but neither it nor anything that it includes gives a
name of what has changed to it, so that it is the same text to a compiler but for declarations of
which it uses nothing. What could make that wrong is looked for, and such a unit is compiled:

- a macro, or a type or constant, that another header makes of a name that changes, as often as one
  is made of the other (_Names.grow);
- a condition that asks for such a name, in any header: then all that reach that header;
- a name that `##` puts together of parts, three at most (_pasted);
- a size or layout, where the unit, or a struct by value, has the type in it, or asserts something;
- a change of what the header includes, where that changes which files the unit may reach;
- a header that is read again under a macro that the unit defines for it, as trace events are.

An error within a header shows in all that include it, so that some of them are enough: a few for
each header that names something of what changes, and a few for those that change. What no
declaration tells, as a #pragma, makes all of them count, and so does what has gone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from checks.compiling.pasting import Macros
from checks.compiling.pieces import (
    WORD,
    Changed,
    Piece,
    by_value,
    changed,
    declared,
    members,
    names_of,
    pieces,
    types_of,
    types_within,
)
from checks.compiling.reach import Graphs
from generator.parsing.includes import Includes, spelled
from generator.parsing.job import Job

SAMPLE = 6  # users of a changed header that name nothing of it
_EACH = 2  # units for each header that names something of what changes
_ASSERTS = re.compile(rb"[Ss]tatic_assert|BUILD_BUG_ON")
_INCLUDED = re.compile(rb"^[ \t]*#[ \t]*include[ \t]*[<\"][^\n]*", re.M)
_PASTED = 3  # tokens of which a name is put together
_COMPUTED = frozenset((b"[", b"=", b":", b"typeof", b"__typeof__", b"sizeof"))

Texts = Mapping[str, bytes | None]


@lru_cache(maxsize=30000)
def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


@lru_cache(maxsize=30000)
def _words_on_disk(path: str) -> frozenset[bytes]:
    return _words(_read(path))


def _words(text: bytes) -> frozenset[bytes]:
    """Return the words of a text, without those of the names of files that it includes."""
    return frozenset(WORD.findall(_INCLUDED.sub(b"", text)))


@dataclass(frozen=True)
class _Files:
    """The files of a commit by absolute path: its own texts, and those on disk."""

    texts: Mapping[str, bytes]

    def text(self, path: str) -> bytes:
        return self.texts[path] if path in self.texts else _read(path)

    def words(self, path: str) -> frozenset[bytes]:
        if path in self.texts:
            return _words(self.texts[path])
        return _words_on_disk(path)


@dataclass
class _Names:
    """What a commit changes, and what other headers make of it."""

    wanted: set[bytes]
    types: set[bytes]
    sized: set[bytes]
    gates: set[str] = field(default_factory=set)

    def grow(self, path: str, text: bytes) -> bool:
        """Take what a header makes of what is known so far, and return whether that is more."""
        before = len(self.wanted), len(self.types), len(self.sized), len(self.gates)
        for piece in pieces(text):
            self._take(path, piece)
        return before != (len(self.wanted), len(self.types), len(self.sized), len(self.gates))

    def _take(self, path: str, piece: Piece) -> None:
        if piece.kind == "condition":
            if self.wanted.intersection(piece.tokens):
                self.gates.add(path)
        elif piece.kind == "define":
            body = piece.tokens[1:]
            if self.wanted.intersection(body) or (
                by_value(body, self.sized) and any(map(_ASSERTS.search, body))
            ):
                self._more(names_of(piece), types_of(piece))
        elif piece.kind == "code" and piece.aggregate:
            inside = members(piece)
            for one in inside:
                if self._is_made_of(one):
                    self._more(declared((*one, b";")), ())
            if any(by_value(one, self.sized) for one in inside):
                self.sized |= types_within(piece)
        elif piece.kind == "code" and self._is_made_of(piece.head):
            self._more(names_of(piece), types_of(piece))
        if piece.kind == "code" and piece.tokens[:1] == (b"typedef",) and (
            by_value(piece.tokens, self.sized)
        ):
            self.sized |= declared(piece.tokens)

    def _is_made_of(self, tokens: Sequence[bytes]) -> bool:
        """Return whether a declaration has another type or value when what is known changes."""
        if self.types.intersection(tokens):
            return True
        return bool(_COMPUTED.intersection(tokens) and self.wanted.intersection(tokens))

    def _more(self, names: Iterable[bytes], types: Iterable[bytes]) -> None:
        self.wanted.update(names)
        self.types.update(types)


def showing(
    graphs: Graphs, jobs: Mapping[str, Job], before: Texts, after: Texts, paths: Iterable[str]
) -> tuple[str, ...]:
    """Return of units that may include some changed headers those in which that can show.

    before, after: what lies over the tree without and with the change. paths: the headers.
    """
    if not jobs:
        return ()
    source = str(next(iter(jobs.values())).place.source)
    files = _Files(_absolute(source, after))
    mine = {f"{source}/{path}": changed(_old(source, before, path), after[path]) for path in paths}
    if any(one.everything for one in mine.values()):
        return tuple(sorted(jobs))
    reached = _reached(graphs, jobs, files.texts)
    # a unit that another one includes counts as a header
    every = frozenset().union(
        *(found - {f"{source}/{path}"} for path, found in reached.items()))
    names = _grown(mine, every, files)
    chosen = {
        path for path in jobs
        if reached[path] & names.gates or _names(files, f"{source}/{path}", names)
    }
    if any(one.includes for one in mine.values()):
        were = _reached(graphs, jobs, _absolute(source, before))
        chosen |= {path for path in jobs if reached[path] != were[path]}
    chosen |= _pasted(jobs, every, files, names)
    named = len(chosen)
    for header in sorted(path for path in every if _counts(files, path, names)):
        users = [path for path in sorted(jobs) if header in reached[path]]
        chosen |= {path for path in users if _defines_for(files, f"{source}/{path}", header)}
        left = _EACH - len(chosen.intersection(users))
        chosen.update([path for path in users if path not in chosen][: max(left, 0)])
    more = max(SAMPLE - (len(chosen) - named), 0)
    chosen.update([path for path in sorted(jobs) if path not in chosen][:more])
    return tuple(sorted(chosen))


def _absolute(source: str, texts: Texts) -> dict[str, bytes]:
    return {f"{source}/{path}": text or b"" for path, text in texts.items()}


def _reached(
    graphs: Graphs, jobs: Mapping[str, Job], texts: Mapping[str, bytes]
) -> dict[str, frozenset[str]]:
    """Return of each unit what it may include, with some texts laid over the tree."""
    over: dict[tuple[str, ...], Includes] = {}
    found = {}
    for path, task in jobs.items():
        graph = graphs.of(task)
        if graph.search not in over:
            same = all(os.path.isfile(one) and spelled(text) == graph.spelled(one)
                       for one, text in texts.items() if not one.endswith(("/Makefile", ".rst")))
            over[graph.search] = graph if same else graph.over(texts)
        found[path] = over[graph.search].closure(f"{task.place.source}/{path}")
    return found


def _old(source: str, before: Texts, path: str) -> bytes | None:
    if path in before:
        return before[path]
    return _read(f"{source}/{path}") or None


def _grown(mine: Mapping[str, Changed], every: frozenset[str], files: _Files) -> _Names:
    names = _Names(
        {name for one in mine.values() for name in one.names},
        {name for one in mine.values() for name in one.types},
        {name for one in mine.values() for name in one.sized},
    )
    grown = True
    while grown:
        known = names.wanted | names.sized
        some = [path for path in sorted(every) if not files.words(path).isdisjoint(known)]
        grown = True in [names.grow(path, files.text(path)) for path in some]
    return names


def _counts(files: _Files, path: str, names: _Names) -> bool:
    """Return whether an error can come to be in a header."""
    words = files.words(path)
    return bool(words & names.wanted) or (
        bool(words & names.sized) and _ASSERTS.search(files.text(path)) is not None)


def _names(files: _Files, path: str, names: _Names) -> bool:
    """Return whether a unit names something of what changes, or may tell a size."""
    words = files.words(path)
    if words & names.wanted:
        return True
    if not names.sized:
        return False
    text = files.text(path)
    return bool(_ASSERTS.search(text)) or (
        bool(words & names.sized)
        and any(by_value(one.tokens, names.sized) for one in pieces(text)
                if one.kind not in ("include", "include_next"))  # a file has a type's name
    )


def _defines_for(files: _Files, unit: str, header: str) -> bool:
    """Return whether a unit defines a macro that a header, which it names, asks for."""
    own = {one.tokens[0] for one in pieces(files.text(unit)) if one.kind == "define" and one.tokens}
    return any(one.kind == "condition" and own.intersection(one.tokens)
               for one in pieces(files.text(header))) if own else False


def _pasted(
    jobs: Mapping[str, Job], every: frozenset[str], files: _Files, names: _Names
) -> set[str]:
    """Return the units in which a macro can put a name together that changes.

    A part comes from what the unit gives a macro that pastes, the others from there or from the
    bodies of such macros.
    """
    mains = {path: f"{task.place.source}/{path}" for path, task in jobs.items()}
    macros = Macros.of(files.text(one) for one in (*every, *mains.values()))
    own = {path: files.words(main) for path, main in mains.items()}
    parts = macros.parts.union(*own.values())
    ways = [way for name in names.wanted for way in _ways(name, parts, _PASTED) if len(way) > 1]

    def can(words: frozenset[bytes]) -> bool:
        return any(
            all(part in words or part in macros.parts for part in way)
            and any(part in words for part in way) for way in ways
        )

    # what the unit gives is only looked for where all its words would do
    digits = frozenset(part for way in ways for part in way if part.isdigit())
    return {path for path, words in own.items()
            if can(words | digits) and can(macros.given(files.text(mains[path])))}


def _ways(name: bytes, parts: frozenset[bytes], most: int) -> list[tuple[bytes, ...]]:
    """Return how a name is put together of words, or of digits behind a word."""
    found: list[tuple[bytes, ...]] = [(name,)] if name in parts or name.isdigit() else []
    if most > 1:
        for cut in range(1, len(name)):
            if name[:cut] in parts:
                found += [(name[:cut], *rest) for rest in _ways(name[cut:], parts, most - 1)]
    return found
