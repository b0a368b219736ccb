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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
    """What was read of the files on disk: shared by graphs of several search paths."""

    spelled: dict[str, tuple[tuple[bool, str], ...]] = field(default_factory=dict)
    exists: dict[str, bool] = field(default_factory=dict)


@dataclass
class Includes:
    """The include graph under one search path, read lazily and kept: absolute normalised paths.

    `texts` are the files laid over those on disk; `below` is the graph of the disk alone.
    """

    search: tuple[str, ...]
    disk: Disk = field(default_factory=Disk)
    texts: Mapping[str, bytes] = field(default_factory=dict)
    below: Includes | None = None
    _edges: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _closures: dict[str, frozenset[str]] = field(default_factory=dict)

    def over(self, texts: Mapping[str, bytes]) -> Includes:
        """Return the graph with `texts` laid over the files, sharing what was read from disk."""
        return Includes(self.search, self.disk, dict(texts), self)

    def spelled(self, path: str) -> tuple[tuple[bool, str], ...]:
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
        for directory in (*own, *self.search):
            path = os.path.normpath(f"{directory}/{name}")
            if path in self.texts:
                return path
            if path not in self.disk.exists:
                self.disk.exists[path] = os.path.isfile(path)
            if self.disk.exists[path]:
                return path
        return None

    def direct(self, path: str) -> tuple[str, ...]:
        """Return the files that `path` includes directly."""
        if path not in self._edges:
            says = self.spelled(path)
            if self.below and path not in self.texts and not self._shadowed(says):
                return self.below.direct(path)
            found = (self.resolve(path, quoted, name) for quoted, name in says)
            self._edges[path] = tuple(dict.fromkeys(item for item in found if item))
        return self._edges[path]

    def _shadowed(self, says: tuple[tuple[bool, str], ...]) -> bool:
        return any(name.rpartition("/")[2] in self._names for _, name in says)

    @functools.cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(path.rpartition("/")[2] for path in self.texts)

    def closure(self, path: str) -> frozenset[str]:
        """Return `path` and all that it may include."""
        if path not in self._closures:
            seen: set[str] = set()
            todo = [path]
            while todo:
                item = todo.pop()
                if item not in seen:
                    seen.add(item)
                    todo.extend(self.direct(item))
            self._closures[path] = frozenset(seen)
        return self._closures[path]
