# SPDX-License-Identifier: GPL-2.0-only
"""Trees that nobody pinned: what they are most like, and a checkout that shares its files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from varied import of, replaced, varied

from generator.kernel.clone import own
from generator.kernel.nearest import nearest
from generator.kernel.pin import pinned as set_up
from generator.kernel.tree import Tree, listing, read_many
from generator.system.plumbing import git

PORTDRV, NEW, GONE = "drivers/pci/pcie/portdrv.c", "drivers/new/place/one.c", "drivers/pci/ats.c"


def test_where_no_pin_is_set_up_nothing_is_near(cached: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", str(tmp_path))
    assert nearest(tmp_path, "HEAD") is None


@pytest.mark.kernel
def test_the_nearest_pin_is_the_one_with_the_fewest_files_otherwise(
    pinned: Tree, newer: Tree, tmp_path: Path
) -> None:
    for one, name in ((pinned, "6.12"), (newer, "7.3")):
        place, commit = varied(one, tmp_path / name, {NEW: "\n", GONE: None})
        near = nearest(place, commit)
        assert near is not None
        assert (near.pin.name, near.tree, near.differing) == (name, one, {NEW, GONE})


@pytest.mark.kernel
def test_a_checkout_near_a_pin_is_linked_to_it_and_writes_no_file_of_it(
    pinned: Tree, tmp_path: Path
) -> None:
    before = (pinned.work / PORTDRV).read_bytes()
    other = of(pinned, tmp_path, {
        **replaced(pinned, PORTDRV, ("pcie_portdrv_probe", "pcie_portdrv_begin")),
        NEW: "int one;\n", GONE: None,
    })
    assert (other.work / PORTDRV).read_bytes() == before.replace(
        b"pcie_portdrv_probe", b"pcie_portdrv_begin")
    assert (pinned.work / PORTDRV).read_bytes() == before
    assert (other.work / NEW).read_text(encoding="utf-8") == "int one;\n"
    assert not (other.work / GONE).exists()
    assert (other.work / "Makefile").stat().st_ino == (set_up().work / "Makefile").stat().st_ino
    # Each file is that of the commit, with its mode.
    there = listing(other, other.base)
    on_disk = {
        str((Path(at) / name).relative_to(other.work))
        for at, names, files in os.walk(other.work)
        for name in (*files, *(one for one in names if (Path(at) / one).is_symlink()))
    }
    assert on_disk == there.keys()
    assert os.access(other.work / "scripts/checkpatch.pl", os.X_OK)


@pytest.mark.kernel
def test_a_commit_with_the_files_of_a_pin_has_its_checkout(pinned: Tree, tmp_path: Path) -> None:
    place, commit = varied(pinned, tmp_path, {NEW: "\n"})
    back = varied(
        Tree(place, commit, pinned.version, pinned.work, ""), tmp_path / "back", {NEW: None})
    assert own(*back).work == pinned.work
    assert read_many(pinned, [(pinned.base, NEW)])[pinned.base, NEW] is None
