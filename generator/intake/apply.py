# SPDX-License-Identifier: GPL-2.0-only
"""Put a series on a new branch of the user's repository, or take that branch back.

    apply(asked, repo, branch, onto=None, dry_run=False) -> Applied
    undo(repo, branch, dry_run=False) -> Undone

The series becomes commits in a scratch repository that reads the user's objects, by the same
functions that `validate` calls. Only when the result is, blob for blob, what series.json promises
(where there is one) do the user's files change: first the new objects, which nothing refers to
yet, then a note in .git/portwright/, then one ref that must not exist before. HEAD, index, work
tree, stash and configuration are never written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from generator.errors import Conflict, ProgramFailed, Refused, TreeError, UsageError
from generator.intake import resolving
from generator.intake.handover import Applied, Base, forget, handed, note_of
from generator.intake.persons import committer_of, filled
from generator.intake.posting import Asked, Gathered, gather, missing_of
from generator.intake.remark import Remark
from generator.intake.replay import Stuck, made
from generator.intake.revisions import commit_of
from generator.intake.users import (
    Clone,
    new_ref,
    opened,
    ref_of,
    refuse_damaged,
    refuse_in_use,
    refuse_locks,
)
from generator.intake.workplace import workplace
from generator.kernel.clone import users_objects
from generator.kernel.tree import check_path
from generator.series import manifest
from generator.series.manifest import Manifest, verify
from generator.series.output import refuse_torn
from generator.system.plumbing import differing, git, users_git


@dataclass(frozen=True)
class Undone:
    """The branch that undo deleted, or with dry_run would delete."""

    branch: str
    ref: str
    tip: str
    dry_run: bool


def apply(
    asked: Asked, repo: Path, branch: str, onto: str | None = None, dry_run: bool = False,
    resolve: bool = False,
) -> Applied:
    """Apply a series, however it was given, as a new branch; everything else stays as it was.

    resolve: where a patch does not apply, open a scratch work tree for the user to finish it in.
    Errors: UsageError (arguments, malformed patches), Refused (the branch exists, a lock, or what
    was given is not whole or not sound and `asked` does not say that it is wanted all the same),
    Conflict (does not apply, or gives another result than promised), TreeError.

    Example:
        done = apply(Asked(("patches/6.12/auxbus",)), Path("linux"), "auxbus")
        done.ref, len(done.commits)
        -> "refs/heads/auxbus", 11  # one for each patch
    """
    _refuse_refused(asked)
    user = opened(repo)
    ref = new_ref(user, branch)
    resolving.refuse_open(user, branch)
    with workplace(user.objects) as work:
        got = gather(asked, work, repo)
        base = _base(user, got, onto, resolve=resolve)
        committer = committer_of(repo)
        pieces, said = filled(work, base.commit, got.pieces, committer)
        remarks = [*got.remarks]
        if missing := missing_of(got):
            first = got.pieces[0]
            # what somebody picked, as git am takes it; nothing beside it was left out
            picked = len(got.pieces) == 1 and first.number <= first.total and not got.remarks
            remarks.append(Remark(missing, first.file, error=True, clear=picked))
        remarks += said
        name = got.promised.name if got.promised else got.label
        try:
            made_, more = made(work, base.commit, pieces, committer)
        except Stuck as stuck:
            if not resolve or dry_run:
                raise Conflict(f"{stuck.text}\nnothing was changed; --resolve opens a work tree of "
                               "its own to finish it in", stuck.where) from stuck
            if not asked.anyway:
                _refuse_faulty(remarks)
            raise resolving.begun(
                work, user, ref, base, name, pieces, committer, stuck,
                commit_of(user.path, got.base) or "" if got.base else "",
            ) from stuck
        remarks += more
        if not asked.anyway:
            _refuse_faulty(remarks)
        commits = [one.commit for one in made_]
        if got.promised and base.verified:
            tree = git(work, "rev-parse", f"{commits[-1]}^{{tree}}").decode().strip()
            verify(work, got.promised, base.commit, commits[-1], tree if base.exact else None)
        said_ = [replace(one, error=one.error and not one.clear) for one in remarks]
        return handed(work, user, ref, base, commits, name, dry_run=dry_run, remarks=said_)


def _refuse_faulty(remarks: Iterable[Remark]) -> None:
    """Refuse a series that is not whole, or of which words would have to be made up."""
    if wrong := [str(one) for one in remarks if one.error and not one.clear]:
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
    user = opened(repo)
    ref = ref_of(user, branch)
    note = note_of(user, branch)
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
        forget(note)
        raise Refused(f"branch {branch!r} is not there any more; nothing to undo")
    if now != tip:
        raise Refused(
            f"branch {branch!r} is at {now[:12]}, apply made {tip[:12]}: it holds work that is "
            f"not ours; delete it with `git branch -D {branch}` if you mean it"
        )
    refuse_in_use(user, branch, ref)
    refuse_locks(user, ref)
    if not dry_run:
        try:
            users_git(user.path, "update-ref", "--no-deref", "-d", ref, tip)
        except ProgramFailed as failed:
            raise Refused(f"branch {branch!r} was not deleted\n{failed}") from failed
        forget(note)
    return Undone(branch, ref, tip, dry_run)


def _base(user: Clone, got: Gathered, onto: str | None, *, resolve: bool) -> Base:
    """Return the commit to apply to: the one that was named, or that the series names, or HEAD."""
    if got.promised is not None:
        try:
            return Base(*_promised_base(user, got.promised, onto))
        except Conflict:
            if not resolve:
                raise
        commit, exact, note = _named_base(user, got, onto)
        return Base(commit, exact, f"{note}; its files are others than series.json says, so the "
                    "result is not what it promises", verified=False)
    return Base(*_named_base(user, got, onto))


def _named_base(user: Clone, got: Gathered, onto: str | None) -> tuple[str, bool, str]:
    if onto is not None:
        commit = users_objects(user.path, onto)[1]
        return commit, commit == got.base, f"on {onto} ({commit[:12]}), as asked"
    if got.base and (named := commit_of(user.path, got.base)):
        why = "on which these commits stand" if got.stands else "which the series names"
        return named, True, f"on {named[:12]}, {why}"
    head = commit_of(user.path, "HEAD")
    if head is None:
        refuse_damaged(user)
        raise Conflict(f"{user.path}: has no commit to apply to; name one with --onto")
    lost = f"base: {got.base[:12]}, which the series names, is not here" if got.base else (
        "base: not named")
    return head, False, f"{lost}; HEAD of {user.path}, {head[:12]}, was taken"


def _promised_base(
    user: Clone, series: Manifest, onto: str | None
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


def _differing(user: Clone, series: Manifest, commit: str) -> tuple[str, ...]:
    for path, _, _ in series.files:
        try:
            check_path(path)
        except TreeError as outside:
            raise UsageError(f"{manifest.FILE_NAME}: {outside}") from outside
    before = {path: blob for path, blob, _ in series.files}
    return differing(partial(users_git, user.path), commit, before)


