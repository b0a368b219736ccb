# SPDX-License-Identifier: GPL-2.0-only
"""A small series as generate writes it, and what a test sees of the clone that it is applied to."""

from __future__ import annotations

from pathlib import Path

from clones import WHEN, WHO, snapshot

from generator.kernel.tree import Tree, tree_id
from generator.series import manifest
from generator.series.objects import NewCommit, commits, format_patch

STEPS = [
    NewCommit("PCI: One\n\nBecause.\n", WHO, WHEN, {"drivers/pci/probe.c": b"int probe(void);\n"}),
    NewCommit("PCI: Two\n", WHO, WHEN, {"drivers/pci/two.c": b"int two;\n", "Kconfig": b"two\n"}),
]


def write_series(tree: Tree, out: Path, steps: list[NewCommit]) -> str:
    """A directory of patches as generate writes it; the tree id it ends in."""
    tip = commits(tree, tree.base, steps)[-1]
    paths = format_patch(tree, tree.base, tip, "Subject", "Body", out)
    told = manifest.describe(tree, tree.base, tip, "auxbus", paths)
    (out / manifest.FILE_NAME).write_text(told.text())
    return tree_id(tree, tip)


def without_objects(directory: Path) -> dict[str, bytes]:
    """Everything below a directory but the objects of repositories."""
    return {
        name: text
        for name, text in snapshot(directory).items()
        if not name.startswith("objects/") and "/objects/" not in name
    }
