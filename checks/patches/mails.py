# SPDX-License-Identifier: GPL-2.0-only
"""A series as its checks see it: what git has made commits of, and where the user has each line.

    view(posting) -> SeriesText
    edits(posting) -> one mapping per commit, path to content
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from checks.patches.gitmail import GitMail, git_mail
from generator.intake.outline import outline
from generator.intake.piece import Piece
from generator.intake.posting import Posting
from generator.intake.remark import Remark
from generator.intake.replay import Made
from generator.kernel.tree import read_many, touched
from generator.system.plumbing import git
from generator.system.visible import visible

# characters of a subject that tables and findings show
_WIDEST = 120

Reader = Callable[[str], bytes | None]


@dataclass(frozen=True)
class FileDiff:
    """What a commit does to one file; `old` is the path that it had, `mode` the new one."""

    path: str
    old: str
    status: str
    mode: str
    before: str
    after: str
    lines: tuple[tuple[int, str], ...]

    @property
    def new(self) -> bool:
        """Return whether there was no such file, under this name or another."""
        return self.status == "A"

    @property
    def deleted(self) -> bool:
        """Return whether the file is gone."""
        return self.status == "D"

    def added(self) -> tuple[tuple[int, str], ...]:
        """Return (line after the patch, text) of each added line."""
        return self.lines


@dataclass(frozen=True)
class Patch:
    """One commit, or the cover letter, which is none.

    `file` is what the user named: a file, `-`, or `commit` and an id. `log` is the message below
    the subject, `log_lines` the line of `file` of the subject and of each line of it. `number` and
    `total` are 0 where the subject has none, `tags` are the words in its brackets. `name` is how
    findings name the commit.
    """

    file: str
    number: int
    total: int
    tags: tuple[str, ...]
    subject: str
    author: str
    log: str
    log_lines: tuple[int, ...]
    name: str
    piece: Piece
    commit: str = ""
    diffs: tuple[FileDiff, ...] = ()
    mail: GitMail | None = None

    def line(self, number: int) -> int:
        """Return the line of `file` of line `number` of the log, from 1; 0 is the subject."""
        return self.log_lines[min(number, len(self.log_lines) - 1)] if self.log_lines else 0

    def head(self, path: str) -> str:
        """Return `file:line` of where the user's file begins to speak of a path."""
        rows = outline(self.piece.diff)
        found = next((one.hunks[0].row if one.hunks else one.row
                      for one in rows if one.names(path)), -1)  # fmt: skip
        return visible(str(self.piece.at(found)))

    def sent(self, path: str, line: int) -> int:
        """Return the line of `file` in which an added line of the tree's file stands, 0 if none."""
        diff = next((one for one in self.diffs if one.path == path), None)
        rank = next((n for n, one in enumerate(diff.lines) if one[0] == line), -1) if diff else -1
        if diff is None or rank < 0:
            return 0
        rows = self.piece.diff.split(b"\n")
        for section in outline(self.piece.diff):
            if section.names(path):
                plus = [row for hunk in section.hunks for row in range(hunk.row + 1, hunk.end)
                        if rows[row][:1] == b"+"]  # fmt: skip
                text = diff.lines[rank][1]
                if rank < len(plus) and rows[plus[rank]][1:].decode("utf-8", "replace") == text:
                    return self.piece.diff_lines[plus[rank]]
        return 0


@dataclass(frozen=True)
class SeriesText:
    """The commits of a series in order, and its cover letter if there is one.

    `form` is "mails", "commits", or "draft" for changes without a log. `directory` is what the
    user named.
    """

    directory: str
    form: str
    cover: Patch | None
    patches: tuple[Patch, ...]
    missing: tuple[int, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def mails(self) -> tuple[Patch, ...]:
        """Return the cover letter, if there is one, and the patches."""
        return (*((self.cover,) if self.cover else ()), *self.patches)


def view(posting: Posting) -> SeriesText:
    """Return what checks look at. Errors: TreeError."""
    got = posting.gathered
    many = len(posting.commits)
    return SeriesText(
        got.label, got.form,
        _cover(got.cover) if got.cover else None,
        tuple(_patch(posting, one, n, many) for n, one in enumerate(posting.commits, 1)),
        got.missing, posting.remarks,
    )  # fmt: skip


def _patch(posting: Posting, one: Made, index: int, many: int) -> Patch:
    work = posting.work.git_dir
    told = git(work, "show", "-s", "--no-show-signature", "--encoding=UTF-8",
               "--format=%s%x00%an <%ae>%x00%b", one.commit)
    subject, author, log = told.split(b"\0", 2)
    log = log.strip(b"\n")
    mail = git_mail(work, one.parent, one.commit, log)
    piece = one.piece
    title = visible(subject.decode("utf-8", "replace"))
    number, total = (piece.number, piece.total) if many == 1 else (index, many)
    return Patch(
        piece.file, piece.number, piece.total, piece.tags, title,
        visible(author.decode("utf-8", "replace")), log.decode("utf-8", "replace"),
        _log_lines(piece), _name(f"{number}/{total} {title}" if total else title), piece,
        one.commit,
        tuple(
            FileDiff(c.path, c.old, c.status, c.mode, c.before, c.after, mail.added(c.path))
            for c in mail.changes
        ),
        mail,
    )  # fmt: skip


def _name(title: str) -> str:
    """Return how findings name a commit: on one line of a table, however long its subject is."""
    return title if len(title) <= _WIDEST else f"{title[: _WIDEST - 3]}..."


def _log_lines(piece: Piece) -> tuple[int, ...]:
    """Return the lines of the subject and of the log below it: a message has a blank between."""
    rows = piece.log.split(b"\n")
    # a subject of several lines is one line for git
    end = next((n for n, row in enumerate(rows) if not row.strip()), len(rows))
    begin = next((n for n in range(end, len(rows)) if rows[n].strip()), end)
    return (*piece.log_lines[:1], *piece.log_lines[begin:])


def _cover(piece: Piece) -> Patch:
    title, _, log = piece.log.decode("utf-8", "replace").partition("\n")
    return Patch(
        piece.file, piece.number, piece.total, piece.tags, visible(title),
        visible(f"{piece.author.name} <{piece.author.mail}>"), log.strip("\n"),
        _log_lines(piece), visible(title), piece,
    )  # fmt: skip


def whole(patch: Patch) -> str:
    """Return all of a mail below its head, with what git drops: notes, and lines at its end."""
    return f"{patch.log}\n{patch.piece.diff.decode('utf-8', 'replace')}"


def edits(posting: Posting) -> tuple[Mapping[str, bytes | None], ...]:
    """Return what each commit makes of the files it touches: path to new text, None deletes.

    Errors: TreeError.
    """
    found = []
    for one in posting.commits:
        paths = touched(posting.work, one.parent, one.commit)
        texts = read_many(posting.work, [(one.commit, path) for path in paths])
        found.append({path: texts[one.commit, path] for path in paths})
    return tuple(found)
