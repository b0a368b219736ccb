# SPDX-License-Identifier: GPL-2.0-only
"""The series of a branch that b4 prep looks after: its commits, its base and its cover letter.

b4 keeps the cover letter in one of three ways (`b4.prep-cover-strategy`, as of b4 0.16): in an
empty commit before the patches, in one behind them (tip-commit), or as the description of the
branch (branch-description), with its base in the branch's configuration.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from generator.errors import TreeError, UsageError
from generator.intake.piece import Author, Piece
from generator.intake.revisions import between, commit_of
from generator.system.plumbing import users_git

_MARK = "--- b4-submit-tracking ---"
# commits to look back for the cover letter
_FAR = 2000


@dataclass(frozen=True)
class Prepared:
    """A branch of b4: patches and their base, and the cover letter as a log (subject, text)."""

    pieces: tuple[Piece, ...]
    base: str
    cover: Piece | None
    strategy: str


def prepared(repo: Path, work: Path) -> Prepared:
    """Return the series of the branch that is checked out.

    Errors: UsageError when there is no branch, or b4 does not look after it.
    """
    try:
        told = users_git(repo, "symbolic-ref", "--quiet", "--short", "HEAD")
    except TreeError as detached:
        raise UsageError(f"{repo}: no branch is checked out; name the commits (a..b)") from detached
    branch = told.decode(errors="replace").strip()
    text = _config(repo, f"branch.{branch}.description")
    tracking = _config(repo, f"branch.{branch}.b4-tracking")
    strategy = _config(repo, f"branch.{branch}.b4-prep-cover-strategy") or (
        "branch-description" if tracking else _config(repo, "b4.prep-cover-strategy") or "commit"
    )
    if strategy == "branch-description":
        if not tracking:
            raise UsageError(_foreign(repo, branch))
        start = _fork(repo, tracking, branch)
        pieces = between(repo, work, start, _must(repo, branch), branch)
        return Prepared(pieces, start, _letter(text, f"branch {branch}"), strategy)
    commit = _cover(repo, branch)
    if commit is None:
        raise UsageError(_foreign(repo, branch))
    said = users_git(repo, "show", "-s", "--encoding=UTF-8", "--format=%B", commit).decode(
        errors="replace"
    )
    text, _, rest = said.partition(_MARK)
    letter = _letter(text, f"commit {commit[:12]}")
    if strategy == "tip-commit":
        base, end = _fork(repo, rest, branch), _must(repo, f"{commit}~1")
        return Prepared(between(repo, work, base, end, branch), base, letter, strategy)
    # b4 sends the patches without the empty commit that they stand on
    base, end = _must(repo, f"{commit}~1"), _must(repo, branch)
    return Prepared(between(repo, work, commit, end, branch), base, letter, strategy)


def _config(repo: Path, key: str) -> str:
    try:
        return users_git(repo, "config", "--get", key).decode(errors="replace").strip()
    except TreeError:
        return ""


def _must(repo: Path, rev: str) -> str:
    found = commit_of(repo, rev)
    if found is None:
        raise UsageError(f"{repo}: no commit {rev!r}, on which the series of b4 stands")
    return found


def _cover(repo: Path, branch: str) -> str | None:
    told = users_git(
        repo, "log", f"--max-count={_FAR}", "--first-parent", "--format=%H%x00%s%x00%B%x00",
        "-z", f"refs/heads/{branch}", "--", timeout=120,
    )  # fmt: skip
    fields = told.decode(errors="replace").split("\0")
    for commit, body in zip(fields[::4], fields[2::4], strict=False):
        if re.search(rf"^{re.escape(_MARK)}$", body, re.M):
            return commit.strip()
    return None


def _fork(repo: Path, tracking: str, branch: str) -> str:
    """Return where the branch left its base, as b4's tracking names that."""
    try:
        base = json.loads(tracking[tracking.index("{") :])["series"]["base-branch"]
    except (ValueError, KeyError, TypeError, RecursionError) as broken:
        raise UsageError(f"{repo}: what b4 noted of {branch} names no base-branch") from broken
    try:
        return users_git(repo, "merge-base", "--end-of-options", str(base), branch).decode().strip()
    except TreeError as failed:
        raise UsageError(f"{repo}: {branch} and its base {base!r} have no commit in common; "
                         "name the commits (a..b)") from failed


def _letter(text: str, place: str) -> Piece | None:
    text = text.strip()
    if not text:
        return None
    log = text.encode() + b"\n"
    rows = tuple(range(1, log.count(b"\n") + 1))
    return Piece(place, 1, log, Author("", "", ""), b"", rows)


def _foreign(repo: Path, branch: str) -> str:
    return (
        f"{repo}: b4 does not look after {branch}: no cover letter of it within {_FAR} commits, "
        "and no tracking in its configuration; name the commits (a..b)"
    )
