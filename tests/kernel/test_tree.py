# SPDX-License-Identifier: GPL-2.0-only
"""The pinned tree is the one that was pinned, and the user's clone is not touched."""

import os
from pathlib import Path

import pytest
from clones import FILES, WHEN, WHO, shell, snapshot

from generator.errors import EnvironmentFault, Timeout, TreeError, UsageError
from generator.kernel import pin
from generator.kernel.clone import own
from generator.kernel.tree import (
    NewCommit,
    Tree,
    commits,
    files,
    format_patch,
    read,
    read_many,
    touched,
    tree_id,
)
from generator.system import plumbing
from generator.system.plumbing import git, run


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    where = tmp_path / "clone"
    for name, text in FILES.items():
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_text(text)
    (where / "drivers/pci/run.sh").chmod(0o755)
    (where / "link").symlink_to("drivers/pci")
    shell(where, "git init -q -b main; git add -f -A; git commit -qm first")
    return where


@pytest.fixture
def tree(clone: Path, cached: Path) -> Tree:
    return own(clone, "HEAD")


@pytest.mark.kernel
def test_the_base_commit_has_the_pinned_id_and_tree(pinned: Tree) -> None:
    said = pin.read_pin()
    assert (pinned.base, pinned.version) == (said.commit, said.version)
    assert tree_id(pinned, pinned.base) == said.tree
    assert len(files(pinned, pinned.base)) == said.files


@pytest.mark.kernel
@pytest.mark.slow
def test_the_checkout_is_the_base_commit_file_by_file(pinned: Tree, tmp_path: Path) -> None:
    index = {"GIT_INDEX_FILE": str(tmp_path / "index")}
    git(pinned.git_dir, "read-tree", pinned.base, env=index)
    where = f"--work-tree={pinned.work}"
    # Fails when a file differs in content, mode or kind, and names it.
    git(pinned.git_dir, where, "update-index", "--really-refresh", env=index, timeout=300)
    others = git(pinned.git_dir, where, "ls-files", "--others", env=index, timeout=300)
    assert others == b""


def test_own_reads_a_revision_and_leaves_the_clone_byte_identical(
    clone: Path, cached: Path, tmp_path: Path
) -> None:
    shell(clone, "echo dirty >>Makefile; echo staged >new; git add -f new; git stash list")
    before = snapshot(clone)
    tree = own(clone, "HEAD")
    assert tree.version == "6.12.117"
    assert read(tree, tree.base, "Makefile") == FILES["Makefile"].encode()
    assert (tree.work / "Makefile").read_text() == FILES["Makefile"]
    assert os.access(tree.work / "drivers/pci/run.sh", os.X_OK)
    assert os.readlink(tree.work / "link") == "drivers/pci"
    tip = commits(tree, tree.base, [NewCommit("x\n", WHO, WHEN, {"a.c": b"1\n"})])[-1]
    format_patch(tree, tree.base, tip, "Subject", "Body", tmp_path / "out")
    assert snapshot(clone) == before
    assert own(clone, "main") == Tree(
        tree.git_dir, tree.base, tree.version, tree.work, f"{clone}@main"
    )


def test_own_reads_a_shallow_clone_and_a_linked_worktree(clone: Path, cached: Path) -> None:
    shell(clone, "echo >>Kconfig; git commit -qam second; git worktree add -q ../linked HEAD~1")
    shell(clone.parent, f"git clone -q --depth 1 file://{clone} shallow")
    assert own(clone.parent / "shallow", "HEAD").base == shell(clone, "git rev-parse HEAD").strip()
    assert own(clone.parent / "linked", "HEAD").base == shell(clone, "git rev-parse HEAD~1").strip()


@pytest.mark.parametrize("rev", ["nothing", "HEAD:Makefile", "--all", "HEAD~5"])
def test_own_names_a_revision_that_is_no_commit(clone: Path, cached: Path, rev: str) -> None:
    with pytest.raises(UsageError, match="no commit"):
        own(clone, rev)


def test_own_names_a_directory_that_is_no_clone(tmp_path: Path, cached: Path) -> None:
    with pytest.raises(UsageError, match="not a git repository"):
        own(tmp_path, "HEAD")


def test_own_refuses_what_is_no_linux_tree(tmp_path: Path, cached: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shell(other, "git init -q; echo >x; git add x; git commit -qm x")
    with pytest.raises(TreeError, match="no Linux tree"):
        own(other, "HEAD")


def test_reading_distinguishes_no_file_from_no_commit(tree: Tree) -> None:
    got = read_many(tree, [(tree.base, "Kconfig"), (tree.base, "none"), (tree.base, "drivers")])
    assert list(got.values()) == [b"mainmenu\n", None, None]
    with pytest.raises(TreeError, match="f00"):
        read(tree, "f00" * 13 + "f", "Kconfig")
    assert files(tree, tree.base, "drivers") == ("drivers/pci/probe.c", "drivers/pci/run.sh")


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


def test_a_program_that_hangs_fails_or_is_missing_is_three_errors() -> None:
    with pytest.raises(Timeout, match=r"sleep 3600: no answer within 0 s"):
        run(["sleep", "3600"], timeout=0.1)
    with pytest.raises(TreeError, match=r"exit status 3\nwhy"):
        run(["sh", "-c", "echo why >&2; exit 3"])
    with pytest.raises(EnvironmentFault, match="no-such-program: program not found"):
        run(["no-such-program"])


def test_git_of_ours_does_not_hear_a_calling_hook(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent/index")
    assert git(tree.git_dir, "rev-parse", tree.base).decode().strip() == tree.base
    assert "GIT_INDEX_FILE" not in plumbing.git_environment()
