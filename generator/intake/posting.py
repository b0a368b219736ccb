# SPDX-License-Identifier: GPL-2.0-only
"""A series, however it was given, as commits: what is judged, shown and handed over.

    gather(asked, work, repo) -> Gathered         the pieces, before anybody knows their base
    on(asked, where) -> Posting                   on the base of a tree that is chosen already
    opened(asked, clone, base, newer) -> Posting  on the base that the series or the user names
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from generator.errors import Conflict, TreeError, UsageError
from generator.intake import b4branch, inbox, mail, revisions, thread
from generator.intake.inbox import Inbox
from generator.intake.persons import committer_of, filled
from generator.intake.piece import Piece
from generator.intake.remark import Remark
from generator.intake.replay import Made, made
from generator.intake.thread import spans
from generator.intake.trailers import with_trailers
from generator.intake.workplace import workplace
from generator.kernel import tree
from generator.kernel.clone import own, scratch, users_objects
from generator.kernel.pin import pinned, read_pins
from generator.series import manifest
from generator.series.manifest import Manifest, verify
from generator.series.output import refuse_torn
from generator.system.visible import one_line

_SHORTEST = 7  # digits of a commit id that say which
_BASE = re.compile(rb"^base-commit: *([0-9a-f]{12,64})\b", re.M)


@dataclass(frozen=True)
class Asked:
    """What a user named: files, directories, `-` or revisions, or one of two flags.

    `scissors`: obey them in mails. `trailers`: add the tags that replies give. `version`: of
    several in a thread take this one, 0 the newest. `anyway`: apply what has errors, too.
    """

    inputs: tuple[str, ...] = ()
    uncommitted: bool = False
    b4: bool = False
    scissors: bool = False
    trailers: bool = False
    version: int = 0
    anyway: bool = False


@dataclass(frozen=True)
class Gathered:
    """The pieces of a series. `base` is the commit that they name, or stand on if `stands`.

    `form` is "mails", "commits", or "draft" for what nobody has written a log for yet.
    """

    label: str
    form: str
    pieces: tuple[Piece, ...]
    cover: Piece | None = None
    remarks: tuple[Remark, ...] = ()
    base: str = ""
    stands: bool = False
    missing: tuple[int, ...] = ()
    promised: Manifest | None = None


@dataclass(frozen=True)
class Posting:
    """A series as commits. `where` is the tree of its base, `work` the repository with both."""

    where: tree.Tree
    work: tree.Tree
    gathered: Gathered
    commits: tuple[Made, ...]
    remarks: tuple[Remark, ...]

    @property
    def tip(self) -> str:
        """Return the id of the last commit."""
        return self.commits[-1].commit


def gather(
    asked: Asked, work: Path, repo: Path | None, stdin: BinaryIO | None = None
) -> Gathered:
    """Read what the user named; `repo` is the clone that revisions are of.

    Errors: UsageError naming file and mend.
    """
    named = (len(asked.inputs) > 0) + asked.uncommitted + asked.b4
    if named != 1:
        raise UsageError("name one series: files or a directory of patches, -, a..b, a commit, "
                         "or --uncommitted, or --b4")
    found = [one for one in asked.inputs if one == "-" or os.path.lexists(one)]
    if asked.inputs and found:
        if len(found) < len(asked.inputs):
            lost = next(one for one in asked.inputs if one not in found)
            raise UsageError(f"{one_line(lost)}: no such file or directory")
        return _of_mails(asked, work, stdin)
    for one in asked.inputs:
        if one.startswith(("/", "./", "../", "~")) or inbox.NAMED.fullmatch(one):
            raise UsageError(f"{one_line(one)}: no such file or directory")
    if asked.version:
        raise UsageError("--use-version takes a thread of mails: commits have no versions")
    if repo is None:
        what = one_line(asked.inputs[0]) if asked.inputs else "--uncommitted and --b4"
        lost = "no such file or directory; " if asked.inputs else ""
        raise UsageError(f"{what}: {lost}commits are looked for in a kernel clone: run it there, "
                         "or name one")
    if asked.uncommitted:
        piece, remarks = revisions.uncommitted(repo, work, committer_of(repo))
        return Gathered(f"{repo}", "draft", (piece,), None, remarks, piece.parent, True)
    if asked.b4:
        branch = b4branch.prepared(repo, work)
        return Gathered(f"{repo}", "commits", branch.pieces, branch.cover, (), branch.base, True)
    if len(asked.inputs) > 1:
        raise UsageError(f"{one_line(asked.inputs[1])}: name one range (a..b), or files; "
                         "there is no such file")
    pieces = revisions.span(repo, work, asked.inputs[0])
    return Gathered(asked.inputs[0], "commits", pieces, None, (), pieces[0].parent, True)


def _of_mails(asked: Asked, work: Path, stdin: BinaryIO | None) -> Gathered:
    given = inbox.read(asked.inputs, stdin)
    mails, remarks = _mails(asked, work, given)
    if not mails:
        raise UsageError(f"{one_line(asked.inputs[0])}: no patch here; name mails or files that "
                         "hold a diff")
    sorted_ = thread.sort(mails, listed=given.listed, version=asked.version)
    pieces = tuple(mail.piece(work, one) for one in sorted_.patches)
    remarks += sorted_.remarks
    if asked.trailers:
        pieces, more = with_trailers(work, sorted_, pieces)
        remarks += more
    cover = mail.piece(work, sorted_.cover) if sorted_.cover else None
    base = ""
    # the last line of the cover letter, or of the first patch where there is none
    for one in [*([sorted_.cover] if sorted_.cover else []), *sorted_.patches]:
        ids = _BASE.findall(one.log + b"\n" + one.diff)
        if ids and not base:
            base = ids[-1].decode()
    return Gathered(
        asked.inputs[0], "mails", pieces, cover, tuple(remarks),
        given.promised.base if given.promised else base,
        missing=sorted_.missing, promised=given.promised,
    )  # fmt: skip


def _mails(asked: Asked, work: Path, given: Inbox) -> tuple[list[mail.Mail], tuple[Remark, ...]]:
    mails: list[mail.Mail] = []
    remarks = list(given.remarks)
    for paper in given.papers:
        if kind := inbox.packed(paper.text):
            if paper.must:
                raise UsageError(f"{one_line(paper.name)}: packed ({kind}): unpack it, and name "
                                 "what it has")
            remarks.append(Remark(f"left out: packed ({kind})", paper.name))
            continue
        parts = mail.split(work, paper.name, paper.text)
        if not parts and paper.must:
            raise UsageError(f"{one_line(paper.name)}: neither a mail nor a diff; leave it out, or "
                             "get it as it was sent")
        if not parts:
            remarks.append(Remark("left out: neither a mail nor a diff", paper.name))
        for line, text in parts:
            mails.append(mail.read(work, paper.name, line, text, scissors=asked.scissors))
            if len(mails) > mail.MOST_MAILS:
                raise UsageError(f"{one_line(paper.name)}: more than {mail.MOST_MAILS} mails")
    return mails, tuple(remarks)


def missing_of(got: Gathered) -> str:
    """Return what is missing of a series, empty when nothing is."""
    if not got.missing:
        return ""
    total = got.pieces[0].total
    many = "patches" if len(got.missing) > 1 else "patch"
    are = "are" if len(got.missing) > 1 else "is"
    return f"{many} {spans(got.missing)} of {total} {are} missing; add the mail, or get the thread"


@contextmanager
def on(asked: Asked, where: tree.Tree) -> Iterator[Posting]:
    """Make commits of a series on the base of a tree, for as long as the block lasts.

    Errors: UsageError, Conflict, TreeError.
    """
    with workplace(where.git_dir / "objects") as work:
        yield _made(gather(asked, work, None), work, where, where.base, None, ())


@contextmanager
def opened(
    asked: Asked, clone: Path | None, base: str | None, newer: bool = False, kernel: str = "",
    stdin: BinaryIO | None = None,
) -> Iterator[Posting]:
    """Make commits of a series on the base that the user names, or it, or else the clone's HEAD.

    Without a clone that is a pinned tree, which has one commit: that of `kernel`, or that which
    `base` or else the series names, or the default.
    Errors: UsageError, Conflict, TreeError, EnvironmentFault.
    """
    if clone is None:
        for one in asked.inputs:
            refuse_torn(Path(one))  # before a tree is set up for it
        kernel = kernel or (_pin_of(base) if base else "")
        where = pinned(kernel, allow_newer=newer)
        if base and base.removeprefix("v") != where.version and not (
            len(base) >= _SHORTEST and where.base.startswith(base)
        ):
            raise UsageError(f"--base {one_line(base)}: the pinned tree has one base only, "
                             f"{where.base[:12]}, v{where.version}; name a clone with --tree")
        with workplace(where.git_dir / "objects") as work:
            got = gather(asked, work, None, stdin)
            if not kernel and (named_pin := _pin_of(got.base)):
                where = pinned(named_pin, allow_newer=newer)
                scratch(work, where.git_dir / "objects")
            word = () if base else _word(got, where.base, where.source)
            yield _made(got, work, where, where.base, None, word)
        return
    objects, head = users_objects(clone, base or "HEAD")
    with workplace(objects) as work:
        got = gather(asked, work, clone, stdin)
        named = revisions.commit_of(clone, got.base) if got.base and not base else None
        chosen = named or head
        word = () if base else _word(got, chosen, f"HEAD of {clone}")
        commits = _commits(got, work, chosen, clone, word)
        yield _posted(got, work, own(clone, chosen, thin=True), commits, word)


def _pin_of(base: str) -> str:
    """Return the name of the pin that a version or a commit id is of, "" when it is of none."""
    for pin in read_pins().values():
        if base.removeprefix("v") == pin.version or (
            len(base) >= _SHORTEST and (pin.commit or "").startswith(base)
        ):
            return pin.name
    return ""


def _word(got: Gathered, taken: str, place: str) -> tuple[Remark, ...]:
    """Return what to say of a base that was not named, or that is not here."""
    if got.stands or (got.base and taken.startswith(got.base)):
        return ()
    if got.base:
        text = f"base: {got.base[:12]}, which the series names, is not here"
    else:
        text = "base: not named"
    return (Remark(f"{text}; {place}, {taken[:12]}, was taken"),)


def _made(
    got: Gathered, work: Path, where: tree.Tree, base: str, clone: Path | None,
    word: tuple[Remark, ...],
) -> Posting:
    return _posted(got, work, where, _commits(got, work, base, clone, word), word)


def _commits(
    got: Gathered, work: Path, base: str, clone: Path | None, word: tuple[Remark, ...]
) -> tuple[tuple[Made, ...], tuple[Remark, ...]]:
    who = committer_of(clone)
    pieces, said = filled(work, base, got.pieces, who)
    try:
        commits, more = made(work, base, pieces, who)
    except Conflict as failed:
        told = "".join(f"\n{remark}; name another with --base" for remark in word)
        raise Conflict(f"{failed}{told}") from failed
    return commits, said + more


def _posted(
    got: Gathered, work: Path, where: tree.Tree,
    commits: tuple[tuple[Made, ...], tuple[Remark, ...]], word: tuple[Remark, ...],
) -> Posting:
    made_, said = commits
    remarks = [*word, *got.remarks, *said]
    if got.promised is not None:
        try:
            tip = made_[-1].commit
            reached = tree.tree_id(replace(where, git_dir=work), tip)
            exact = where.base == got.promised.base
            verify(work, got.promised, where.base, tip, reached if exact else None)
        except Conflict as failed:
            place = f"{got.label.rstrip('/')}/{manifest.FILE_NAME}"
            remarks.append(Remark(str(failed), place, error=True))
    return Posting(where, replace(where, git_dir=work), got, made_, tuple(remarks))


def kernel_here() -> Path | None:
    """Return the kernel clone that one stands in, None when it is none."""
    from generator.system.plumbing import users_git

    try:
        told = users_git(Path("."), "rev-parse", "--path-format=absolute", "--show-toplevel")
    except TreeError:
        return None
    top = Path(os.fsdecode(told.rstrip(b"\n")))
    wanted = ("Makefile", "Kconfig", "MAINTAINERS", "COPYING", "kernel", "scripts")
    if all((top / one).exists() for one in wanted):
        return top
    try:  # of a sparse work tree not all is laid out
        held = users_git(top, "ls-tree", "--name-only", "HEAD", *wanted).decode().split()
    except TreeError:
        return None
    return top if sorted(held) == sorted(wanted) else None


