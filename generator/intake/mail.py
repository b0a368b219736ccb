# SPDX-License-Identifier: GPL-2.0-only
"""Mails as git reads them: git mailsplit takes a file apart, git mailinfo a mail.

    split(work, name, text) -> [(line, mail), ...]
    read(work, name, line, mail, scissors) -> Mail
    piece(work, mail) -> Piece

What is no mail is made one first, as git am does: a bare diff, what git show prints, a patch of
stgit. `work` is a repository of ours, which git wants to stand in; nothing is written there but
files that go away with it.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from generator.errors import ProgramFailed, UsageError, Where
from generator.intake.lines import aligned
from generator.intake.piece import Author, Piece, Reading, place_of
from generator.system.plumbing import git
from generator.system.visible import one_line, visible

MOST_MAILS = 2000
_TIMEOUT = 60
_HEAD = 1 << 16

DIFF = re.compile(rb"^(?:diff --git |--- [^\n]*\n\+\+\+ |GIT binary patch\r?$)", re.M)
_SHOWN = re.compile(rb"commit [0-9a-f]{7,64}[^\n]*\n(?:[A-Z]\w+:[^\n]*\n)+\n")
_HEADER = re.compile(rb"[!-9;-~]+:|[ \t]")
_STGIT = re.compile(rb"[^\n]*\S[^\n]*\n[ \t]*\n(?:From|Author|Date):")
_REPLY = re.compile(r"\s*(?:\[[^\]]*\]\s*)?(?:re|aw|sv|fwd?|antw)(?:\[\d+\])?:", re.I)
_BRACKETS = re.compile(r"\s*(?:(?:re|aw|sv|fwd?|antw)(?:\[\d+\])?:\s*)*\[([^\]]*)\]", re.I)
_NUMBER = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")
_VERSION = re.compile(r"(?:PATCH|RFC)?v([0-9]{1,3})", re.I)
_CUT = re.compile(rb"^[ \t]*-+[ \t]*(?:>8|8<|>%|%<)[ \t-]", re.M)
_HTML = re.compile(rb"^content-type:[ \t]*text/html\b", re.I | re.M)
_PARTED = re.compile(
    rb"^content-type:[ \t]*multipart/[^\n]*(?:\n[ \t][^\n]*)*\bboundary="
    rb"(?:\"([^\"\n]+)\"|([^\s;]+))", re.I | re.M)
_FLOWED = re.compile(rb"^content-type:[^\n]*(?:\n[ \t][^\n]*)*format=\"?flowed", re.I | re.M)


@dataclass(frozen=True)
class Mail:
    """A mail; `subject` has its brackets, `log` is what follows it, `answers` are message ids."""

    file: str
    line: int
    raw: bytes
    subject: str
    author: Author
    log: bytes
    diff: bytes
    tags: tuple[str, ...] = ()
    number: int = -1
    total: int = 0
    version: int = 1
    ident: str = ""
    answers: tuple[str, ...] = ()
    scissors: bool = False

    @property
    def place(self) -> str:
        """Return how messages name it."""
        return place_of(self.file, self.line)

    @property
    def patch(self) -> bool:
        """Return whether git finds a diff in it."""
        return DIFF.search(self.diff) is not None

    @property
    def reply(self) -> bool:
        """Return whether the subject says that it answers another one."""
        return _REPLY.match(self.subject[:200]) is not None

    @property
    def posted(self) -> bool:
        """Return whether the brackets of the subject say that it is a patch."""
        return any(re.match(r"PATCH|RFC|RFT", tag, re.I) for tag in self.tags)

    @property
    def html(self) -> bool:
        """Return whether it is HTML, or has a part that is."""
        return _html(self.raw.replace(b"\r\n", b"\n"))

    @property
    def cut(self) -> bool:
        """Return whether it has a line of scissors that was not obeyed."""
        return not self.scissors and _CUT.search(self.log) is not None


def split(work: Path, name: str, text: bytes) -> list[tuple[int, bytes]]:
    """Take a file apart into mails, each with its first line; nothing when it holds none.

    Errors: UsageError.
    """
    if text.startswith(b"\xef\xbb\xbf"):
        text = text[3:]
    body = text.lstrip()
    first = text[: len(text) - len(body)].count(b"\n") + 1
    if body.startswith(b"From ") or _is_mail(body):
        return _split(work, name, text, first)
    body = body.replace(b"\r\n", b"\n")
    if _SHOWN.match(body):
        if len(re.findall(rb"^commit [0-9a-f]{7,64}\b", body, re.M)) > 1:
            raise UsageError(
                f"{one_line(name)}: several commits as git log or git show prints them, which says "
                "nothing of their order; write them with git format-patch --stdout"
            )
        return [(first, _as_mail(body))]
    if not DIFF.search(body):
        return []
    if _STGIT.match(body):
        return [(first, _of_stgit(body))]
    return [(first, b"\n" + body)]


def _is_mail(text: bytes) -> bool:
    """Return whether all lines until a blank one are headers, as git am asks."""
    head = text[:_HEAD].replace(b"\r\n", b"\n").partition(b"\n\n")[0].split(b"\n")
    return bool(head[0]) and all(_HEADER.match(row) for row in head)


def _split(work: Path, name: str, text: bytes, first: int) -> list[tuple[int, bytes]]:
    if text.count(b"\nFrom ") > MOST_MAILS:
        raise UsageError(f"{one_line(name)}: more than {MOST_MAILS} mails; name those of one "
                         "series")
    with tempfile.TemporaryDirectory(prefix="split-", dir=work) as out:
        try:
            git(work, "mailsplit", "-b", "-d6", f"-o{out}", stdin=text, timeout=_TIMEOUT)
        except ProgramFailed as failed:
            raise UsageError(
                f"{one_line(name)}: git does not read it as mails\n{failed.stderr.strip()}"
            ) from failed
        mails = [path.read_bytes() for path in sorted(Path(out).iterdir())]
    found = []
    for mail in mails:
        found.append((first, mail))
        first += mail.count(b"\n")
    return found


def _as_mail(shown: bytes) -> bytes:
    """Return what git show prints as the mail that it would be."""
    head, _, rest = shown.partition(b"\n\n")
    said = dict(row.split(b":", 1) for row in head.split(b"\n")[1:] if b":" in row)
    begin = DIFF.search(rest)
    log = rest[: begin.start()] if begin else rest
    diff = rest[begin.start() :] if begin else b""
    rows = [row.removeprefix(b"    ") for row in log.split(b"\n")]
    date = said.get(b"AuthorDate", said.get(b"Date", b"")).strip()
    return (
        b"From: %b\nDate: %b\nSubject: %b\n" % (said.get(b"Author", b"").strip(), date, rows[0])
        + b"Content-Type: text/plain; charset=UTF-8\n"
        + b"\n".join(rows[1:]) + b"\n---\n" + diff
    )  # fmt: skip


def _of_stgit(text: bytes) -> bytes:
    subject, _, rest = text.partition(b"\n")
    head, body = [b"Subject: " + subject], rest.lstrip(b"\n").split(b"\n")
    while body and (said := re.match(rb"(From|Author|Date):(.*)", body[0])):
        head.append((b"From" if said[1] == b"Author" else said[1]) + b":" + said[2])
        body.pop(0)
    return b"\n".join([*head, b"", *body])


def read(work: Path, name: str, line: int, text: bytes, *, scissors: bool = False) -> Mail:
    """Read one mail. Errors: UsageError when it holds a diff and git cannot read it."""
    try:
        said, log, diff = _info(work, text, "-k", _scissors(scissors))
    except ProgramFailed as failed:
        if DIFF.search(text):
            raise _unread(failed.stderr, text, Where(name, line)) from failed
        said, log, diff = {}, b"", b""
    subject = said.get("Subject", "")
    tags, number, total, version = numbered(subject)
    head = re.sub(rb"\r?\n[ \t]+", b" ", text[:_HEAD].partition(b"\n\n")[0])
    ident = re.search(rb"^message-id:\s*<([^<>\s]{1,500})>", head, re.I | re.M)
    refs = re.findall(rb"^(?:in-reply-to|references):([^\n]*)", head, re.I | re.M)
    return Mail(
        name, line, text, subject,
        Author(said.get("Author", ""), said.get("Email", ""), said.get("Date", "")),
        log, diff, tags, number, total, version,
        ident[1].decode(errors="replace") if ident else "",
        tuple(one.decode(errors="replace") for one in re.findall(rb"<([^<>\s]{1,500})>",
                                                                 b" ".join(refs))),
        scissors,
    )  # fmt: skip


def _html(text: bytes, depth: int = 4) -> bool:
    """Return whether a mail or a part of one is HTML, or has a part that is."""
    head, _, body = text.partition(b"\n\n")
    if _HTML.search(head[:_HEAD]):
        return True
    parted = _PARTED.search(head[:_HEAD])
    if parted is None or not depth:
        return False
    _, *parts = body.split(b"--" + (parted[1] or parted[2]))
    return any(_html(part, depth - 1) for part in parts)


def _unread(said: str, text: bytes, where: Where) -> UsageError:
    """Return what to say of a mail with a diff that git mailinfo does not take."""
    if found := re.search(r"cannot convert from (\S+) to UTF-8", said):
        charset = found[1].encode()
        at = re.search(rb"(?:charset=\"?|=\?)" + re.escape(charset), text, re.I)
        row = text.count(b"\n", 0, at.start()) if at else 0
        return UsageError(
            f"what it has is not of the charset {visible(found[1])!r} that it names, or git does "
            "not know that one: name the right one, mostly UTF-8, or get the mail as it was sent",
            Where(where.file, where.line + row),
        )
    return UsageError(f"git does not read it as a patch mail: {' '.join(said.split())}; get it as "
                      "it was sent", where)


def numbered(subject: str) -> tuple[tuple[str, ...], int, int, int]:
    """Return tags, number, total and version that the brackets of a subject state.

    The number is -1 where there is none.
    """
    words: list[str] = []
    rest = subject[:1000]
    while found := _BRACKETS.match(rest):
        words += found[1].replace(",", " ").split()
        rest = rest[found.end() :]
    number = next((m for word in words if (m := _NUMBER.fullmatch(word))), None)
    version = next((m for word in words if (m := _VERSION.fullmatch(word))), None)
    return (
        tuple(words),
        int(number[1]) if number else -1,
        int(number[2]) if number else 0,
        int(version[1]) if version else 1,
    )


def piece(work: Path, mail: Mail) -> Piece:
    """Return what a mail makes, with its subject as git am writes it.

    Errors: UsageError.
    """
    said, log, diff = _info(work, mail.raw, _scissors(mail.scissors))
    title = said.get("Subject", "").encode()
    body = log.strip(b"\n")
    message = git(work, "stripspace", stdin=title + b"\n\n" + body + b"\n", timeout=_TIMEOUT)
    begin = max(mail.raw.find(b"\n\n"), 0)
    start = mail.raw.count(b"\n", 0, begin)
    rows = aligned(b"\n".join(message.split(b"\n")[1:]), mail.raw, mail.line, start)
    subject = re.search(rb"^subject:", mail.raw, re.I | re.M)
    top = mail.raw.count(b"\n", 0, subject.start()) if subject else 0
    return Piece(
        mail.file, mail.line, message, mail.author, diff,
        (mail.line + top, *rows),
        aligned(diff, mail.raw, mail.line, start),
        tuple(_readings(work, mail, diff)),
        mail.tags, max(mail.number, 0), mail.total, raw=mail.raw,
    )  # fmt: skip


def _readings(work: Path, mail: Mail, diff: bytes) -> list[Reading]:
    """Return how else a diff can be read, where its mail says that it may need it."""
    found = []
    bare = re.search(rb"^(?:diff --git (?!\"?a/)|--- (?!\"?a/|/dev/null))[\w.]", diff, re.M)
    if bare:
        found.append(Reading(diff, 0, "its paths are without a/ and b/, as diff.noprefix writes "
                             "them; git am wants -p0 for it"))
    if b"\r\n" in diff:
        plain = _info(work, mail.raw, _scissors(mail.scissors), "--quoted-cr=strip")[2]
        found.append(Reading(plain, 1, "its lines end with CRLF inside of its encoding; git am "
                             "wants --quoted-cr=strip for it"))
    if _FLOWED.search(mail.raw[:_HEAD].replace(b"\r\n", b"\n").partition(b"\n\n")[0]):
        head, _, body = mail.raw.partition(b"\n\n")
        rows = [row[1:] if row[:1] == b" " else row for row in body.split(b"\n")]
        head = re.sub(rb"format=\"?flowed\"?", b"format=fixed", head, flags=re.I)
        fixed = _info(work, head + b"\n\n" + b"\n".join(rows), _scissors(mail.scissors))[2]
        found.append(Reading(fixed, 1, "it is marked format=flowed, and its lines are not: git am "
                             "does not take it; send it again as plain text"))
    return found


def _scissors(wanted: bool) -> str:
    return "--scissors" if wanted else "--no-scissors"


def _info(work: Path, text: bytes, *flags: str) -> tuple[dict[str, str], bytes, bytes]:
    """Return what git mailinfo says of a mail, its log and its diff. Errors: ProgramFailed."""
    with tempfile.TemporaryDirectory(prefix="info-", dir=work) as out:
        log, diff = Path(out, "log"), Path(out, "diff")
        told = git(
            # --encoding=UTF-8 would be the default too, but git 2.39 recodes nothing with it
            work, "mailinfo", "-u", "--quoted-cr=nowarn", *flags,
            str(log), str(diff), stdin=text, timeout=_TIMEOUT,
        )  # fmt: skip
        said = {}
        for row in told.decode(errors="replace").split("\n"):
            key, colon, value = row.partition(": ")
            if colon:
                said[key] = value
        return said, log.read_bytes(), diff.read_bytes()
