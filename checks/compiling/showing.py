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
- a size or layout, where the unit, or a struct by value, has the type in it, or the unit asserts
  something, and names the type, or in that something that is declared with it;
- a change of what the header includes, where that changes which files the unit may reach;
- a header that is read again under a macro that the unit defines for it, as trace events are.

An error within a header shows in all that include it, so that some of them are enough: a few for
each header that names something of what changes, and a few for those that change. What no
declaration tells, as a #pragma, makes all of them count, and so does what has gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

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
from generator.parsing.job import Job, content_id, disk_id

SAMPLE = 6  # users of a changed header that name nothing of it
_EACH = 2  # units for each header that names something of what changes
_ASSERTS = re.compile(rb"[Ss]tatic_assert|BUILD_BUG_ON")
_DEFINES = re.compile(rb"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
_INCLUDED = re.compile(rb"^[ \t]*#[ \t]*include[ \t]*[<\"][^\n]*", re.M)
_PASTED = 3  # tokens of which a name is put together
_FEW = 40  # names that are sooner looked for one by one than among all words of a text
_COMPUTED = frozenset((b"[", b"=", b":", b"typeof", b"__typeof__", b"sizeof"))

Texts = Mapping[str, bytes | None]


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _named(text: bytes, names: Set[bytes]) -> Set[bytes]:
    """Return those of some names that are words of a text, and not only of files it includes."""
    may = [one for one in names if one in text] if len(names) <= _FEW else names
    return _words(text).intersection(may) if may else frozenset()


def _words(text: bytes) -> set[bytes]:
    """Return the words of a text, without those of the names of files that it includes."""
    return set(WORD.findall(_INCLUDED.sub(b"", text)))


@dataclass(frozen=True)
class _Files:
    """The files of a commit by absolute path: its own texts, and those on disk.

    Nothing of them is kept: all that a header of the whole kernel reaches are too many.
    """

    texts: Mapping[str, bytes]

    def text(self, path: str) -> bytes:
        return self.texts[path] if path in self.texts else _read(path)

    def mark(self, path: str) -> str:
        return content_id(self.texts[path]) if path in self.texts else disk_id(path)


@dataclass
class _Names:
    """What a commit changes, and what other headers make of it."""

    wanted: set[bytes]
    types: set[bytes]
    sized: set[bytes]
    gates: set[str] = field(default_factory=set)
    typed: set[bytes] = field(default_factory=set)  # declared with one of `sized`, or made of it

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
            if self.sized.intersection(body):
                self.typed |= names_of(piece)
            if self.wanted.intersection(body) or (
                by_value(body, self.sized) and any(map(_ASSERTS.search, body))
            ):
                self._more(names_of(piece), types_of(piece))
        elif piece.kind == "code" and piece.aggregate:
            inside = members(piece)
            for one in inside:
                if self.sized.intersection(one):
                    self.typed |= declared((*one, b";"))
                if self._is_made_of(one):
                    self._more(declared((*one, b";")), ())
            if any(by_value(one, self.sized) for one in inside):
                self.sized |= types_within(piece)
        elif piece.kind == "code":
            if self.sized.intersection(piece.head):
                self.typed |= names_of(piece)
            if self._is_made_of(piece.head):
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
    disk = graphs.disk
    reached = _reached(graphs, jobs, files.texts)
    together = 0
    for path, found in reached.items():  # a unit that another one includes counts as a header
        together |= found & ~disk.bit(f"{source}/{path}")
    every = tuple(sorted(disk.within(together)))
    names, naming = _grown(mine, every, files)
    gates = disk.bits(names.gates)
    chosen = {
        path for path in jobs if reached[path] & gates or _names(files, f"{source}/{path}", names)
    }
    if any(one.includes for one in mine.values()):
        were = _reached(graphs, jobs, _absolute(source, before))
        chosen |= {path for path in jobs if reached[path] != were[path]}
    chosen |= _pasted([path for path in jobs if path not in chosen], source, every, files, names)
    named = len(chosen)
    for header in (path for path in naming if _counts(files, path, names)):
        mark = disk.bit(header)
        users = [path for path in sorted(jobs) if reached[path] & mark]
        chosen |= _defining(files, [path for path in users if path not in chosen], source, header)
        left = _EACH - len(chosen.intersection(users))
        chosen.update([path for path in users if path not in chosen][: max(left, 0)])
    more = max(SAMPLE - (len(chosen) - named), 0)
    chosen.update([path for path in sorted(jobs) if path not in chosen][:more])
    return tuple(sorted(chosen))


def _absolute(source: str, texts: Texts) -> dict[str, bytes]:
    return {f"{source}/{path}": text or b"" for path, text in texts.items()}


def _reached(
    graphs: Graphs, jobs: Mapping[str, Job], texts: Mapping[str, bytes]
) -> dict[str, int]:
    """Return of each unit what it may include, with some texts laid over the tree."""
    return {path: graphs.of(task).over(texts).reached(f"{task.place.source}/{path}")
            for path, task in jobs.items()}


def _old(source: str, before: Texts, path: str) -> bytes | None:
    if path in before:
        return before[path]
    return _read(f"{source}/{path}") or None


def _grown(
    mine: Mapping[str, Changed], every: Iterable[str], files: _Files
) -> tuple[_Names, list[str]]:
    """Return what changes, and is made of that, and the headers that name any of it."""
    names = _Names(
        {name for one in mine.values() for name in one.names},
        {name for one in mine.values() for name in one.types},
        {name for one in mine.values() for name in one.sized},
    )
    asked: set[bytes] = set()
    naming: list[str] = []
    others = list(every)
    while True:
        new = (names.wanted | names.sized) - asked
        asked |= new
        found = {path for path in others if _named(files.text(path), new)}
        naming = sorted({*naming, *found})
        others = [path for path in others if path not in found]
        if True not in [names.grow(path, files.text(path)) for path in naming]:
            return names, naming


def _counts(files: _Files, path: str, names: _Names) -> bool:
    """Return whether an error can come to be in a header."""
    text = files.text(path)
    return bool(_named(text, names.wanted)) or (
        bool(_named(text, names.sized)) and _ASSERTS.search(text) is not None)


def _names(files: _Files, path: str, names: _Names) -> bool:
    """Return whether a unit names something of what changes, or may tell a size."""
    text = files.text(path)
    if _named(text, names.wanted):
        return True
    if not names.sized:
        return False
    asserts = [found.start() for found in _ASSERTS.finditer(text)]
    if not _named(text, names.sized):
        return any(names.typed.intersection(WORD.findall(text[at:text.find(b";", at)]))
                   for at in asserts)
    return bool(asserts) or any(
        by_value(one.tokens, names.sized) for one in pieces(text)
        if one.kind not in ("include", "include_next"))  # a file has a type's name


def _defining(files: _Files, units: Iterable[str], source: str, header: str) -> set[str]:
    """Return the units that define a macro which a header asks for that they name."""
    asked = {token for one in pieces(files.text(header)) if one.kind == "condition"
             for token in one.tokens}
    return {path for path in units if asked.intersection(
        _DEFINES.findall(files.text(f"{source}/{path}")))} if asked else set()


def _pasted(
    units: Iterable[str], source: str, every: Iterable[str], files: _Files, names: _Names
) -> set[str]:
    """Return the units in which a macro can put a name together that changes.

    A part comes from what the unit gives a macro that pastes, the others from there or from the
    bodies of such macros.
    """
    mains = {path: f"{source}/{path}" for path in units}
    may = frozenset(name[first:last] for name in names.wanted
                    for first in range(len(name)) for last in range(first + 1, len(name) + 1))
    own = {path: may.intersection(WORD.findall(files.text(main))) for path, main in mains.items()}
    # a unit's own macros count for it alone, and for others only where they paste
    pasting = (main for main in mains.values() if b"##" in files.text(main))
    macros = Macros.of((files.mark(path), partial(files.text, path))
                       for path in chain(every, pasting))
    parts = macros.parts.union(*own.values())
    ways = [way for name in names.wanted for way in _ways(name, parts, _PASTED) if len(way) > 1]

    def can(words: Set[bytes]) -> bool:
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
