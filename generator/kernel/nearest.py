# SPDX-License-Identifier: GPL-2.0-only
"""Which pinned tree another one is most like: by its files, whatever it calls itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from generator.kernel import pin
from generator.kernel.pin import Pin
from generator.kernel.tree import Tree, blobs


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
    mine: dict[str, tuple[str, str]] = {}
    found: list[Near] = []
    for one in pin.read_pins().values():
        there = pin.at_hand(one)
        if there is None:
            continue
        mine = mine or blobs(git_dir, commit)
        other = blobs(there.git_dir, there.base)
        found.append(Near(one, there, frozenset(
            path for path in mine.keys() | other.keys() if mine.get(path) != other.get(path)
        )))
    return min(found, key=lambda near: len(near.differing), default=None)
