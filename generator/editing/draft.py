# SPDX-License-Identifier: GPL-2.0-only
"""The tree as it is between two edits of a commit, and changes of its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from generator.design import Design
from generator.errors import TreeError
from generator.kernel import kbuild, tree
from generator.kernel.kbuild import Base
from generator.kernel.tree import Tree
from generator.parsing import unit
from generator.parsing.job import Job
from generator.parsing.unit import Unit
from generator.spelling import spelt

CONFIG = "m"  # edits look at the code of this configuration


@dataclass(frozen=True)
class Draft:
    """What an edit sees: the tree with all edits so far, the designs before and after.

    `room` is the folder in which the series has templates of its own, `names` has what symbols
    are called in this tree that ours write as the default pin has them, `said` what it answers to
    facts.
    """

    tree: Tree
    base: Base
    overlay: Mapping[str, bytes | None]
    before: Design
    after: Design
    room: str = ""
    names: Mapping[str, str] = field(default_factory=dict, compare=False)
    said: Mapping[str, str] = field(default_factory=dict, compare=False)
    units: dict[str, Unit] = field(default_factory=dict, compare=False)

    def spelt(self, text: str) -> str:
        """Return a text of ours with each symbol under the name that it has in this tree."""
        return spelt(text, self.names)

    def has(self, path: str) -> bool:
        """Return whether a file exists."""
        if path in self.overlay:
            return self.overlay[path] is not None
        return (self.tree.work / path).is_file()

    def text(self, path: str) -> str:
        """Return a file's text.

        Errors: TreeError when there is no such file.
        """
        data = self.overlay[path] if path in self.overlay else _read(self.tree, path)
        if data is None:
            near = self._near(path)
            raise TreeError(f"{path}: there is no such file in {self.tree.source}{near}")
        return data.decode()

    def _near(self, path: str) -> str:
        """Return the file that may have been meant: of the same name elsewhere, or beside it."""
        directory, _, name = path.rpartition("/")
        there = tree.files(self.tree, self.tree.base)
        moved = [one for one in there if one.rpartition("/")[2] == name]
        beside = [one for one in there if one.rpartition("/")[0] == directory]
        near = get_close_matches(path, moved or beside, 1, 0.0 if moved else 0.6)
        return f"; nearest is {near[0]}" if near else ""

    def unit(self, path: str) -> Unit:
        """Return a C file parsed, under the flags of the base."""
        if path not in self.units:
            autoconf = str(self.base.autoconf_path.relative_to(self.base.build))
            self.units[path] = unit.parse_once(
                Job(
                    unit.place(self.base),
                    kbuild.flags(self.base, path).args,
                    path,
                    self.overlay,
                    {autoconf: self.base.autoconf.encode()},
                )
            )
        return self.units[path]

    def with_text(self, path: str, text: str) -> Draft:
        """Return the draft with one file changed."""
        overlay = {**self.overlay, path: text.encode()}
        return replace(self, overlay=overlay, units={})


def _read(tree_: Tree, path: str) -> bytes | None:
    return tree.read(tree_, tree_.base, path)
