# SPDX-License-Identifier: GPL-2.0-only
"""What a compiler is to see: a unit, its flags, and the texts laid over the files on disk."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from generator.errors import TreeError
from generator.parsing.includes import search_path, spelled

Overlay: TypeAlias = Mapping[str, bytes | None]


@dataclass(frozen=True)
class Diagnostic:
    """What the compiler says; `path` is relative to the tree (or the build directory)."""

    severity: str
    path: str
    line: int
    column: int
    text: str
    option: str = ""
    function: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Directories:
    """Where the tree, its build directory and our cache of PCH files are: absolute paths."""

    source: Path
    build: Path
    cache: Path


@dataclass(frozen=True)
class Job:
    """One unit to parse: arguments of `parse_job`."""

    place: Directories
    flags: tuple[str, ...]
    path: str
    overlay: Overlay = field(default_factory=dict)
    generated: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class ResolvedJob:
    """A job with every path absolute, and only the texts that differ from the disk.

    `ids` has the identities of the changed files, `fresh` those files that are not on disk, `gone`
    those that a commit deletes: an include of one finds an #error, as libclang finds it on disk.
    """

    place: Directories
    flags: tuple[str, ...]
    path: str
    main: str
    text: bytes
    texts: Mapping[str, bytes]
    names: Mapping[str, bytes]
    ids: Mapping[str, str]
    fresh: frozenset[str]
    gone: frozenset[str] = frozenset()

    def id_of(self, path: str) -> str:
        """Return the identity of a file as this job has it, empty when there is none."""
        return self.ids.get(path) or disk_id(path)

    def same(self, included: Mapping[str, str]) -> bool:
        """Return whether files read by an earlier parse would be the ones read now.

        They are when each has the same content and no new file could be found in the place of
        one of them.
        """
        names = {os.path.basename(path) for path in self.fresh - included.keys()}
        return all(
            self.id_of(path) == was and os.path.basename(path) not in names
            for path, was in included.items()
        )


def content_id(text: bytes) -> str:
    """Return the identity of a text: equal texts, equal identities."""
    return hashlib.sha1(text, usedforsecurity=False).hexdigest()


# of the texts of an overlay, which come again with every unit
_overlaid_id = functools.lru_cache(maxsize=128)(content_id)
_includes = functools.lru_cache(maxsize=128)(spelled)
_disk_ids: dict[str, tuple[int, int, str]] = {}


def disk_id(path: str) -> str:
    """Return the identity of a file on disk, read again only when size or time changed."""
    try:
        stat = os.stat(path)
        known = _disk_ids.get(path)
        if known and known[:2] == (stat.st_mtime_ns, stat.st_size):
            return known[2]
        with open(path, "rb") as file:
            found = content_id(file.read())
    except OSError:
        return ""
    _disk_ids[path] = (stat.st_mtime_ns, stat.st_size, found)
    return found


def usable_flags(flags: Sequence[str]) -> tuple[str, ...]:
    """Return kbuild's flags for a front end: no output, no bare -Werror, no absent -I directory.

    Without -Werror a warning stays a warning; -Werror=name stays as it is. The layout of structs is
    not made random: the seed of that is made with the first object, and libclang ends without it.
    """
    kept: list[str] = []
    words = iter(flags)
    for flag in words:
        if flag == "-o":
            next(words, None)
            continue
        absent = flag.startswith("-I") and len(flag) > 2 and not os.path.isdir(flag[2:])
        left = flag in ("-c", "-Werror", "-DRANDSTRUCT") or flag.startswith(
            ("-Wp,-MM", "-frandomize-layout-seed-file="))
        if not absent and not left:
            kept.append(flag)
    return tuple(kept)


def resolved(task: Job) -> ResolvedJob:
    """Return a job with absolute paths and without what the overlay leaves as it is."""
    source, build = str(task.place.source), str(task.place.build)
    texts: dict[str, bytes] = {}
    ids: dict[str, str] = {}
    fresh: set[str] = set()
    gone: set[str] = set()
    for name, text in [
        *((f"{source}/{n}", t) for n, t in task.overlay.items()),
        *((f"{build}/{n}", t) for n, t in task.generated.items()),
    ]:
        on_disk = disk_id(name)
        if text is None:
            text = b'#error "deleted"\n'
            gone.add(name)
        found = _overlaid_id(text)
        if found != on_disk:
            texts[name] = text
            ids[name] = found
            if not on_disk:
                fresh.add(name)
    main = f"{source}/{task.path}"
    own = texts.pop(main, None)
    ids.pop(main, None)
    fresh.discard(main)
    if own is None:
        try:
            own = Path(main).read_bytes()
        except OSError as error:
            raise TreeError(f"{task.path}: no such file in the tree ({error.strerror})") from error
    flags = usable_flags(task.flags)
    names = {**texts, **_aliases(main, own, texts, fresh, flags)}
    return ResolvedJob(task.place, flags, task.path, main, own, texts, names, ids,
                       frozenset(fresh), frozenset(gone))


def _aliases(
    main: str, own: bytes, texts: Mapping[str, bytes], fresh: set[str], flags: tuple[str, ...]
) -> dict[str, bytes]:
    """Return new files under the other spellings by which an include would look for them.

    libclang finds a file that is not on disk only by the very string of its path, and
    `#include "../cxl/x.h"` asks for `drivers/perf/../cxl/x.h`.
    """
    found: dict[str, bytes] = {}
    if not fresh:
        return found
    search = search_path(flags)
    for includer, text in [(main, own), *texts.items()]:
        for _, name in _includes(text):
            for directory in (os.path.dirname(includer), *search):
                path = f"{directory}/{name}"
                real = os.path.normpath(path)
                if real in fresh and path != real:
                    found[path] = texts[real]
    return found


def short(where: Directories, path: str) -> str:
    """Return a path relative to the tree or the build directory, as it is when in neither."""
    for top in (str(where.source), str(where.build)):
        if path.startswith(top + "/"):
            return path[len(top) + 1 :]
    return path
