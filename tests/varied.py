# SPDX-License-Identifier: GPL-2.0-only
"""Kernels that nobody pinned: a pinned tree with a few files otherwise, as objects alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from clones import WHEN, WHO

from generator.kernel.clone import own, scratch
from generator.kernel.tree import Tree
from generator.series.objects import NewCommit, commits


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


# What 7.2.12 does otherwise than 7.3.4 in the registration of a port.
NO_SERVICE_FAILS = (
    ("\tint irqs[PCIE_PORT_DEVICE_MAXSERVICES];\n\tint status, capabilities, i;\n",
     "\tint irqs[PCIE_PORT_DEVICE_MAXSERVICES];\n\tint status, capabilities, i, nr_service;\n"),
    ("\t\tif (!capabilities)\n\t\t\tgoto out;\n",
     "\t\tif (!capabilities)\n\t\t\tgoto error_disable;\n"),
    ("\t/* Allocate child services if any */\n",
     "\t/* Allocate child services if any */\n\tstatus = -ENODEV;\n\tnr_service = 0;\n"),
    ("\t\tif (pcie_device_init(dev, service, irqs[i]))\n\t\t\tcapabilities &= ~service;\n",
     "\t\tif (!pcie_device_init(dev, service, irqs[i]))\n\t\t\tnr_service++;\n"),
    ("out:\n\t/*\n\t * With no child services, we shouldn't need bus mastering or any IRQ\n"
     "\t * vectors we allocated.\n\t */\n"
     "\tif (!capabilities) {\n\t\tpci_free_irq_vectors(dev);\n\t\tpci_clear_master(dev);\n\t}\n\n"
     "\treturn 0;\n",
     "\tif (!nr_service)\n\t\tgoto error_cleanup_irqs;\n\n\treturn 0;\n\nerror_cleanup_irqs:\n"
     "\tpci_free_irq_vectors(dev);\nerror_disable:\n\tpci_disable_device(dev);\n"
     "\treturn status;\n"),
)
