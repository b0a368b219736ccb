# SPDX-License-Identifier: GPL-2.0-only
"""Put a series on a new branch of the user's repository, or take that branch back.

    apply(patch_dir, repo, branch, onto=None, dry_run=False) -> Applied
    undo(repo, branch, dry_run=False) -> Undone

The series becomes commits in a scratch repository that reads the user's objects. Only when
the result is, blob for blob, what series.json promises do the user's files change: first the
new objects, which nothing refers to yet, then a note in .git/portwright/, then one ref that
must not exist before. HEAD, index, work tree, stash and configuration are never written.

The note is a file and neither a ref (the user would see it), nor a trailer (the patches stay
as they are), nor the reflog (it expires, and it can be switched off). It comes before the ref,
so that a branch of ours always has one; a note without a branch means nothing.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

from generator.errors import (
    Conflict,
    EnvironmentFault,
    ProgramFailed,
    Refused,
    TreeError,
    UsageError,
)
from generator.kernel.clone import scratch, users_objects
from generator.kernel.tree import check_path
from generator.series import manifest
from generator.series.manifest import Manifest
from generator.series.replay import replay, verify
from generator.system.cache import cache, keep, locked, sweep
from generator.system.plumbing import differing, git, users_git


@dataclass(frozen=True)
class Applied:
    """What apply did, or with dry_run would do: one new ref and the commits below it.

    exact: on the very commit that the series was made and checked on. note: one sentence
    for the user about the base.
    """

    branch: str
    ref: str
    base: str
    tip: str
    tree: str
    commits: tuple[str, ...]
    exact: bool
    note: str
    dry_run: bool


@dataclass(frozen=True)
class Undone:
    """The branch that undo deleted, or with dry_run would delete."""

    branch: str
    ref: str
    tip: str
    dry_run: bool


@dataclass(frozen=True)
class _Repository:
    """The user's repository: where it was named, where refs live, where objects live."""

    path: Path
    common: Path
    objects: Path


def apply(
    patch_dir: Path, repo: Path, branch: str, onto: str | None = None, dry_run: bool = False
) -> Applied:
    """Apply a directory of patches as a new branch; everything else stays as it was.

    Errors: UsageError (arguments, malformed patches), Refused (the branch exists, or a lock),
    Conflict (does not apply, or gives another result than promised), TreeError.

    Example:
        done = apply(Path("patches/auxbus"), Path("linux"), "auxbus")
        done.ref, len(done.commits)
        -> "refs/heads/auxbus", 9  # one for each patch
    """
    series = manifest.read(patch_dir)
    if refused := manifest.refused_under(patch_dir):
        raise Refused(
            f"{patch_dir}: the checker refuses the design of this series, under "
            f"{', '.join(refused)}: it is for a boot, not for merging"
        )
    patches = [(name, manifest.read_bounded(patch_dir / name)) for name in series.patches]
    user = _open(repo)
    ref = _new_ref(user, branch)
    base, exact, note = _base(user, series, onto)
    with _scratch(user) as work:
        commits = replay(work, base, patches, _committer(user))
        tip = commits[-1]
        tree = git(work, "rev-parse", f"{tip}^{{tree}}").decode().strip()
        verify(work, series, base, tip, tree if exact else None)
        if not dry_run:
            _hand_over(work, user, ref, base, tip, series.name)
    return Applied(branch, ref, base, tip, tree, commits, exact, note, dry_run)


def undo(repo: Path, branch: str, dry_run: bool = False) -> Undone:
    """Delete a branch that apply made, when it is still what apply made.

    Errors: Refused (not ours, moved since, in use, a lock), UsageError, TreeError.
    """
    user = _open(repo)
    ref = _ref(user, branch)
    note = _note(user, branch)
    try:
        said = json.loads(note.read_text(encoding="utf-8"))
        tip = str(said["tip"])
    except FileNotFoundError as missing:
        raise Refused(
            f"branch {branch!r}: portwright has not made it, there is no {note}; not deleted"
        ) from missing
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise Refused(f"{note}: unreadable, branch {branch!r} not deleted: {broken}") from broken
    now = _resolve(user, ref)
    if now is None:
        _forget(note)
        raise Refused(f"branch {branch!r} is not there any more; nothing to undo")
    if now != tip:
        raise Refused(
            f"branch {branch!r} is at {now[:12]}, apply made {tip[:12]}: it holds work that is "
            f"not ours; delete it with `git branch -D {branch}` if you mean it"
        )
    _refuse_in_use(user, branch, ref)
    _refuse_locks(user, ref)
    if not dry_run:
        try:
            users_git(user.path, "update-ref", "--no-deref", "-d", ref, tip)
        except ProgramFailed as failed:
            raise Refused(f"branch {branch!r} was not deleted\n{failed}") from failed
        _forget(note)
    return Undone(branch, ref, tip, dry_run)


def _open(repo: Path) -> _Repository:
    try:
        import git as gitpython
    except ImportError as missing:  # it looks for the program when it is imported
        raise EnvironmentFault("git: program not found; as root: apt-get install git") from missing
    try:
        with gitpython.Repo(repo, search_parent_directories=True) as found:
            common = Path(found.common_dir).resolve()
    except (gitpython.InvalidGitRepositoryError, gitpython.NoSuchPathError) as missing:
        raise UsageError(f"{repo}: not a git repository") from missing
    told = users_git(repo, "rev-parse", "--path-format=absolute", "--git-path", "objects")
    return _Repository(repo, common, Path(os.fsdecode(told.rstrip(b"\n"))))


def _ref(user: _Repository, branch: str) -> str:
    ref = f"refs/heads/{branch}"
    try:
        users_git(user.path, "check-ref-format", ref)
    except ProgramFailed as bad:
        raise UsageError(f"{branch!r}: git does not take it as the name of a branch") from bad
    if branch.startswith("-") or branch == "HEAD":
        raise UsageError(f"{branch!r}: git does not take it as the name of a branch")
    return ref


def _new_ref(user: _Repository, branch: str) -> str:
    ref = _ref(user, branch)
    told = users_git(user.path, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads")
    for row in told.decode(errors="replace").splitlines():
        there, _, commit = row.partition(" ")
        if there == ref:
            raise Refused(f"branch {branch!r} exists, at {commit[:12]}; it was not modified")
        if there.startswith(f"{ref}/") or ref.startswith(f"{there}/"):
            raise Refused(f"branch {branch!r} cannot exist beside {there}; choose another name")
    # A HEAD on an unborn branch of this name would move with it.
    _refuse_in_use(user, branch, ref)
    _refuse_locks(user, ref)
    return ref


def _refuse_locks(user: _Repository, ref: str) -> None:
    for lock in (user.common / f"{ref}.lock", user.common / "packed-refs.lock"):
        if lock.exists():
            raise Refused(
                f"{lock}: another git is at work here, or one was killed; "
                "if none is running, remove the file and try again"
            )


def _refuse_in_use(user: _Repository, branch: str, ref: str) -> None:
    told = users_git(user.path, "worktree", "list", "--porcelain")
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


def _resolve(user: _Repository, rev: str) -> str | None:
    try:
        told = users_git(
            user.path, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}"
        )
    except ProgramFailed:
        return None
    return told.decode().strip()


def _base(user: _Repository, series: Manifest, onto: str | None) -> tuple[str, bool, str]:
    """Return the commit to apply to: the first whose touched files are those of the series."""
    if onto is not None:
        candidates = [(onto, users_objects(user.path, onto)[1])]
    else:
        named = (series.base, f"refs/tags/v{series.version}", "HEAD")
        candidates = [(rev, commit) for rev in named if (commit := _resolve(user, rev))]
    if not candidates:
        raise Conflict(f"{user.path}: has no commit to apply to; name one with --onto")
    reasons = []
    for rev, commit in candidates:
        differs = _differing(user, series, commit)
        if not differs:
            exact = commit == series.base
            return commit, exact, _note_on_base(series, rev, commit, exact)
        shown = ", ".join(differs[:12]) + (f" and {len(differs) - 12} more" * (len(differs) > 12))
        reasons.append(f"  at {rev} ({commit[:12]}) these differ: {shown}")
    raise Conflict(
        f"the series was made on {series.source} ({series.base[:12]}), and the files that it "
        "touches are others here; nothing was changed\n"
        + "\n".join(reasons)
        + "\nname a commit where they are the same with --onto, or generate the series on it"
    )


def _note_on_base(series: Manifest, rev: str, commit: str, exact: bool) -> str:
    if exact:
        return f"on {commit[:12]}, the commit that the series was made and checked on"
    return (
        f"on {rev} ({commit[:12]}): all {len(series.files)} touched files are those of "
        f"{series.source}, the rest of the tree was not checked"
    )


def _differing(user: _Repository, series: Manifest, commit: str) -> tuple[str, ...]:
    for path, _, _ in series.files:
        try:
            check_path(path)
        except TreeError as outside:
            raise UsageError(f"{manifest.FILE_NAME}: {outside}") from outside
    before = {path: blob for path, blob, _ in series.files}
    return differing(partial(users_git, user.path), commit, before)


@contextmanager
def _scratch(user: _Repository) -> Iterator[Path]:
    with locked("apply"):
        home = cache() / "apply"
        home.mkdir(parents=True, exist_ok=True)
        sweep(home)
        with tempfile.TemporaryDirectory(prefix="tmp-", dir=home) as name:
            work = Path(name, "scratch.git")
            scratch(work, user.objects)
            yield work


def _committer(user: _Repository) -> dict[str, str] | None:
    """Return who the user is to git, None when git does not know."""
    own = {key: os.environ[key] for key in os.environ if key.startswith("GIT_COMMITTER_")}
    try:
        told = users_git(user.path, "var", "GIT_COMMITTER_IDENT", env=own)
    except ProgramFailed:
        return None
    found = re.fullmatch(r"(.*) <(.*)> (\d+ [+-]\d{4})\n", told.decode(errors="replace"))
    if found is None:
        return None
    return {
        "GIT_COMMITTER_NAME": found.group(1),
        "GIT_COMMITTER_EMAIL": found.group(2),
        "GIT_COMMITTER_DATE": found.group(3),
    }


def _hand_over(work: Path, user: _Repository, ref: str, base: str, tip: str, name: str) -> None:
    """Hand over objects, then the note, then the ref: the only step that the user can see."""
    pack = git(work, "pack-objects", "--revs", "--stdout", "-q", stdin=f"{tip}\n^{base}\n".encode())
    durable = ("-c", "core.fsync=committed,loose-object")
    users_git(user.path, *durable, "unpack-objects", "-q", stdin=pack)
    users_git(user.path, "cat-file", "-e", f"{tip}^{{tree}}")
    branch = ref.removeprefix("refs/heads/")
    note = _note(user, branch)
    said = {"ref": ref, "tip": tip, "base": base, "series": name}
    keep(note, json.dumps(said), durable=True)
    message = f"portwright: apply {name}"
    try:
        users_git(user.path, "update-ref", "--no-deref", "-m", message, ref, tip, "0" * len(tip))
    except ProgramFailed as failed:
        if _resolve(user, ref) != tip:
            _forget(note)
        raise Refused(
            f"branch {branch!r} was not made, another program was faster or holds a lock\n{failed}"
        ) from failed


def _note(user: _Repository, branch: str) -> Path:
    return user.common / "portwright" / f"{quote(branch, safe='')}.json"


def _forget(note: Path) -> None:
    note.unlink(missing_ok=True)
    for left in note.parent.glob(".tmp-*"):
        left.unlink(missing_ok=True)
    with suppress(OSError):
        note.parent.rmdir()
