# SPDX-License-Identifier: GPL-2.0-only
"""Commits that exist as objects only, and the mails that git makes of them."""

import os
from pathlib import Path

import pytest
from clones import WHEN, WHO, clone_of_kinds, shell

from generator.errors import TreeError
from generator.kernel.clone import own
from generator.kernel.tree import Tree, touched, tree_id
from generator.series.objects import NewCommit, commits, format_patch
from generator.system.plumbing import git


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return clone_of_kinds(tmp_path / "clone")


@pytest.fixture
def tree(clone: Path, cached: Path) -> Tree:
    return own(clone, "HEAD")


def test_commits_are_the_same_every_time_and_leave_no_ref(tree: Tree) -> None:
    steps = [
        NewCommit("one\n\nwhy\n", WHO, WHEN, {"drivers/pci/run.sh": b"#!/bin/sh\n:\n"}),
        NewCommit("two\n", WHO, WHEN, {"drivers/pci/new.c": b"", "Kconfig": None}),
        NewCommit("three\n", WHO, WHEN, {"drivers/pci/new.c": b"int x;\n"}),
    ]
    ids = commits(tree, tree.base, steps)
    assert ids == commits(tree, tree.base, steps)
    assert git(tree.git_dir, "for-each-ref") == b""
    assert touched(tree, tree.base, ids[0]) == ("drivers/pci/run.sh",)
    assert b"100755" in git(tree.git_dir, "ls-tree", ids[0], "drivers/pci/run.sh")
    assert touched(tree, tree.base, ids[2]) == (
        "Kconfig",
        "drivers/pci/new.c",
        "drivers/pci/run.sh",
    )
    told = git(tree.git_dir, "log", "-1", "--format=%an %ae %ad %cn %cd|%B", "--date=raw", ids[0])
    assert told.decode().strip() == (
        f"A Developer dev@example.org {WHEN} A Developer {WHEN}|one\n\nwhy"
    )


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        ({}, "changes nothing"),
        ({"Kconfig": b"mainmenu\n"}, "changes nothing"),
        ({"../x": b""}, "not a path inside"),
        ({"/etc/x": b""}, "not a path inside"),
        ({"a/.git/config": b""}, "not a path inside"),
        ({"a\nM 100644 inline b": b""}, "not a path inside"),
        ({"gone.c": None}, "not there"),
        ({"link": b"x"}, "no regular file"),
    ],
)
def test_a_step_that_is_no_sane_change_is_refused(
    tree: Tree, edits: dict[str, bytes | None], reason: str
) -> None:
    with pytest.raises(TreeError, match=reason):
        commits(tree, tree.base, [NewCommit("x\n", WHO, WHEN, edits)])


def test_patches_are_byte_identical_whatever_the_user_has_set(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [
        NewCommit("PCI: One\n\nwhy\n", WHO, WHEN, {"drivers/pci/probe.c": b"int probe(void);\n"}),
        NewCommit("PCI: Two\n", WHO, "1700000100 +0100", {"drivers/pci/two.c": b"int two;\n"}),
    ]
    tip = commits(tree, tree.base, steps)[-1]
    say = ("PCI: Do two things", "First one,\nthen two.")
    first = format_patch(tree, tree.base, tip, *say, tmp_path / "a")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.gitconfig").write_text(
        "[diff]\nnoprefix=true\nalgorithm=patience\ncontext=9\n[format]\nsignature=me\n"
        "coverLetter=false\nthread=true\n[core]\nabbrev=20\n[user]\nname=Somebody\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Nobody")
    monkeypatch.setenv("GIT_DIFF_OPTS", "--unified=9")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/0009-stale.patch").write_text("stale")
    (tmp_path / "b/series.json").write_text("kept")
    second = format_patch(tree, tree.base, tip, *say, tmp_path / "b")
    assert [p.name for p in first] == [
        "0000-cover-letter.patch",
        "0001-PCI-One.patch",
        "0002-PCI-Two.patch",
    ]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert sorted(os.listdir(tmp_path / "b")) == [*(p.name for p in second), "series.json"]
    cover = first[0].read_text()
    assert "Subject: [RFC PATCH 0/2] PCI: Do two things\n\nFirst one,\nthen two.\n" in cover
    assert f"base-commit: {tree.base}" in cover
    assert "2 files changed" in cover
    assert "From: A Developer <dev@example.org>" in cover
    assert "***" not in cover
    assert "Date: Tue, 14 Nov 2023 22:13:20 +0000" in first[1].read_text()


def test_patches_apply_with_plain_git_am_to_the_same_tree(
    tree: Tree, clone: Path, tmp_path: Path
) -> None:
    tip = commits(
        tree,
        tree.base,
        [
            NewCommit("PCI: One\n", WHO, WHEN, {"drivers/pci/run.sh": b"#!/bin/sh\nexit 1\n"}),
            NewCommit("PCI: Two\n", WHO, WHEN, {"Kconfig": None, "new": b"no newline"}),
        ],
    )[-1]
    paths = format_patch(tree, tree.base, tip, "Subject", "Body", tmp_path / "out")
    shell(clone, "git am -q " + " ".join(str(path) for path in paths[1:]))
    assert shell(clone, "git rev-parse HEAD^{tree}").strip() == tree_id(tree, tip)
