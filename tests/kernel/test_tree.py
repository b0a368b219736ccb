# SPDX-License-Identifier: GPL-2.0-only
"""The pinned tree is the one that was pinned, and the user's clone is not touched."""

import os
from pathlib import Path

import pytest
from clones import FILES, WHEN, WHO, clone_of_kinds, shell, snapshot

from generator.errors import EnvironmentFault, Timeout, TreeError, UsageError
from generator.kernel import pin
from generator.kernel.clone import own
from generator.kernel.tree import Tree, files, read, read_many, tree_id
from generator.series.objects import NewCommit, commits, format_patch
from generator.system import plumbing
from generator.system.plumbing import git, run


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return clone_of_kinds(tmp_path / "clone")


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
