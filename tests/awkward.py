# SPDX-License-Identifier: GPL-2.0-only
"""Repositories as users have them in the middle of their work, and laid out in every way.

Each state is made of a clone with one commit, and gives the path that the user stands in.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clones import shell

State = Callable[[Path], Path]


def clean(clone: Path) -> Path:
    return clone


def dirty(clone: Path) -> Path:
    (clone / "drivers/pci/probe.c").write_text("work in progress\n")
    (clone / "untracked").write_text("mine\n")
    return clone


def staged(clone: Path) -> Path:
    (clone / "Kconfig").write_text("staged\n")
    shell(clone, "git add -f Kconfig; git rm -q --cached Makefile")
    return clone


def stashed(clone: Path) -> Path:
    dirty(clone)
    shell(clone, "git stash -q")
    return clone


def detached(clone: Path) -> Path:
    shell(clone, "git checkout -q --detach")
    return clone


def _forked(clone: Path) -> None:
    shell(clone, "git checkout -qb side; echo 1 >Kconfig; git commit -qam side")
    shell(clone, "git checkout -q main; echo 2 >Kconfig; git commit -qam main")


def rebasing(clone: Path) -> Path:
    _forked(clone)
    shell(clone, "git rebase side >/dev/null 2>&1 || true; test -d .git/rebase-merge")
    return clone


def merging(clone: Path) -> Path:
    _forked(clone)
    shell(clone, "git merge side >/dev/null 2>&1 || true; test -f .git/MERGE_HEAD")
    return clone


def picking(clone: Path) -> Path:
    _forked(clone)
    shell(clone, "git cherry-pick side >/dev/null 2>&1 || true; test -f .git/CHERRY_PICK_HEAD")
    return clone


def bisecting(clone: Path) -> Path:
    shell(clone, "for n in 1 2 3; do echo $n >n; git add -f n; git commit -qm $n; done")
    shell(clone, "git bisect start -q HEAD HEAD~3 >/dev/null; test -f .git/BISECT_LOG")
    return clone


def am_in_progress(clone: Path) -> Path:
    (clone.parent / "bad.patch").write_text(
        "From: A <a@b.c>\nDate: Tue, 14 Nov 2023 22:13:20 +0000\nSubject: [PATCH] x\n\nx\n---\n"
        "diff --git a/Kconfig b/Kconfig\n--- a/Kconfig\n+++ b/Kconfig\n@@ -1 +1 @@\n-no\n+yes\n"
    )
    shell(clone, "git am ../bad.patch >/dev/null 2>&1 || true; test -d .git/rebase-apply")
    return clone


def hooked(clone: Path) -> Path:
    names = (
        "reference-transaction", "post-checkout", "pre-commit", "post-rewrite", "pre-applypatch",
    )  # fmt: skip
    for name in names:
        hook = clone / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho ran >>../hook-ran\nexit 1\n")
        hook.chmod(0o755)
    return clone


def hooked_by_configuration(clone: Path) -> Path:
    hooked(clone)
    shell(clone, "mv .git/hooks ../hooks; git config core.hooksPath ../hooks")
    shell(clone, "git config core.fsmonitor 'echo ran >>../hook-ran; false'")
    return clone


def packed(clone: Path) -> Path:
    shell(clone, "git branch other; git tag -m t t; git gc -q; git pack-refs --all")
    return clone


def sparse(clone: Path) -> Path:
    shell(clone, "git sparse-checkout set drivers/nothing; test ! -e drivers/pci/probe.c")
    return clone


def sparse_index(clone: Path) -> Path:
    shell(clone, "git sparse-checkout init --cone --sparse-index; git ls-files -s --sparse")
    return clone


def split_index(clone: Path) -> Path:
    shell(clone, "git update-index --split-index --untracked-cache; ls .git/sharedindex.*")
    return clone


def separate(clone: Path) -> Path:
    """Its .git is a file."""
    shell(clone, "mv .git ../separate.git; echo 'gitdir: ../separate.git' >.git; git status -s")
    dirty(clone)
    return clone


def linked(clone: Path) -> Path:
    shell(clone, "git worktree add -q ../linked --detach")
    return dirty(clone.parent / "linked")


def linked_below(clone: Path) -> Path:
    shell(clone, "git worktree add -q ../linked -b work")
    return clone.parent / "linked/drivers/pci"


def shallow(clone: Path) -> Path:
    shell(clone, "git tag here; echo >>Makefile; git commit -qam more; git reset -q --hard here")
    shell(clone.parent, f"git clone -q --depth 1 file://{clone} shallow")
    shell(clone.parent / "shallow", "git config user.name User; git config user.email u@e.org")
    return dirty(clone.parent / "shallow")


def borrowing(clone: Path) -> Path:
    """It has its objects from another one."""
    shell(clone.parent, f"git clone -q --shared {clone} borrowing")
    shell(clone.parent / "borrowing", "git config user.name User; git config user.email u@e.org")
    return staged(clone.parent / "borrowing")


def bare(clone: Path) -> Path:
    shell(clone.parent, f"git clone -q --bare file://{clone} bare.git")
    shell(clone.parent / "bare.git", "git config user.name User; git config user.email u@e.org")
    return clone.parent / "bare.git"


def replaced(clone: Path) -> Path:
    """What git shows of HEAD is not what HEAD is."""
    shell(clone, "git replace HEAD $(git commit-tree HEAD^{tree} -m other)")
    return clone


STATES: tuple[State, ...] = (
    clean, dirty, staged, stashed, detached, rebasing, merging, picking, bisecting,
    am_in_progress, hooked, hooked_by_configuration, packed, sparse, sparse_index, split_index,
    separate, linked, linked_below, shallow, borrowing, bare, replaced,
)  # fmt: skip
