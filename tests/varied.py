# SPDX-License-Identifier: GPL-2.0-only
"""Kernels that nobody pinned: a pinned tree with a few files otherwise, as objects alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from clones import WHEN, WHO

from generator.kernel.clone import own, scratch
from generator.kernel.tree import NewCommit, Tree, commits


def varied(tree: Tree, where: Path, changed: Mapping[str, str | None]) -> tuple[Path, str]:
    """Return a repository and a commit in it: that of a tree, with some files otherwise."""
    place = where / "clone.git"
    scratch(place, tree.git_dir / "objects")
    edits = {path: None if text is None else text.encode() for path, text in changed.items()}
    step = NewCommit("other\n", WHO, WHEN, edits)
    return place, commits(replace(tree, git_dir=place), tree.base, [step])[-1]


def replaced(tree: Tree, path: str, *pairs: tuple[str, str]) -> dict[str, str]:
    """Return a file of a tree with texts replaced, each of which stands there."""
    text = (tree.work / path).read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return {path: text}


def of(tree: Tree, where: Path, changed: Mapping[str, str | None]) -> Tree:
    """Return such a tree as `--tree` takes it."""
    return own(*varied(tree, where, changed))
