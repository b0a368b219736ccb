# SPDX-License-Identifier: GPL-2.0-only
"""Which pinned tree another one is most like: by its files, whatever it calls itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from generator.errors import ProgramFailed
from generator.kernel import pin
from generator.kernel.pin import Pin
from generator.kernel.tree import Tree, blobs
from generator.system.plumbing import git


@dataclass(frozen=True)
class Near:
    """A pinned tree, and the paths at which another one has something else, or nothing."""

    pin: Pin
    tree: Tree
    differing: frozenset[str]


def nearest(git_dir: Path, commit: str) -> Near | None:
    """Return the pinned tree that has the fewest files otherwise; None where none is set up.

    commit: or a tree, of the repository. One that is not set up is not asked: that takes minutes.
    Errors: TreeError.
    """
    found: list[Near] = []
    for one in pin.read_pins().values():
        there = pin.at_hand(one)
        if there is not None:
            found.append(Near(one, there, differing(git_dir, commit, there)))
    return min(found, key=lambda near: len(near.differing), default=None)


def differing(git_dir: Path, commit: str, there: Tree) -> frozenset[str]:
    """Return the paths at which a commit has something else than a tree, or nothing.

    git takes no time for directories that are the same. Errors: TreeError.
    """
    both = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(there.git_dir / "objects")}
    try:
        told = git(git_dir, "diff-tree", "-r", "-z", "--no-renames", "--name-only",
                   f"{there.base}^{{tree}}", f"{commit}^{{tree}}", env=both)
    except ProgramFailed:  # object names of another kind, or a path that git cannot be told
        mine, other = blobs(git_dir, commit), blobs(there.git_dir, there.base)
        return frozenset(
            path for path in mine.keys() | other.keys() if mine.get(path) != other.get(path)
        )
    return frozenset(path for path in os.fsdecode(told).split("\0") if path)
