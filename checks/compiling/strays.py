# SPDX-License-Identifier: GPL-2.0-only
"""Users of a commit's headers that no configuration builds: their own symbols are switched on.

    strays(...) -> files         of those that name what goes or changes in a header
    compile_strays(...)          what is new in what is said of them, with their symbols on
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping

from checks.compiling.frontend import diagnose
from checks.compiling.outcome import Outcome
from checks.compiling.reach import WORD, lost_names, wide
from checks.compiling.target import Target
from checks.compiling.target_memory import TargetMemory, key, rule
from generator.errors import TreeError
from generator.parsing.job import Diagnostic
from generator.series.commit import Commit

MOST = 16  # files of a commit that are tried
_PLACES = 6  # directories of theirs: make is asked for each anew
_COMMON = 200  # a name that more files have is in enough units that are built


def strays(
    kept: TargetMemory, commit: Commit, before: Mapping[str, bytes | None], now: Target,
    built: set[str], unread: Iterable[str],
) -> tuple[str, ...]:
    """Return the files of the tree that name what a commit takes away, and are not built.

    `built` are the units that are looked at, `unread` the headers that none of them includes. The
    files come with those first that name what is gone for good.
    """
    if not kept.everywhere:
        return ()
    tree = kept.graphs.tree(now.source)
    names: dict[str, bool] = {}  # whether it is gone
    for path in wide(commit):
        old, new = _old(kept, before, path), commit.overlay[path] or b""
        gone = lost_names(old, new) - frozenset(WORD.findall(new))
        names |= {name.decode(): name in gone for name in lost_names(old, new)}
    users = tree.users(names, commit.overlay) if names else {}
    found: dict[str, bool] = {}
    for name, paths in users.items():
        if len(paths) <= _COMMON:
            for path in paths:
                found[path] = found.get(path, False) or names[name]
    for header in unread:
        directory, _, name = header.rpartition("/")
        include = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"(?:\S*/)?' + re.escape(name.encode()),
                             re.M)
        for file in sorted((now.source / directory).glob("*.c")):
            path = f"{directory}/{file.name}"
            if path not in commit.overlay and include.search(file.read_bytes()):
                found[path] = True
    known = built | set(now.everywhere())
    return tuple(sorted(found.keys() - known, key=lambda path: (not found[path], path)))


def _old(kept: TargetMemory, before: Mapping[str, bytes | None], path: str) -> bytes:
    file = kept.target.source / path
    if path in before or not file.is_file():
        return before.get(path) or b""
    return file.read_bytes()


def tried(files: Iterable[str]) -> tuple[str, ...]:
    """Return those of some files that are compiled: a few, of a few directories."""
    chosen: list[str] = []
    places: set[str] = set()
    for path in files:
        place = "/".join(path.split("/")[:2])
        if len(chosen) < MOST and (place in places or len(places) < _PLACES):
            chosen.append(path)
            places.add(place)
    return tuple(chosen)


def compile_strays(
    kept: TargetMemory, commit: Commit, now: Target, progress: Callable[[str], None]
) -> Outcome:
    """Return what a commit makes new of the files that `kept` is about.

    Errors: those of compiling a unit.
    """
    built = [path for path in tried(kept.only) if _is_built(now, path)]
    progress(f"compile {commit.name}, configuration {now.name}: {len(built)} units")
    jobs = [now.job(path, commit.overlay) for path in built]
    said: list[tuple[str, Diagnostic]] = []
    read: set[str] = set()
    for path, result in zip(built, kept.pool.map(diagnose, jobs), strict=True):
        read |= result.includes & set(commit.touched)
        if result.diagnostics:
            known = kept.base_says(path)
            said += [(rule(one), one) for one in result.diagnostics if key(one) not in known]
    left = [path for path in kept.only if path not in built]
    if left:
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        text = (f"name what changes in it, are built under none of the configurations, and were "
                f"not compiled: {', '.join(left[:3])}{more}")
        said.append(("compile:not-all", Diagnostic("note", _header(commit), 0, 0, text)))
    return Outcome(tuple(said), (*built, *sorted(read)), ())


def _header(commit: Commit) -> str:
    return next((path for path in commit.touched if path.endswith(".h")), "")


def _is_built(now: Target, path: str) -> bool:
    try:
        return path in now.units((os.path.dirname(path),))
    except TreeError:  # nothing can be built there
        return False
