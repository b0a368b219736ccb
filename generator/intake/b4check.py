# SPDX-License-Identifier: GPL-2.0-only
"""What b4 asks a check about: one mail on stdin, of a series that is commits already, or is not.

b4 gives a check every patch by itself. Patch 3 does not apply without 1 and 2, so the commit that
the mail was made of is looked for: on the branch that is checked out, as with `b4 prep`, or on the
one that `b4 review` made and names in the file of B4_TRACKING_FILE.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from generator.errors import ProgramFailed, TreeError, UsageError
from generator.intake import mail
from generator.intake.inbox import MOST_FILE
from generator.intake.posting import Asked
from generator.intake.revisions import commit_of
from generator.intake.workplace import workplace
from generator.kernel.clone import users_objects
from generator.series.manifest import read_bounded
from generator.system.plumbing import git, users_git

# commits of a branch among which the one of a mail is looked for
_FAR = 2000


@dataclass(frozen=True)
class Wanted:
    """What is to be checked: `asked` on `base`, and of that only the last patch, if `alone`."""

    asked: Asked
    base: str | None
    alone: bool


def wanted(text: bytes, repo: Path | None, tracking: str) -> Wanted:
    """Return what a mail of b4 means in a clone; `tracking` is the file that b4 names, or empty.

    Errors: UsageError, TreeError.
    """
    if repo is None:
        raise UsageError("b4 asks about commits of a kernel clone: run it there, or name one "
                         "with --tree")
    first, branch = _tracked(tracking)
    tip = commit_of(repo, branch) if branch else commit_of(repo, "HEAD")
    objects, _ = users_objects(repo, "HEAD")
    with workplace(objects) as work:
        parts = mail.split(work, "-", text)
        if len(parts) != 1:
            raise UsageError(f"-: b4 gives a check one mail, and these are {len(parts)}")
        one = mail.read(work, "-", 1, text, scissors=False)
        if not one.patch and first and tip:
            # what b4 has noted of the review is a commit behind the patches
            return Wanted(Asked((f"{first}~1..{tip}~1",)), None, False)
        if not one.patch:
            return Wanted(Asked(b4=True), None, False)
        commit = _commit(repo, work, tip, one) if tip else None
    if commit is None:
        return Wanted(Asked(("-",)), None, True)
    count = max(one.number, 1)
    start = commit_of(repo, f"{commit}~{count}")
    if start is None:
        return Wanted(Asked((commit,)), None, True)
    return Wanted(Asked((f"{start}..{commit}",)), _base(repo, start), True)


def _tracked(name: str) -> tuple[str, str]:
    """Return the first commit and the branch of a review."""
    if not name:
        return "", ""
    try:
        series = json.loads(read_bounded(Path(name), MOST_FILE))["series"]
        change, first = series["change-id"], series.get("first-patch-commit", "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as broken:
        raise UsageError(f"{name}: B4_TRACKING_FILE names a file that has no series of b4 "
                         "review in it") from broken
    return str(first), f"refs/heads/b4/review/{change}"


def _commit(repo: Path, work: Path, tip: str, one: mail.Mail) -> str | None:
    """Return the commit whose patch is that of a mail, None when there is none."""
    told = users_git(repo, "log", "-z", "--no-merges", f"--max-count={_FAR}", "--encoding=UTF-8",
                     "--format=%H %s", tip, "--", timeout=120).decode(errors="replace")
    title = one.log.decode("utf-8", "replace").split("\n", 1)[0]
    mine = _patch_id(work, one.diff)
    for row in told.split("\0"):
        commit, _, subject = row.partition(" ")
        if subject and (subject == title or subject == _bare(one.subject)):
            patch = git(work, "diff-tree", "-p", "-M", "--full-index", "--root", commit)
            if _patch_id(work, patch) == mine:
                return commit
    return None


def _bare(subject: str) -> str:
    """Return a subject without what stands in brackets before it."""
    text = subject.strip()
    while text.startswith("[") and "]" in text:
        text = text.partition("]")[2].strip()
    return " ".join(text.split())


def _patch_id(work: Path, patch: bytes) -> bytes:
    return git(work, "patch-id", "--stable", stdin=patch).split(b" ", 1)[0]


def _base(repo: Path, start: str) -> str | None:
    """Return the commit below the empty one in which b4 keeps a cover letter, if it is one."""
    try:
        told = users_git(repo, "rev-parse", f"{start}^{{tree}}", f"{start}~1^{{tree}}",
                         f"{start}~1")
    except (ProgramFailed, TreeError):
        return None
    tree, before, parent = told.decode().split()
    return parent if tree == before else None
