# SPDX-License-Identifier: GPL-2.0-only
"""Which units a commit may change the compiling of: those it touches, and users of its headers.

    directories(commit) -> where units are looked at that the commit touches
    pasted(commit, built, source) -> the .c files of it that units include
    includers(graphs, jobs, commit) -> the units that may include what it touches
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from checks.compiling.elsewhere import Tree
from generator.kernel.configurations import DIRS
from generator.parsing.includes import Disk, Includes, search_path
from generator.parsing.job import Job
from generator.series.commit import Commit

# what no kernel is made of
_NO_KERNEL = ("Documentation", "LICENSES", "samples", "scripts", "tools", "usr")
_KERNEL_WIDE = re.compile(r"include/|arch/[^/]+/include/")


@dataclass(frozen=True)
class Graphs:
    """The include graphs of a tree, and who names what in it, shared by its configurations."""

    disk: Disk = field(default_factory=Disk)
    by_search: dict[tuple[str, ...], Includes] = field(default_factory=dict)
    trees: dict[Path, Tree] = field(default_factory=dict)

    def tree(self, source: Path) -> Tree:
        """Return what is known of the names in the files of a base."""
        return self.trees.setdefault(source, Tree(source))

    def of(self, task: Job) -> Includes:
        """Return the graph of a unit's search path."""
        source = str(task.place.source)
        # what a commit changes is in the tree: generated headers need no search, and without
        # them the graph serves every configuration
        search = tuple(x for x in search_path(task.flags) if x.startswith(source + "/"))
        return Includes.sharing(search, self.by_search, self.disk)


def directories(commit: Commit, *, alone: bool = False) -> tuple[str, ...]:
    """Return the directories whose units are looked at: what lies in them, or is named by them.

    alone: without those where the series work, if the commit touches nothing there, and no header
    that these may include.
    """
    own = {
        os.path.dirname(path)
        for path in commit.touched
        if path.endswith((".c", ".h", ".S")) or path.rpartition("/")[2] in ("Makefile", "Kbuild")
    }
    outside = sorted(
        item
        for item in own
        if item and item.split("/")[0] not in _NO_KERNEL and item != "arch"
        and not _KERNEL_WIDE.match(item + "/") and item not in ("drivers", "arch/x86")
        and not any(item == top or item.startswith(top + "/") for top in DIRS)
    )
    apart = alone and outside and set(outside) == own and not wide(commit)
    return tuple(outside) if apart else (*DIRS, *outside)


def wide(commit: Commit) -> tuple[str, ...]:
    """Return the headers of a commit that units of any directory may include."""
    return tuple(
        path for path in commit.touched if path.endswith(".h") and _KERNEL_WIDE.match(path)
    )


def pasted(commit: Commit, built: Collection[str], source: Path) -> set[str]:
    """Return the .c files of a commit that no object is made of, and that a unit includes."""
    parts = {os.path.basename(path): path for path in commit.touched if path.endswith(".c")
             and path not in built and commit.overlay[path] is not None}
    found: set[str] = set()
    for unit in built if parts else ():
        text = commit.overlay.get(unit)
        if text is None and (source / unit).is_file():
            text = (source / unit).read_bytes()
        names = (name.decode(errors="replace") for name in _PASTES.findall(text or b""))
        found.update(parts[name] for name in names if name in parts)
    return found


_PASTES = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"(?:[^"\n]*/)?([^"/\n]+\.c)"', re.M)


def includers(
    graphs: Graphs, jobs: Mapping[str, Job], commit: Commit, parts: Collection[str] = ()
) -> set[str]:
    """Return the units that may include what a commit touches, as its own texts have it.

    parts: of what it touches only these files are meant, of any name.
    """
    headers = set(parts) or {path for path in commit.touched if not path.endswith(".c")}
    if not parts and not any(path.endswith(".h") for path in headers):
        return set()
    if not jobs:
        return set()
    source = str(next(iter(jobs.values())).place.source)
    texts = {f"{source}/{path}": text or b"" for path, text in commit.overlay.items()}
    wanted = graphs.disk.bits(f"{source}/{path}" for path in headers)
    found: set[str] = set()
    for path, task in jobs.items():
        graph, main = graphs.of(task), f"{source}/{path}"
        if (graph.reached(main) | graph.over(texts).reached(main)) & wanted:
            found.add(path)
    return found


WORD = re.compile(rb"[A-Za-z_]\w+")
_SPLICED = re.compile(rb"\\\n")
_DEFINE = re.compile(rb"^[ \t]*#[ \t]*define[ \t]+(\w+)(.*)$", re.M)
_DECLARED = re.compile(rb"(\w+)[ \t]*(?:\(|;|\[|=|:|,|$)")
_KEYWORDS = frozenset(
    b"if else for while do switch case return sizeof typeof int void bool char long short unsigned "
    b"struct union enum static inline const extern goto break default defined endif u8 u16 u32 u64 "
    b"size_t NULL true false".split()
)


def changed_names(before: bytes, after: bytes) -> frozenset[bytes]:
    """Return the names that a header declares, defines or calls in lines that change."""
    old, new = (
        Counter(_SPLICED.sub(b" ", text).split(b"\n")) for text in (before, after)
    )
    found: set[bytes] = set()
    for line in ((old - new) + (new - old)):
        define = _DEFINE.match(line)
        found |= {define[1]} if define else set(_DECLARED.findall(line.strip()))
    return frozenset(word for word in found - _KEYWORDS if not word.isdigit() and len(word) > 1)


def lost_names(before: bytes, after: bytes) -> frozenset[bytes]:
    """Return those of changed_names() that lines had which are no more."""
    gone = Counter(before.split(b"\n")) - Counter(after.split(b"\n"))
    return changed_names(before, after) & frozenset(WORD.findall(b"\n".join(gone)))
