# SPDX-License-Identifier: GPL-2.0-only
"""The step that the user can see: commits of ours become one new ref of their clone.

    handed(work, clone, ref, chosen, commits, name, dry_run) -> Applied
    note_of(clone, branch), forget(note)     the note in .git/portwright/

The note is a file and neither a ref (the user would see it), nor a trailer (the patches stay
as they are), nor the reflog (it expires, and it can be switched off). It comes before the ref,
so that a branch of ours always has one; a note without a branch means nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from generator.errors import EnvironmentFault, ProgramFailed, Refused
from generator.intake.remark import Remark
from generator.intake.revisions import commit_of
from generator.intake.users import Clone
from generator.kernel.tree import Tree, touched
from generator.system.cache import keep
from generator.system.plumbing import git, users_git


@dataclass(frozen=True)
class Base:
    """The commit to apply to. exact: the one that the series names; note: why it was taken.

    verified: what series.json promises is asked for.
    """

    commit: str
    exact: bool
    note: str
    verified: bool = True


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


def handed(
    work: Path, user: Clone, ref: str, base: Base, commits: Sequence[str], name: str, *,
    dry_run: bool, remarks: Sequence[Remark] = (),
) -> Applied:
    """Make commits of our repository a branch of the user's, or with dry_run say what it would be.

    Errors: EnvironmentFault (no room, no rights), Refused (another program was faster).
    """
    tip = commits[-1]
    tree = git(work, "rev-parse", f"{tip}^{{tree}}").decode().strip()
    told = git(work, "show", "-s", "--no-show-signature", "--format=%s", *commits)
    names = touched(Tree(work, base.commit, "", work, ""), base.commit, tip)
    if not dry_run:
        _hand_over(work, user, ref, base.commit, tip, name)
    subjects = tuple(told.decode(errors="replace").split("\n")[:-1])
    return Applied(ref.removeprefix("refs/heads/"), ref, base.commit, tip, tree, tuple(commits),
                   base.exact, base.note, dry_run, subjects, names, tuple(remarks))


def _hand_over(work: Path, user: Clone, ref: str, base: str, tip: str, name: str) -> None:
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
    note = note_of(user, branch)
    said = {"ref": ref, "tip": tip, "base": base, "series": name}
    keep(note, json.dumps(said), durable=True)
    message = f"portwright: apply {name}"
    try:
        users_git(user.path, "update-ref", "--no-deref", "-m", message, ref, tip, "0" * len(tip))
    except ProgramFailed as failed:
        if commit_of(user.path, ref) != tip:
            forget(note)
        raise Refused(
            f"branch {branch!r} was not made, another program was faster or holds a lock\n{failed}"
        ) from failed


def note_of(user: Clone, branch: str) -> Path:
    """Return the file that says what apply made of a branch."""
    return user.common / "portwright" / f"{quote(branch, safe='')}.json"


def forget(note: Path) -> None:
    """Remove a note, and its directory when it was the last."""
    note.unlink(missing_ok=True)
    for left in note.parent.glob(".tmp-*"):
        left.unlink(missing_ok=True)
    with suppress(OSError):
        note.parent.rmdir()
