# SPDX-License-Identifier: GPL-2.0-only
"""Patches to commits in a scratch repository; the patches are data that nobody trusts.

    made(work, base, pieces, committer) -> commits, remarks

git applies each diff to an index, and what it makes of it is judged: files inside the tree, of
bounded size, no links, no submodules. Nothing of a patch is run.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import Conflict, ProgramFailed, Timeout, TreeError, UsageError, Where
from generator.intake.conflict import explained
from generator.intake.outline import Section, outline, strange
from generator.intake.piece import Piece, Reading
from generator.intake.remark import Remark
from generator.kernel.tree import check_path
from generator.series.plain_files import refuse_modes
from generator.system.plumbing import git
from generator.system.visible import one_line, visible

MOST_PATCHES = 1000
MOST_SECONDS = 600
# of what a diff unpacks to: git holds all of it at once
_MEMORY = 1 << 30
_NAME = 500
_SAFE = ("-c", "core.protectHFS=true", "-c", "core.protectNTFS=true")


@dataclass(frozen=True)
class Made:
    """A commit in the scratch repository, and what it was made of."""

    commit: str
    parent: str
    piece: Piece


class Stuck(Conflict):
    """A patch of a series that does not apply; `done` are the commits of those before it."""

    def __init__(self, why: Conflict, done: Sequence[Made]) -> None:
        """Say why, as the conflict itself does."""
        super().__init__(why.text, why.where)
        self.done = tuple(done)


def made(
    work: Path,
    base: str,
    pieces: Sequence[Piece],
    committer: Mapping[str, str] | None,
) -> tuple[tuple[Made, ...], tuple[Remark, ...]]:
    """Commit patches, one after another, on a base in a bare repository of ours.

    committer: GIT_COMMITTER_NAME and _EMAIL of every commit, None for the author of each. The
    date is the author's, so that the same patches on the same base have the same ids each time.
    What is a commit on this very parent stays that commit.
    Errors: UsageError (no diff that git reads, or more than plain files), Stuck, Timeout.
    """
    if len(pieces) > MOST_PATCHES:
        raise UsageError(f"{len(pieces)} patches, more than {MOST_PATCHES}; give a part of them")
    end = time.monotonic() + MOST_SECONDS
    state = _Replay(work, base, committer)
    found: list[Made] = []
    remarks: list[Remark] = []
    parent = base
    for piece in pieces:
        if time.monotonic() > end:
            raise Timeout(f"{piece.place}: applying takes more than {MOST_SECONDS} s")
        if piece.commit and piece.parent == parent:
            refuse_modes(work, piece.place, parent, piece.commit, nothing=True)
            commit = piece.commit
        else:
            try:
                commit, said = state.commit(piece, parent)
            except Conflict as failed:
                raise Stuck(failed, found) from failed
            remarks += said
        if not _changed(work, parent, commit):
            remarks.append(Remark("it is empty: no diff, and git am stops at it; drop it, or send "
                                  "it again", piece.file, piece.line, error=True, clear=True))
        found.append(Made(commit, parent, piece))
        parent = commit
    return tuple(found), tuple(remarks)


def _changed(work: Path, parent: str, commit: str) -> bool:
    trees = git(work, "rev-parse", f"{parent}^{{tree}}", f"{commit}^{{tree}}").split()
    return trees[0] != trees[1]


_FARTHEST = 10_000_000  # lines


_BY_LINES = (
    "it has no context (diff -U0), and git am does not take it; its files are those that it was "
    "made of, so the numbers of its lines hold; make it with git format-patch -U3"
)


class _Replay:
    """An index that follows the series; it is filled when the first diff needs it."""

    def __init__(self, work: Path, base: str, committer: Mapping[str, str] | None) -> None:
        self.work, self.base, self.committer = work, base, committer
        self.index = {"GIT_INDEX_FILE": str(work / "portwright-index")}
        self.at = ""

    def commit(self, piece: Piece, parent: str) -> tuple[str, tuple[Remark, ...]]:
        if self.at != parent:
            try:
                git(self.work, "read-tree", parent, env=self.index)
            except ProgramFailed as failed:
                raise TreeError(f"{parent[:12]}: git cannot read this commit: "
                                f"{failed.stderr.strip().removeprefix('fatal: ')}; the clone lacks "
                                "objects of it: `git fsck` there says which") from failed
        diff = diff_of(self.work, piece)
        remarks: tuple[Remark, ...] = ()
        if outline(diff):
            remarks = self._apply(piece, diff)
        tree = git(self.work, "write-tree", env=self.index).decode().strip()
        if outline(diff):
            refuse_modes(self.work, piece.place, parent, tree, place=_places(piece, diff))
        commit = committed(self.work, piece, tree, parent, self.committer)
        self.at = commit
        return commit, remarks

    def _apply(self, piece: Piece, diff: bytes) -> tuple[Remark, ...]:
        sections = outline(diff)
        bare = _without_context(sections)
        by_lines = bool(bare) and all(map(self._is_before, bare))
        for section in sections:
            if wrong := strange(section):
                raise UsageError(wrong[1], piece.at(wrong[0]))
            for hunk in section.hunks:
                if hunk.line > _FARTHEST:
                    raise UsageError(
                        f"a hunk at line {hunk.line}: no file of a kernel has so many; git would "
                        "look for the place elsewhere", piece.at(hunk.row),
                    )
                if hunk.line > 0 and not hunk.before and not by_lines:
                    raise Conflict(
                        "does not apply: it has no line of context (diff -U0), so git would add "
                        "it at the end of the file; make it with git format-patch -U3",
                        piece.at(hunk.row),
                    )
        readings = [Reading(diff, 1, ""), *piece.readings]
        if by_lines:
            # at line 1 alone it can be all of a file, which git applies
            plain = readings[: all(one.line <= 1 for part in bare for one in part.hunks)]
            readings = [*plain, Reading(diff, 1, _BY_LINES, ("--unidiff-zero",))]
        first: ProgramFailed | None = None
        for reading in readings:
            try:
                git(
                    self.work, *_SAFE, "apply", "--cached", "--whitespace=nowarn",
                    f"-p{reading.strip}", *reading.flags, "-", stdin=reading.diff,
                    env=self.index, memory=_MEMORY,
                )  # fmt: skip
            except ProgramFailed as failed:
                first = first or failed
                continue
            if reading.why:
                return (Remark(reading.why, piece.file, piece.line, error=True, clear=True),)
            return ()
        assert first is not None
        raise explained(piece, diff, first.stderr, self._read) from first

    def _is_before(self, section: Section) -> bool:
        """Return whether the file of a section is, by the id there, the one that was diffed."""
        said, name = section.says(b"index "), section.says(b"--- a/")
        ids = re.match(rb"([0-9a-f]{7,64})\.\.", said[1]) if said else None
        if not ids or not name:
            return False
        try:
            blob = git(self.work, "rev-parse", "--verify", "-q", f":{os.fsdecode(name[1])}",
                       env=self.index)
        except TreeError:
            return False
        return blob.startswith(ids[1])

    def _read(self, path: str) -> bytes | None:
        try:
            check_path(path)
            return git(self.work, "cat-file", "blob", f":{path}", env=self.index)
        except TreeError:
            return None


def _without_context(sections: Sequence[Section]) -> list[Section]:
    """Return the sections that change lines of a file, when no hunk of any has context."""
    found = [one for one in sections if one.hunks and not one.says(b"new file mode ")
             and not one.says(b"deleted file mode ")]
    return [] if any(hunk.context for one in found for hunk in one.hunks) else found


def diff_of(work: Path, piece: Piece) -> bytes:
    """Return the diff of a piece, also of one that is a commit."""
    if not piece.commit:
        return piece.diff
    return git(work, "diff-tree", "-p", "--binary", "--full-index", "--no-renames",
               "--no-ext-diff", "--no-textconv", piece.parent, piece.commit)


def committed(
    work: Path, piece: Piece, tree: str, parent: str, committer: Mapping[str, str] | None
) -> str:
    """Return the commit of a tree on a parent, with the log, author and date of a piece.

    Errors: UsageError naming what git does not take of them.
    """
    author = {
        "GIT_AUTHOR_NAME": piece.author.name,
        "GIT_AUTHOR_EMAIL": piece.author.mail,
        "GIT_AUTHOR_DATE": piece.author.date,
    }
    if any(len(value) > _NAME or "\0" in value for value in author.values()):
        raise UsageError(f"{piece.place}: its author or date has more than {_NAME} characters, "
                         "or a NUL: no mail of a person")
    committer = committer or {
        "GIT_COMMITTER_NAME": piece.author.name, "GIT_COMMITTER_EMAIL": piece.author.mail,
    }  # fmt: skip
    env = {**author, **committer, "GIT_COMMITTER_DATE": piece.author.date}
    try:
        told = git(work, "commit-tree", tree, "-p", parent, stdin=piece.log, env=env)
    except ProgramFailed as failed:
        said = failed.stderr.strip().splitlines()[-1:] or ["no word"]
        if "invalid date format" in said[0]:
            raise UsageError(
                f"its date is {visible(piece.author.date)!r}, which git takes for none; write "
                'it like "Date: Tue, 14 Nov 2023 22:13:20 +0000"', _dated(piece)
            ) from failed
        raise UsageError(
            f"{one_line(piece.place)}: git makes no commit of it: {visible(said[0])}"
        ) from failed
    return told.decode().strip()


def _dated(piece: Piece) -> Where:
    """Return the line of a mail that has its date."""
    rows = piece.raw.split(b"\n")
    date = piece.author.date.encode()
    dated = (n for n, row in enumerate(rows) if row.lower().startswith(b"date:") and date in row)
    return Where(piece.file, piece.line + next(dated, 0))


def _places(piece: Piece, diff: bytes) -> Callable[[str], str]:
    def place(path: str) -> str:
        row = next((part.row for part in outline(diff) if part.names(path)), -1)
        return str(piece.at(row))

    return place
