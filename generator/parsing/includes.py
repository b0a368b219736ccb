# SPDX-License-Identifier: GPL-2.0-only
"""Which files a C file may include, read from its text: quick, and never too few.

Conditionals are ignored, so the answer is a superset of what the compiler reads; an include whose
name is a macro is not followed.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


def spelled(text: bytes) -> tuple[tuple[bool, str], ...]:
    """Return (quoted, name) for each include directive of `text`, in order."""
    return tuple(
        (kind == b'"', name.decode("utf-8", "replace")) for kind, name in _INCLUDE.findall(text)
    )


def search_path(flags: Sequence[str]) -> tuple[str, ...]:
    """Return the absolute `-I` directories of `flags` in the order of search."""
    found = [flag[2:] for flag in flags if flag.startswith("-I") and len(flag) > 2]
    found += [b for a, b in itertools.pairwise(flags) if a in ("-I", "-isystem")]
    return tuple(found)


def forced(flags: Sequence[str]) -> tuple[str, ...]:
    """Return the files that `flags` include before the first line."""
    return tuple(b for a, b in itertools.pairwise(flags) if a == "-include")


_DIRECTIVE = re.compile(r"\s*#\s*(\w+)\s*(.*)")


def leading(text: bytes) -> tuple[tuple[int, str, bool], ...]:
    """Return (line, name, quoted) of the includes before the first line that is code.

    Lines are 1-based and those of includes outside any conditional; a conditional that the
    leading part does not close ends it.
    """
    found: list[tuple[int, str, bool]] = []
    depth = 0
    joined = ""
    in_comment = False
    for number, raw in enumerate(text.decode("utf-8", "replace").split("\n"), 1):
        line, in_comment = _without_comments(joined + raw, in_comment)
        joined = ""
        if line.endswith("\\"):
            joined = line[:-1]
            continue
        match = _DIRECTIVE.fullmatch(line.rstrip()) if line.strip() else None
        if not line.strip() or (match and match[1] in ("define", "undef", "pragma")):
            continue
        if not match:
            break
        word, rest = match[1], match[2].strip()
        if word in ("if", "ifdef", "ifndef"):
            depth += 1
        elif word == "endif":
            depth -= 1
        elif word == "include" and rest[:1] in ('"', "<"):
            if depth == 0:
                found.append((number, rest[1:-1], rest[0] == '"'))
        elif word not in ("else", "elif"):
            break
    return tuple(found)


def _without_comments(line: str, in_comment: bool) -> tuple[str, bool]:
    kept = ""
    while line:
        if in_comment:
            _, closed, line = line.partition("*/")
            in_comment = not closed
        else:
            match = re.search(r"/[*/]", line)
            if not match:
                return kept + line, False
            kept += line[: match.start()] + " "
            in_comment = match[0] == "/*"
            line = line[match.end() :] if in_comment else ""
    return kept, in_comment


@dataclass
class Disk:
    """What was read of the files on disk, and a number for each file that a graph has.

    Shared by the graphs of several search paths. A set of files is an integer that has the bits of
    their numbers: thousands of units reach the same thousands of headers each.
    """

    spelled: dict[str, tuple[tuple[bool, str], ...]] = field(default_factory=dict)
    exists: dict[str, bool] = field(default_factory=dict)
    guard: threading.RLock = field(default_factory=threading.RLock)
    _paths: list[str] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def bit(self, path: str) -> int:
        """Return the set of one file."""
        number = self._numbers.get(path)
        if number is None:
            with self.guard:
                number = self._numbers.setdefault(path, len(self._paths))
                if number == len(self._paths):
                    self._paths.append(path)
        return 1 << number

    def bits(self, paths: Iterable[str]) -> int:
        """Return the set of some files."""
        found = 0
        for path in paths:
            found |= self.bit(path)
        return found

    def within(self, files: int) -> Iterator[str]:
        """Yield the paths of a set of files."""
        digits = f"{files:b}"[::-1]
        at = digits.find("1")
        while at >= 0:
            yield self._paths[at]
            at = digits.find("1", at + 1)


# directories of headers for the whole kernel, with which every search path of kbuild begins
_SHARED = re.compile(r"/include(?:/uapi|/generated|/generated/uapi)?$")
# commits that are looked at side by side, each under a configuration
_OVERS = 8
_Spelled: TypeAlias = tuple[tuple[bool, str], ...]


@dataclass
class Includes:
    """The include graph under one search path, read lazily and kept: absolute normalised paths.

    `texts` are the files laid over those on disk. `below` is a graph that is asked first, and
    answers wherever nothing is reached of which this one knows more: that of the disk alone, or
    that of the leading directories, in which all units search.
    """

    search: tuple[str, ...]
    disk: Disk = field(default_factory=Disk)
    texts: Mapping[str, bytes] = field(default_factory=dict)
    below: Includes | None = None
    _edges: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _lacking: dict[str, _Spelled] = field(default_factory=dict)
    _reached: dict[str, int] = field(default_factory=dict)
    _wanting: int = 0
    _looked: int = 0
    _otherwise: int = 0
    _overs: list[Includes] = field(default_factory=list)

    @classmethod
    def sharing(
        cls, search: tuple[str, ...], known: dict[tuple[str, ...], Includes], disk: Disk
    ) -> Includes:
        """Return the graph of a search path out of `known`, which shares what others have read."""
        if search not in known:
            own = next((n for n, one in enumerate(search) if not _SHARED.search(one)), len(search))
            below = cls.sharing(search[:own], known, disk) if own < len(search) else None
            known[search] = cls(search, disk, below=below)
        return known[search]

    def over(self, texts: Mapping[str, bytes]) -> Includes:
        """Return the graph with `texts` laid over the files, sharing what was read from disk."""
        known = next((one for one in reversed(self._overs) if one.texts == texts), None)
        if known is None:
            below = self.below.over(texts) if self.below else self
            known = Includes(self.search, self.disk, dict(texts), below)
            self._overs = [*self._overs, known][-_OVERS:]
        return known

    def spelled(self, path: str) -> _Spelled:
        """Return the include directives of one file, none when it cannot be read."""
        if path in self.texts:
            return spelled(self.texts[path])
        known = self.disk.spelled
        if path not in known:
            try:
                with open(path, "rb") as file:
                    known[path] = spelled(file.read())
            except OSError:
                known[path] = ()
        return known[path]

    def resolve(self, includer: str, quoted: bool, name: str) -> str | None:
        """Return the file that an include finds, None when there is none."""
        own = (os.path.dirname(includer),) if quoted else ()
        return self._first((*own, *self.search), name)

    def _first(self, directories: Iterable[str], name: str) -> str | None:
        for directory in directories:
            path = os.path.normpath(f"{directory}/{name}")
            if path in self.texts or self._exists(path):
                return path
        return None

    def _exists(self, path: str) -> bool:
        known = self.disk.exists
        if path not in known:
            known[path] = os.path.isfile(path)
        return known[path]

    def direct(self, path: str) -> tuple[str, ...]:
        """Return the files that `path` includes directly."""
        if path not in self._edges:
            if self.below and not self._differs(path):
                return self.below.direct(path)
            below: tuple[str, ...] = ()
            if self.below and self._longer:
                below = self.below.direct(path)
                found = {(quoted, name): self._first(self._more, name)
                         for quoted, name in self.below.lacking(path)}
            else:
                found = {(quoted, name): self.resolve(path, quoted, name)
                         for quoted, name in self.spelled(path)}
            lacking = tuple(one for one, where in found.items() if where is None)
            if lacking:
                self._lacking[path] = lacking
                self._wanting |= self.disk.bit(path)
            self._edges[path] = tuple(dict.fromkeys((*below, *filter(None, found.values()))))
        return self._edges[path]

    def lacking(self, path: str) -> _Spelled:
        """Return the include directives of a file that find nothing."""
        self.direct(path)
        if path in self._edges or self.below is None:
            return self._lacking.get(path, ())
        return self.below.lacking(path)

    def wanting(self) -> int:
        """Return the files that may include something which is not found."""
        return self._wanting | (self.below.wanting() if self.below else 0)

    @functools.cached_property
    def _longer(self) -> bool:
        return self.below is not None and self.below.search != self.search

    @functools.cached_property
    def _more(self) -> tuple[str, ...]:
        return self.search[len(self.below.search):] if self.below else ()

    def _differs(self, path: str) -> bool:
        """Return whether a file includes something else than the graph below says."""
        assert self.below is not None
        if self._longer:
            return any(self._first(self._more, name) for _, name in self.below.lacking(path))
        if path in self.texts and spelled(self.texts[path]) != self.below.spelled(path):
            return True
        return bool(self._fresh) and any(
            name.rpartition("/")[2] in self._fresh for _, name in self.spelled(path))

    @functools.cached_property
    def _fresh(self) -> frozenset[str]:
        """Return the names of laid files that are not on disk, which an include may find first."""
        return frozenset(path.rpartition("/")[2] for path in self.texts if not self._exists(path))

    def closure(self, path: str) -> frozenset[str]:
        """Return `path` and all that it may include."""
        return frozenset(self.disk.within(self.reached(path)))

    def reached(self, path: str) -> int:
        """Return `path` and all that it may include, as a set of `disk`."""
        if path not in self._reached:
            with self.disk.guard:
                if not self._as_below(path):
                    self._walk(path)
        return self._reached[path]

    def _as_below(self, path: str) -> bool:
        """Return whether the graph below knows all that a file reaches; then it is taken over."""
        if self.below is None:
            return False
        files = self.below.reached(path)
        if new := files & ~self._looked:
            may = new & self.below.wanting() if self._longer else new
            self._otherwise |= self.disk.bits(filter(self._differs, self.disk.within(may)))
            self._looked |= new
        if files & self._otherwise:
            return False
        self._reached[path] = files
        return True

    def _walk(self, start: str) -> None:
        """Find what a file reaches, and all on the way: Tarjan's strongly connected components."""
        order: dict[str, int] = {}
        low: dict[str, int] = {}
        files: dict[str, int] = {}
        opened: list[str] = []
        path: list[tuple[str, Iterator[str]]] = []

        def enter(item: str) -> None:
            order[item] = low[item] = len(order)
            files[item] = self.disk.bit(item)
            opened.append(item)
            path.append((item, iter(self.direct(item))))

        enter(start)
        while path:
            here, rest = path[-1]
            for item in rest:
                if item in self._reached or (item not in order and self._as_below(item)):
                    files[here] |= self._reached[item]
                elif item in order:
                    low[here] = min(low[here], order[item])
                else:
                    enter(item)
                    break
            else:
                path.pop()
                if low[here] == order[here]:
                    self._close(here, opened, files)
                if path:
                    above = path[-1][0]
                    if here in self._reached:
                        files[above] |= self._reached[here]
                    else:
                        low[above] = min(low[above], low[here])

    def _close(self, first: str, opened: list[str], files: dict[str, int]) -> None:
        """Give the files that were met since `first` what they reach, which is the same."""
        members = [opened.pop()]
        while members[-1] != first:
            members.append(opened.pop())
        whole = 0
        for item in members:
            whole |= files[item]
        self._reached.update(dict.fromkeys(members, whole))
