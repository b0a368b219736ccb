# SPDX-License-Identifier: GPL-2.0-only
"""Put a series on a new branch of the user's repository, or take that branch back.

    apply(asked, repo, branch, onto=None, dry_run=False) -> Applied
    undo(repo, branch, dry_run=False) -> Undone

The series becomes commits in a scratch repository that reads the user's objects, by the same
functions that `validate` calls. Only when the result is, blob for blob, what series.json promises
(where there is one) do the user's files change: first the new objects, which nothing refers to
yet, then a note in .git/portwright/, then one ref that must not exist before. HEAD, index, work
tree, stash and configuration are never written.

The note is a file and neither a ref (the user would see it), nor a trailer (the patches stay
as they are), nor the reflog (it expires, and it can be switched off). It comes before the ref,
so that a branch of ours always has one; a note without a branch means nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
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
from generator.intake.persons import committer_of, filled
from generator.intake.posting import Asked, Gathered, gather, missing_of
from generator.intake.remark import Remark
from generator.intake.replay import made
from generator.intake.revisions import commit_of
from generator.intake.workplace import workplace
from generator.kernel.clone import users_objects
from generator.kernel.tree import Tree, check_path, touched
from generator.series import manifest
from generator.series.manifest import Manifest, verify
from generator.series.output import refuse_torn
from generator.system.cache import keep
from generator.system.plumbing import differing, git, users_git


@dataclass(frozen=True)
class Applied:
    """What apply did, or with dry_run would do: one new ref and the commits below it.

    exact: on the very commit that the series names. note: one sentence for the user about the
    base. The ids are the same whether or not it was a dry run: the committer's date is the
    author's.
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
    subjects: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()


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
    asked: Asked, repo: Path, branch: str, onto: str | None = None, dry_run: bool = False
) -> Applied:
    """Apply a series, however it was given, as a new branch; everything else stays as it was.

    Errors: UsageError (arguments, malformed patches), Refused (the branch exists, a lock, or what
    was given is not whole or not sound and `asked` does not say that it is wanted all the same),
    Conflict (does not apply, or gives another result than promised), TreeError.

    Example:
        done = apply(Asked(("patches/auxbus",)), Path("linux"), "auxbus")
        done.ref, len(done.commits)
        -> "refs/heads/auxbus", 9  # one for each patch
    """
    _refuse_refused(asked)
    user = _open(repo)
    ref = _new_ref(user, branch)
    with workplace(user.objects) as work:
        got = gather(asked, work, repo)
        base, exact, note = _base(user, got, onto)
        committer = committer_of(repo)
        pieces, said = filled(work, base, got.pieces, committer)
        made_, more = made(work, base, pieces, committer)
        commits = tuple(one.commit for one in made_)
        remarks = [*got.remarks]
        if missing := missing_of(got):
            remarks.append(Remark(missing, got.pieces[0].file, error=True))
        remarks += [*said, *more]
        if not asked.anyway:
            _refuse_faulty(remarks)
        tip = commits[-1]
        tree = git(work, "rev-parse", f"{tip}^{{tree}}").decode().strip()
        if got.promised:
            verify(work, got.promised, base, tip, tree if exact else None)
        told = git(work, "show", "-s", "--no-show-signature", "--format=%s", *commits)
        names = touched(Tree(work, base, "", work, ""), base, tip)
        if not dry_run:
            name = got.promised.name if got.promised else got.label
            _hand_over(work, user, ref, base, tip, name)
    subjects = tuple(told.decode(errors="replace").split("\n")[:-1])
    return Applied(branch, ref, base, tip, tree, commits, exact, note, dry_run, subjects, names,
                   tuple(remarks))


def _refuse_faulty(remarks: Iterable[Remark]) -> None:
    """Refuse a series that is not whole, or that git am would not take: validate says the same."""
    if wrong := [str(one) for one in remarks if one.error]:
        raise Refused("\n".join([*wrong, "nothing was changed; --anyway applies what is "
                                 "here all the same"]))


def _refuse_refused(asked: Asked) -> None:
    for one in asked.inputs:
        refuse_torn(Path(one))
        if not (Path(one) / manifest.FILE_NAME).is_file():
            continue
        if refused := manifest.refused_under(Path(one)):
            raise Refused(
                f"{one}: the checker refuses the design of this series, under "
                f"{', '.join(refused)}: it is for a boot, not for merging"
            )


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
    now = commit_of(user.path, ref)
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


def _base(user: _Repository, got: Gathered, onto: str | None) -> tuple[str, bool, str]:
    """Return the commit to apply to: the one that was named, or that the series names, or HEAD."""
    if got.promised is not None:
        return _promised_base(user, got.promised, onto)
    if onto is not None:
        commit = users_objects(user.path, onto)[1]
        return commit, commit == got.base, f"on {onto} ({commit[:12]}), as asked"
    if got.base and (named := commit_of(user.path, got.base)):
        why = "on which these commits stand" if got.stands else "which the series names"
        return named, True, f"on {named[:12]}, {why}"
    head = commit_of(user.path, "HEAD")
    if head is None:
        raise Conflict(f"{user.path}: has no commit to apply to; name one with --onto")
    lost = f"base: {got.base[:12]}, which the series names, is not here" if got.base else (
        "base: not named")
    return head, False, f"{lost}; HEAD of {user.path}, {head[:12]}, was taken"


def _promised_base(
    user: _Repository, series: Manifest, onto: str | None
) -> tuple[str, bool, str]:
    """Return the first candidate whose touched files are those of the series."""
    if onto is not None:
        candidates = [(onto, users_objects(user.path, onto)[1])]
    else:
        named = (series.base, f"refs/tags/v{series.version}", "HEAD")
        candidates = [(rev, commit) for rev in named if (commit := commit_of(user.path, rev))]
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


def _hand_over(work: Path, user: _Repository, ref: str, base: str, tip: str, name: str) -> None:
    """Hand over objects, then the note, then the ref: the only step that the user can see."""
    pack = git(work, "pack-objects", "--revs", "--stdout", "-q", stdin=f"{tip}\n^{base}\n".encode())
    durable = ("-c", "core.fsync=committed,loose-object")
    try:
        users_git(user.path, *durable, "unpack-objects", "-q", stdin=pack)
        users_git(user.path, "cat-file", "-e", f"{tip}^{{tree}}")
    except ProgramFailed as failed:
        raise EnvironmentFault(
            f"{user.path}: git cannot write its objects, so no branch was made: make room, or see "
            f"to your rights there\n{failed.stderr.strip() or failed}"
        ) from failed
    branch = ref.removeprefix("refs/heads/")
    note = _note(user, branch)
    said = {"ref": ref, "tip": tip, "base": base, "series": name}
    keep(note, json.dumps(said), durable=True)
    message = f"portwright: apply {name}"
    try:
        users_git(user.path, "update-ref", "--no-deref", "-m", message, ref, tip, "0" * len(tip))
    except ProgramFailed as failed:
        if commit_of(user.path, ref) != tip:
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
