# SPDX-License-Identifier: GPL-2.0-only
"""The tree whose prepared builds serve another one as well: the same content prepares both.

ground(tree, configs) -> Ground     a tree that is prepared, and what the tree has otherwise; or
                                    itself

Those that are asked are the pinned ones, and the bases of the same clone that had to prepare their
own: the next commit of a branch, or its base after a rebase, takes over what was prepared there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from generator.errors import ProgramFailed
from generator.kernel import kbuild, pin
from generator.kernel.apart import APART
from generator.kernel.clone import whole
from generator.kernel.configurations import Config
from generator.kernel.kbuild import Base
from generator.kernel.nearest import differing, nearest
from generator.kernel.tree import Tree, read_many
from generator.kernel.variant import asleep
from generator.system.cache import cache, keep
from generator.system.holding import hold, last_use
from generator.system.progress import say

# What kbuild and kconfig read to say what is built, and how; never a file that C is made of.
_SAYS = re.compile(r"(?:.*/)?(?:(?:Kconfig|Makefile|Kbuild|localversion)[^/]*|[^/]*\.(?:mk|config))"
                   r"|scripts/.*|(?:.*/)?configs/.*")
# Of that what each directory has of its own, and nobody else reads.
_OF_ONE = re.compile(rf"(?:{'|'.join(APART)})(?:.*/)?(?:Kconfig[^/]*|Makefile|Kbuild)")
# What no unit of a kernel includes.
_NEVER_READ = re.compile(r"(?:Documentation|LICENSES|samples)/.*|[^/]*|.*\.(?:rst|txt|ya?ml)")
_MOST = 400  # files laid over a tree: they go to the compiler with every unit
_BASES = 4  # own bases of a clone that are asked, those that were used last
_RECORD = "ground.json"
_FAR = 20000  # differing files: another kernel, of which nothing is shared


@dataclass(frozen=True)
class Ground:
    """What commits on a tree are compiled on: builds, and the files that the tree has otherwise."""

    bases: tuple[Base, ...]
    laid: Mapping[str, bytes | None]


def ground(tree: Tree, configs: Sequence[Config]) -> Ground:
    """Return prepared builds for a tree: those of another one, where all that prepares is alike.

    Errors: TreeError (kconfig did not give what was asked, make failed), EnvironmentFault.
    """
    for one in pin.read_pins().values():
        there = pin.at_hand(one)
        if there is not None and there.work == tree.work:  # whatever the commit is called
            return Ground(kbuild.prepare_all(there, configs), {})
    for near in sorted(_candidates(tree), key=lambda one: len(one.differing)):
        paths = _readable(tree, near)
        says = [path for path in paths or () if _SAYS.fullmatch(path)]
        if paths is None or (says and not all(kbuild.prepared(near.tree, one) for one in configs)):
            continue  # what is known of those files, a build says
        bases = kbuild.prepare_all(near.tree, configs)
        has = [path for path in paths if (tree.work / path).exists()]
        texts = read_many(tree, [(tree.base, path) for path in has])
        laid = {path: texts.get((tree.base, path)) for path in paths}
        if all(asleep(base, {path: laid[path] for path in says})
               and not _read_by(base) & near.differing.difference(says)
               for base in bases):
            if near.differing:
                say(f"{len(near.differing)} files differ from {near.name}, none of which "
                    "prepares a build: its builds are taken")
            return Ground(bases, laid)
    full = whole(tree)
    bases = kbuild.prepare_all(full, configs)
    if full.work.parent.parent == cache() / "own":
        record = {**vars(full), "git_dir": str(full.git_dir), "work": str(full.work)}
        keep(full.work.parent / _RECORD, json.dumps(record))
    return Ground(bases, {})


@dataclass(frozen=True)
class _Near:
    """A tree that may have been prepared, how it is called, and the paths that differ from it."""

    tree: Tree
    name: str
    differing: frozenset[str]


def _candidates(tree: Tree) -> Iterator[_Near]:
    near = nearest(tree.git_dir, tree.base)
    if near is not None:
        yield _Near(near.tree, near.pin.version, near.differing)
    records = sorted((cache() / "own").glob(f"*/{_RECORD}"), key=lambda one: -last_use(one.parent))
    mine = 0
    for record in records:
        try:
            said = json.loads(record.read_text(encoding="utf-8"))
            other = Tree(Path(said["git_dir"]), said["base"], said["version"], Path(said["work"]),
                         said["source"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if other.git_dir != tree.git_dir or mine == _BASES:
            continue  # the objects of another clone may be of another kind
        hold(record.parent)
        if not other.work.is_dir():
            continue
        mine += 1
        with suppress(ProgramFailed):  # git has pruned what a rebase left behind
            yield _Near(other, f"{other.version}, {other.base[:12]}",
                        differing(tree.git_dir, tree.base, other))


def _readable(tree: Tree, near: _Near) -> tuple[str, ...] | None:
    """Return the differing files that a compiler may read; None if one says what is built.

    A Kconfig file, and a Makefile of one directory, may say it of what is off everywhere.
    """
    if len(near.differing) > _FAR or any(
        _SAYS.fullmatch(path) and not _OF_ONE.fullmatch(path) for path in near.differing
    ):
        return None
    paths = tuple(sorted(path for path in near.differing if not _NEVER_READ.fullmatch(path)))
    links = any((one.work / path).is_symlink() for one in (tree, near.tree) for path in paths)
    return None if len(paths) > _MOST or links else paths


def _read_by(base: Base) -> frozenset[str]:
    """Return the files of the tree that preparing a build has read, as kbuild has noted them."""
    source = re.compile(rf"{re.escape(str(base.tree.work))}/([^\s\\):;,'\"]+)")
    found: set[str] = set()
    for directory, below, names in os.walk(base.build):
        below[:] = [one for one in below if one != "variants"]
        for name in names:
            if name.endswith(".cmd"):
                text = Path(directory, name).read_text(encoding="utf-8", errors="replace")
                found.update(source.findall(text))
    return frozenset(found)
