# SPDX-License-Identifier: GPL-2.0-only
"""The user's clone as apply meets it: which branch may be made, and what is in the way.

    opened(path) -> Clone
    ref_of(clone, branch) -> str       a ref that git takes
    new_ref(clone, branch) -> str      one that may be made now
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from generator.errors import EnvironmentFault, ProgramFailed, Refused, TreeError, UsageError
from generator.system.plumbing import tried, users_git


@dataclass(frozen=True)
class Clone:
    """The user's repository: where it was named, where refs live, where objects live."""

    path: Path
    common: Path
    objects: Path


def opened(repo: Path) -> Clone:
    """Return the clone that a path lies in. Errors: UsageError, EnvironmentFault without git."""
    try:
        import git as gitpython
    except ImportError as missing:  # it runs the program when it is imported
        if shutil.which("git") is None:
            raise EnvironmentFault("git: program not found; as root: apt-get install git"
                                   ) from missing
        said = tried(["git", "--version"], env=dict(os.environ)).last
        raise EnvironmentFault(f"git: does not run: {said}; mend what `git --version` complains of"
                               ) from missing
    try:
        with gitpython.Repo(repo, search_parent_directories=True) as found:
            common = Path(found.common_dir).resolve()
    except (gitpython.InvalidGitRepositoryError, gitpython.NoSuchPathError) as missing:
        raise UsageError(f"{repo}: not a git repository; name a clone of the kernel with "
                         "--repo") from missing
    told = _read(repo, "rev-parse", "--path-format=absolute", "--git-path", "objects")
    return Clone(repo, common, Path(os.fsdecode(told.rstrip(b"\n"))))


def _read(repo: Path, *command: str) -> bytes:
    """Return what git reads in the clone. Errors: TreeError when that is damaged."""
    try:
        return users_git(repo, *command)
    except ProgramFailed as failed:
        said = failed.stderr.strip().removeprefix("fatal: ") or "no word"
        raise TreeError(f"{repo}: git cannot read this clone: {said}; mend it first: `git fsck` "
                        "there says more") from failed


def ref_of(user: Clone, branch: str) -> str:
    """Return the ref of a branch. Errors: UsageError for a name that git does not take."""
    ref = f"refs/heads/{branch}"
    try:
        users_git(user.path, "check-ref-format", ref)
    except ProgramFailed as bad:
        raise UsageError(f"{branch!r}: git does not take it as the name of a branch") from bad
    if branch.startswith("-") or branch == "HEAD":
        raise UsageError(f"{branch!r}: git does not take it as the name of a branch")
    return ref


def new_ref(user: Clone, branch: str) -> str:
    """Return the ref of a branch that may be made now. Errors: UsageError, Refused."""
    ref = ref_of(user, branch)
    told = _read(user.path, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads")
    for row in told.decode(errors="replace").splitlines():
        there, _, commit = row.partition(" ")
        if there == ref:
            raise Refused(f"branch {branch!r} exists, at {commit[:12]}; it was not modified")
        if there.startswith(f"{ref}/") or ref.startswith(f"{there}/"):
            raise Refused(f"branch {branch!r} cannot exist beside {there}; choose another name")
    # A HEAD on an unborn branch of this name would move with it.
    refuse_in_use(user, branch, ref)
    refuse_locks(user, ref)
    return ref


def refuse_damaged(user: Clone) -> None:
    """See that HEAD, which is no commit that can be read, is on a branch that has none yet.

    Errors: TreeError.
    """
    told = tried(["git", "-C", str(user.path), "rev-parse", "--verify", "--quiet", "HEAD"])
    if told.status == 0:
        raise TreeError(f"{user.path}: HEAD is {told.said.strip()[:12]}, which git cannot read: "
                        "`git fsck` there says what is lost")


def refuse_locks(user: Clone, ref: str) -> None:
    """See that no other git holds a ref. Errors: Refused naming the lock."""
    for lock in (user.common / f"{ref}.lock", user.common / "packed-refs.lock"):
        if lock.exists():
            raise Refused(
                f"{lock}: another git is at work here, or one was killed; "
                "if none is running, remove the file and try again"
            )


def refuse_in_use(user: Clone, branch: str, ref: str) -> None:
    """See that no work tree stands on a branch, or will when it is done. Errors: Refused."""
    told = _read(user.path, "worktree", "list", "--porcelain")
    where = ""
    for row in os.fsdecode(told).splitlines():
        key, _, value = row.partition(" ")
        if key == "worktree":
            where = value
        if key == "branch" and value == ref:
            raise Refused(f"branch {branch!r} is checked out in {where}; nothing was changed")
    heads = [user.common / "HEAD", *user.common.glob("worktrees/*/HEAD")]
    for head in heads:
        if _told(head) == f"ref: {ref}":
            raise Refused(f"branch {branch!r} is what {head} points to; nothing was changed")
        for name in ("rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"):
            state = head.parent / name
            if _told(state) in (ref, branch):
                raise Refused(f"branch {branch!r} is in use by {state}; finish or abort that first")


def _told(file: Path) -> str:
    """Return what a file of git's says, nothing when it is not there."""
    if not file.exists():
        return ""
    return file.read_text(encoding="utf-8", errors="replace").strip()
