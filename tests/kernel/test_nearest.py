# SPDX-License-Identifier: GPL-2.0-only
"""Trees that nobody pinned: what they are most like, and a checkout that shares its files."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from varied import of, replaced, varied

from generator.kernel.clone import own, whole
from generator.kernel.nearest import nearest
from generator.kernel.pin import pinned as set_up
from generator.kernel.tree import Tree, listing, read_many
from generator.system.cache import cache
from generator.system.plumbing import git

PORTDRV, NEW, GONE = "drivers/pci/pcie/portdrv.c", "drivers/new/place/one.c", "drivers/pci/ats.c"
FRESH = "drivers/new/place/fresh.h"


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


@pytest.fixture
def fresh() -> Iterator[str]:
    """Return a text of which no checkout is in the cache; those that are made with it go."""
    text = f"/* {uuid.uuid4()} */\n"
    before = set((cache() / "own").glob("*"))
    yield text
    for home in set((cache() / "own").glob("*")) - before:
        file = home / "thin" / FRESH
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            shutil.rmtree(home)


def _on_disk(work: Path) -> set[str]:
    """Return the files of a checkout as whoever opens them finds them, through links as well."""
    return {
        str((Path(at) / name).relative_to(work))
        for at, names, files in os.walk(work, followlinks=True)
        for name in files
    }


@pytest.mark.kernel
def test_a_thin_checkout_has_every_file_and_few_directories(
    pinned: Tree, tmp_path: Path, fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (pinned.work / PORTDRV).read_bytes()
    changed = replaced(pinned, PORTDRV, ("pcie_portdrv_probe", "pcie_portdrv_begin"))
    place, commit = varied(pinned, tmp_path, {**changed, FRESH: fresh, GONE: None})
    thin = own(place, commit, thin=True)

    assert (thin.work / PORTDRV).read_text(encoding="utf-8") == changed[PORTDRV]
    assert (pinned.work / PORTDRV).read_bytes() == before
    assert (pinned.work / GONE).is_file()
    links = {path for path, (mode, _) in listing(thin, commit).items() if mode == "120000"}
    missing = (listing(thin, commit).keys() - links) - _on_disk(thin.work)
    assert not missing
    assert not (thin.work / GONE).exists()
    assert (thin.work / "kernel").is_symlink()
    assert not (thin.work / "drivers/pci").is_symlink()
    # checkpatch runs find there, which follows no links
    assert not (thin.work / "include").is_symlink()
    assert not (thin.work / "include/linux").is_symlink()
    assert own(place, commit, thin=True).work == thin.work
    monkeypatch.setattr("generator.kernel.clone._checkout", lambda _, tree: tmp_path / tree)
    full = whole(thin)
    assert full.work == tmp_path / thin.work.parent.name, "what builds has a checkout of its own"
    assert whole(full) == full


@pytest.mark.kernel
@pytest.mark.parametrize("path", ["scripts/spelling.txt", "tools/one.txt"])
def test_a_tree_with_other_programs_has_its_own_checkout(
    pinned: Tree, tmp_path: Path, path: str, fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They look beside where they really are, which would be in the other tree."""
    monkeypatch.setattr("generator.kernel.clone._checkout", lambda *_: pinned.work)
    place = varied(pinned, tmp_path, {path: "\n", FRESH: fresh})
    assert own(*place, thin=True).work == pinned.work


@pytest.mark.kernel
def test_a_thin_checkout_is_made_again_when_what_it_links_to_is_gone(
    pinned: Tree, tmp_path: Path, fresh: str
) -> None:
    place, commit = varied(pinned, tmp_path, {FRESH: fresh})
    thin = own(place, commit, thin=True).work
    record = thin.parent / "thin.json"
    record.write_text(f'"{tmp_path}/pruned/work"', encoding="utf-8")
    (thin / "kernel").unlink()
    assert (own(place, commit, thin=True).work / "kernel").is_dir()
    assert record.read_text(encoding="utf-8") == f'"{pinned.work}"'


@pytest.mark.kernel
def test_what_differs_where_checkpatch_searches_is_searched(
    pinned: Tree, tmp_path: Path, fresh: str
) -> None:
    bindings = "Documentation/devicetree/bindings"
    place = varied(pinned, tmp_path, {f"{bindings}/new/one.yaml": "\n", FRESH: fresh})
    tree = own(*place, thin=True)
    assert (tree.work / "kernel").is_symlink()
    assert not (tree.work / bindings / "pci").is_symlink()
    assert (tree.work / bindings / "new/one.yaml").is_file()


@pytest.mark.kernel
def test_a_commit_with_the_files_of_a_pin_has_its_checkout(pinned: Tree, tmp_path: Path) -> None:
    place, commit = varied(pinned, tmp_path, {NEW: "\n"})
    back = varied(
        Tree(place, commit, pinned.version, pinned.work, ""), tmp_path / "back", {NEW: None})
    assert own(*back).work == pinned.work
    assert read_many(pinned, [(pinned.base, NEW)])[pinned.base, NEW] is None
