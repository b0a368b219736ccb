# SPDX-License-Identifier: GPL-2.0-only
"""Commits of the user's clone as a series, and what is not committed yet as one commit more.

    span(repo, work, text) -> pieces       a..b, or one commit
    uncommitted(repo, work) -> piece, remarks

Nothing is written there: the index is copied, and new objects go to the scratch repository.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from generator.errors import ProgramFailed, TreeError, UsageError
from generator.intake.piece import Author, Piece
from generator.intake.remark import Remark
from generator.intake.replay import MOST_PATCHES
from generator.system.plumbing import git, users_git
from generator.system.visible import one_line, visible


def commit_of(repo: Path, rev: str) -> str | None:
    """Return the id of the commit that a revision means, None when it means none."""
    try:
        told = users_git(
            repo, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}"
        )
    except TreeError:
        return None
    return told.decode().strip()


def span(repo: Path, work: Path, text: str) -> tuple[Piece, ...]:
    """Return the commits of `a..b`, oldest first, or the one commit that a revision means.

    Errors: UsageError when there are none, or merges, or no such revision.
    """
    if "..." in text:
        raise UsageError(f"{text}: a symmetric difference is no series; name it as a..b")
    old, dots, new = text.partition("..")
    names = [old or "HEAD", new or "HEAD"] if dots else [text]
    ids = []
    for name in names:
        found = commit_of(repo, name)
        if found is None:
            raise UsageError(f"{one_line(text)}: {repo} has no commit {visible(name)!r}")
        ids.append(found)
    return between(repo, work, ids[0] if dots else "", ids[-1], text)


def between(repo: Path, work: Path, old: str, new: str, text: str) -> tuple[Piece, ...]:
    """Return the commits up to `new` that are not in `old`, only `new` itself when old is empty.

    Errors: UsageError.
    """
    limit = [f"--max-count={MOST_PATCHES + 1}"]
    asked = ["--no-walk", new] if not old else ["--topo-order", "--reverse", f"{old}..{new}"]
    # --max-count would keep the newest ones, but more than that are refused.
    told = users_git(repo, "rev-list", *([] if not old else limit), *asked, "--")
    ids = told.decode().split()
    if not ids:
        raise UsageError(f"{one_line(text)}: no commits; a..b are those of b that are not in a")
    if len(ids) > MOST_PATCHES:
        raise UsageError(f"{one_line(text)}: more than {MOST_PATCHES} commits")
    pieces = [described(work, commit) for commit in ids]
    for before, after in pairwise(pieces):
        if after.parent != before.commit:
            raise UsageError(
                f"{one_line(text)}: {after.commit[:12]} does not stand on {before.commit[:12]}: "
                "the commits are no line; name a range without merges"
            )
    return tuple(pieces)


def described(work: Path, commit: str) -> Piece:
    """Return a commit as a piece of a series. Errors: UsageError for a merge, or the first one."""
    form = "%P%x00%an%x00%ae%x00%ad%x00%B"
    told = git(work, "show", "-s", "--no-show-signature", "--encoding=UTF-8", "--date=raw",
               f"--format={form}", commit)
    parents, name, mail, date, log = told.split(b"\0", 4)
    one = parents.decode().split()
    if len(one) != 1:
        kind = "a merge" if one else "the first commit of a history"
        raise UsageError(f"{commit[:12]}: {kind}, which is no patch; name the commits themselves")
    log = log.rstrip(b"\n") + b"\n"
    rows = log.count(b"\n")
    who = Author(*(part.decode(errors="replace") for part in (name, mail, date)))
    return Piece(
        f"commit {commit[:12]}", 1, log, who, b"",
        log_lines=tuple(range(1, rows + 1)), commit=commit, parent=one[0],
    )  # fmt: skip


def uncommitted(
    repo: Path, work: Path, committer: Mapping[str, str] | None
) -> tuple[Piece, tuple[Remark, ...]]:
    """Return what differs from HEAD, staged or not, as one commit; untracked files are named.

    Errors: UsageError when nothing differs, or a merge is not finished.
    """
    told = users_git(repo, "rev-parse", "--path-format=absolute", "--show-toplevel",
                     "--git-path", "index")
    top, index = os.fsdecode(told).rstrip("\n").split("\n")
    head = commit_of(repo, "HEAD")
    if head is None:
        raise UsageError(f"{repo}: has no commit yet")
    copy = work / "users-index"
    if Path(index).exists():
        shutil.copyfile(index, copy)
    env = {"GIT_INDEX_FILE": str(copy), "GIT_OBJECT_DIRECTORY": str(work / "objects")}
    off = _no_filters(repo)
    open_ = users_git(Path(top), *off, "diff", "--name-only", "--diff-filter=U", "-z", env=env)
    if names := [one_line(os.fsdecode(one)) for one in open_.split(b"\0")[:3] if one]:
        raise UsageError(f"{repo}: still in conflict: {', '.join(names)}; finish the merge first")
    try:
        users_git(Path(top), *off, "add", "-u", env=env)
        # It reads files as well: those that may have changed since the index was written.
        tree = users_git(Path(top), *off, "write-tree", env=env).decode().strip()
    except ProgramFailed as failed:
        raise UsageError(f"{repo}: what is changed there makes no commit: "
                         f"{failed.stderr.strip() or failed}; finish the merge first") from failed
    if tree == git(work, "rev-parse", f"{head}^{{tree}}").decode().strip():
        raise UsageError(f"{repo}: nothing is changed in the files that git tracks")
    date = git(work, "show", "-s", "--format=%cd", "--date=raw", head).decode().strip()
    who = committer or {"GIT_COMMITTER_NAME": "Nobody", "GIT_COMMITTER_EMAIL": "nobody@invalid"}
    author = Author(who["GIT_COMMITTER_NAME"], who["GIT_COMMITTER_EMAIL"], date)
    ident = {
        **who, "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_NAME": author.name,
        "GIT_AUTHOR_EMAIL": author.mail, "GIT_AUTHOR_DATE": date,
    }  # fmt: skip
    log = b"Uncommitted changes\n"
    commit = git(work, "commit-tree", tree, "-p", head, stdin=log, env=ident).decode().strip()
    piece = Piece("the work tree", 1, log, author, b"", (1,), commit=commit, parent=head)
    told = users_git(Path(top), *off, "ls-files", "-z", "--others", "--exclude-standard")
    names = [name for name in os.fsdecode(told).split("\0") if name]
    remarks = [
        Remark("untracked, so it is not looked at; git add -N takes it in", f"{top}/{name}")
        for name in names[:20]
    ]
    if len(names) > 20:
        remarks.append(Remark(f"{len(names) - 20} more untracked files are not looked at", top))
    return piece, tuple(remarks)


def _no_filters(repo: Path) -> Sequence[str]:
    """Return what switches the filters off that the user's configuration names.

    They are programs, and a .gitattributes that a series brought would choose what they read.
    """
    try:
        told = users_git(repo, "config", "-z", "--name-only", "--get-regexp", r"^filter\..*")
    except TreeError:
        return ()
    off: list[str] = []
    for key in os.fsdecode(told).split("\0"):
        if found := re.fullmatch(r"(filter\..*)\.(clean|smudge|process|required)", key, re.S):
            off += ["-c", f"{found[1]}.{found[2]}={'false' if found[2] == 'required' else ''}"]
    return off
