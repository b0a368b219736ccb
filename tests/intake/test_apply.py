# SPDX-License-Identifier: GPL-2.0-only
"""Applying a series makes exactly one branch, undo takes it back, and nothing else changes."""

import json
import os
from pathlib import Path

import pytest
from applied import STEPS, without_objects, write_series
from clones import clone_at, shell, snapshot

from generator.errors import Conflict, Refused, UsageError
from generator.intake import apply as applying
from generator.intake.apply import undo
from generator.intake.handover import Applied
from generator.intake.posting import Asked
from generator.kernel.clone import own
from generator.kernel.tree import Tree


def apply(
    patches: Path, repo: Path, branch: str, onto: str | None = None, dry_run: bool = False
) -> Applied:
    return applying.apply(Asked((str(patches),)), repo, branch, onto, dry_run)


@pytest.fixture(autouse=True)
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return clone_at(tmp_path / "clone")


@pytest.fixture
def patches(clone: Path, tmp_path: Path) -> Path:
    write_series(own(clone, "HEAD"), tmp_path / "patches", STEPS)
    return tmp_path / "patches"


def test_an_existing_branch_is_refused_and_stays(clone: Path, patches: Path) -> None:
    shell(clone, "git branch taken; git branch deep/er")
    before = snapshot(clone)
    for branch in ("taken", "main", "taken/below", "deep"):
        with pytest.raises(Refused):
            apply(patches, clone, branch)
    assert snapshot(clone) == before


@pytest.mark.parametrize(
    "branch", ["", "a..b", "-x", "HEAD", "a b", "x.lock", "../../HEAD", "@{-1}"]
)
def test_a_name_that_git_does_not_take_is_a_usage_error(
    clone: Path, patches: Path, branch: str
) -> None:
    with pytest.raises(UsageError):
        apply(patches, clone, branch)


def test_an_unborn_head_of_that_name_is_refused(clone: Path, patches: Path) -> None:
    shell(clone, "git symbolic-ref HEAD refs/heads/auxbus")
    before = snapshot(clone)
    with pytest.raises(Refused, match="auxbus"):
        apply(patches, clone, "auxbus", onto="main")
    assert snapshot(clone) == before


def test_without_the_base_commit_identical_files_decide(
    clone: Path, patches: Path, tmp_path: Path
) -> None:
    # The same files but another history, as a clone of mainline has it.
    shell(clone, "git checkout -q --orphan other; echo >>Makefile; git commit -qam other")
    shell(tmp_path, "git clone -q --single-branch -b other file://$PWD/clone mainline")
    done = apply(patches, tmp_path / "mainline", "auxbus")
    assert not done.exact
    assert "HEAD" in done.note
    assert "3 touched files" in done.note
    assert shell(tmp_path / "mainline", "git show auxbus:Kconfig") == "two\n"
    assert shell(tmp_path / "mainline", "git rev-parse auxbus~2") == shell(
        clone, "git rev-parse other"
    )


def test_a_tag_of_the_version_is_preferred_to_head(
    clone: Path, patches: Path, tmp_path: Path
) -> None:
    shell(clone, "git checkout -q --orphan other; git commit -qm other; git tag v6.12.117")
    shell(clone, "echo wip >>Kconfig; git commit -qam wip")
    shell(tmp_path, "git clone -q --single-branch -b other file://$PWD/clone mainline")
    assert "refs/tags/v6.12.117" in apply(patches, tmp_path / "mainline", "auxbus").note


def test_other_files_are_a_conflict_that_names_them(
    clone: Path, patches: Path, tmp_path: Path
) -> None:
    shell(clone, "git checkout -q --orphan other; echo x >Kconfig; git commit -qam other")
    shell(tmp_path, "git clone -q --single-branch -b other file://$PWD/clone mainline")
    before = snapshot(tmp_path / "mainline")
    for onto in (None, "HEAD"):
        with pytest.raises(Conflict, match="these differ: Kconfig\n"):
            apply(patches, tmp_path / "mainline", "auxbus", onto=onto)
    assert snapshot(tmp_path / "mainline") == before
    with pytest.raises(UsageError, match="no commit"):
        apply(patches, tmp_path / "mainline", "auxbus", onto="v9")


def test_a_patch_that_makes_something_else_than_promised_is_a_conflict(
    clone: Path, patches: Path
) -> None:
    before = snapshot(clone)
    second = patches / "0002-PCI-Two.patch"
    text = second.read_text()
    second.write_text(text.replace("int two;", "int not;"))
    with pytest.raises(Conflict, match=r"promises, in drivers/pci/two\.c"):
        apply(patches, clone, "auxbus")
    second.write_text(text.replace("-mainmenu", "-something"))
    with pytest.raises(Conflict, match=r"0002-PCI-Two\.patch:16: does not apply: hunk 1"):
        apply(patches, clone, "auxbus")
    second.write_text(text)
    said = json.loads((patches / "series.json").read_text())
    (patches / "series.json").write_text(json.dumps({**said, "tree": "1" * 40}))
    with pytest.raises(Conflict, match="promises 1111"):
        apply(patches, clone, "auxbus")
    assert snapshot(clone) == before


def test_a_tree_of_zeros_promises_no_result_which_is_said(clone: Path, patches: Path) -> None:
    second = patches / "0002-PCI-Two.patch"
    second.write_text(second.read_text().replace("int two;", "int not;"))
    said = json.loads((patches / "series.json").read_text())
    (patches / "series.json").write_text(json.dumps({**said, "tree": "0" * 40}))
    done = apply(patches, clone, "auxbus")
    assert [str(one) for one in done.remarks] == [
        f"{patches}/series.json: note: its tree is all zeros: it promises no result, and none was "
        "compared"
    ]


HEAD = "From: A <a@b.c>\nDate: Tue, 14 Nov 2023 22:13:20 +0000\nSubject: [PATCH] x\n\nx\n---\n"
NEW = "diff --git a/{0} b/{0}\nnew file mode {1}\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n"
HOSTILE = {
    "parent": NEW.format("../evil", "100644"),
    "dot-git": NEW.format(".git/hooks/post-checkout", "100755"),
    "dot-git-in-other-case": NEW.format("a/.GIT/config", "100644"),
    "absolute": "--- /dev/null\n+++ /etc/evil\n@@ -0,0 +1 @@\n+x\n",
    "link": NEW.format("evil", "120000"),
    "submodule": NEW.format("evil", "160000"),
    "binary": "diff --git a/z b/z\nnew file mode 100644\nindex 0000000..1\nGIT binary patch\n"
    "literal 2\nJcmZQzKmY&$0RR91\n\n",
    "no-diff": "",
    "no-diff-but-text": "hello\n",
    "through-a-link": NEW.format("link/evil", "100644"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_patch_is_refused(clone: Path, patches: Path, name: str) -> None:
    shell(clone, "ln -s /tmp link; git add -f link; git commit -qm link")
    before = snapshot(clone)
    (patches / "0001-PCI-One.patch").write_text(HEAD + HOSTILE[name])
    with pytest.raises((UsageError, Conflict, Refused)):
        apply(patches, clone, "auxbus", onto="HEAD")
    assert snapshot(clone) == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("base", "HEAD"),
        ("tree", "--all"),
        ("patches", []),
        ("patches", ["../0001-x.patch"]),
        ("patches", [f"{n:04}-x.patch" for n in range(1, 66)]),
        ("patches", ["0001-a.patch", "0001-a.patch"]),
        ("files", {}),
        ("files", {"../x": [None, None]}),
        ("files", {"x": ["HEAD", None]}),
        ("name", None),
        ("version", "6.12\n"),
    ],
)
def test_a_malformed_manifest_is_a_usage_error_that_names_it(
    clone: Path, patches: Path, key: str, value: object
) -> None:
    said = json.loads((patches / "series.json").read_text())
    (patches / "series.json").write_text(json.dumps({**said, key: value}))
    with pytest.raises(UsageError, match=r"series\.json"):
        apply(patches, clone, "auxbus")


def test_large_missing_and_linked_patch_files_are_usage_errors(
    clone: Path, patches: Path, tmp_path: Path
) -> None:
    first = patches / "0001-PCI-One.patch"
    kept = first.read_bytes()
    first.write_bytes(b"x" * ((32 << 20) + 1))
    with pytest.raises(UsageError, match="larger than 32 MiB"):
        apply(patches, clone, "auxbus")
    first.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        apply(patches, clone, "auxbus")
    (tmp_path / "elsewhere").write_bytes(kept)
    first.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="a link out of its directory"):
        apply(patches, clone, "auxbus")
    first.unlink()
    os.mkfifo(first)
    with pytest.raises(UsageError, match="a FIFO, not a file"):
        apply(patches, clone, "auxbus")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no patches here"):
        apply(tmp_path / "empty", clone, "auxbus")


def test_undo_keeps_what_is_not_what_apply_made(clone: Path, patches: Path) -> None:
    with pytest.raises(Refused, match="portwright has not made it"):
        undo(clone, "main")
    apply(patches, clone, "auxbus")
    shell(clone, "git checkout -q auxbus")
    with pytest.raises(Refused, match="checked out in"):
        undo(clone, "auxbus")
    shell(clone, "git checkout -q main; git worktree add -q ../linked auxbus")
    with pytest.raises(Refused, match="linked"):
        undo(clone, "auxbus")
    shell(clone, "git -C ../linked commit -q --allow-empty -m mine; git worktree remove ../linked")
    before = snapshot(clone)
    with pytest.raises(Refused, match="work that is not ours"):
        undo(clone, "auxbus")
    assert snapshot(clone) == before
    shell(clone, "git branch -q -D auxbus")
    with pytest.raises(Refused, match="not there any more"):
        undo(clone, "auxbus")
    assert not (clone / ".git/portwright").exists()


def test_undo_keeps_a_branch_that_is_being_rebased(clone: Path, patches: Path) -> None:
    shell(clone, "echo new >drivers/pci/two.c; git add -f drivers/pci/two.c; git commit -qm two")
    apply(patches, clone, "auxbus")
    shell(clone, "git checkout -q auxbus; git rebase main >/dev/null 2>&1 || true")
    with pytest.raises(Refused, match=r"auxbus"):
        undo(clone, "auxbus")


def test_undo_of_a_dry_run_deletes_nothing(clone: Path, patches: Path) -> None:
    apply(patches, clone, "auxbus")
    before = snapshot(clone)
    assert undo(clone, "auxbus", dry_run=True).ref == "refs/heads/auxbus"
    assert snapshot(clone) == before


@pytest.mark.parametrize("lock", ["refs/heads/auxbus.lock", "packed-refs.lock"])
def test_a_lock_that_a_killed_git_left_is_explained(clone: Path, patches: Path, lock: str) -> None:
    (clone / ".git" / lock).touch()
    before = snapshot(clone)
    with pytest.raises(Refused, match=r"\.lock: another git is at work here, or one was killed"):
        apply(patches, clone, "auxbus")
    assert snapshot(clone) == before
    (clone / ".git" / lock).unlink()
    apply(patches, clone, "auxbus")
    (clone / ".git" / lock).touch()
    with pytest.raises(Refused, match=r"\.lock: another git"):
        undo(clone, "auxbus")


def test_without_an_identity_the_author_is_the_committer(clone: Path, patches: Path) -> None:
    shell(clone, "git config --unset user.name; git config --unset user.email")
    shell(clone, "git config user.useConfigOnly true")
    done = apply(patches, clone, "auxbus")
    assert shell(clone, f"git log -1 --format=%ce {done.tip}").strip() == "dev@example.org"


@pytest.mark.kernel
def test_a_series_on_the_pinned_tree_applies_to_a_clone_of_it(pinned: Tree, tmp_path: Path) -> None:
    tree = write_series(pinned, tmp_path / "series", STEPS)
    shell(tmp_path, f"git clone -q --bare --shared {pinned.git_dir} kernel.git")
    before = without_objects(tmp_path / "kernel.git")
    assert apply(tmp_path / "series", tmp_path / "kernel.git", "auxbus").tree == tree
    undo(tmp_path / "kernel.git", "auxbus")
    assert without_objects(tmp_path / "kernel.git") == before
