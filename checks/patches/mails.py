# SPDX-License-Identifier: GPL-2.0-only
"""A series as git format-patch writes it, read as data: nothing in it is trusted or run."""

from __future__ import annotations

import email.header
import email.parser
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.errors import Conflict, UsageError, Where

# bounds on what we read of a directory that somebody else filled
MAX_PATCHES = 200
MAX_BYTES = 4_000_000

_SUBJECT = re.compile(r"\s*\[(?P<tags>[^\]]*)\]\s*(?P<rest>.*)")
_NUMBER = re.compile(r"(\d+)/(\d+)$")
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True)
class Hunk:
    """Lines of a diff with their first character; `start` is the first line before the change."""

    start: int
    lines: tuple[str, ...]
    at: int  # line of the patch file


@dataclass(frozen=True)
class FileDiff:
    """What a patch does to one file; `mode` is that of a new file, empty for an old one."""

    path: str
    new: bool
    deleted: bool
    mode: str
    hunks: tuple[Hunk, ...]

    def added(self) -> tuple[tuple[int, str], ...]:
        """Return (line after the patch, text) of each added line."""
        found = []
        shift = 0
        for hunk in self.hunks:
            line = hunk.start + shift + (1 if not any(x[0] in " -" for x in hunk.lines) else 0)
            for text in hunk.lines:
                if text[0] == "+":
                    found.append((line, text[1:]))
                line += text[0] in "+ "
            shift += sum((x[0] == "+") - (x[0] == "-") for x in hunk.lines)
        return tuple(found)


@dataclass(frozen=True)
class Patch:
    """One mail: `tags` are the words in brackets, `log` what git keeps, `below` what it drops.

    `number` and `total` are 0 where the subject has none. Lines of `log` start at line `log_at`
    of the file.
    """

    file: str
    number: int
    total: int
    tags: tuple[str, ...]
    subject: str
    author: str
    log: str
    log_at: int
    below: str
    diffs: tuple[FileDiff, ...]

    @property
    def name(self) -> str:
        """Return how findings name this commit."""
        return f"{self.number}/{self.total} {self.subject}" if self.total else self.subject


@dataclass(frozen=True)
class SeriesText:
    """The mails of one directory: a cover letter if there is one, and the patches in order."""

    directory: str
    cover: Patch | None
    patches: tuple[Patch, ...]


def read_directory(directory: Path) -> SeriesText:
    """Read the *.patch files of a directory.

    Errors: UsageError with file and line when something is not as git format-patch writes it.
    """
    if not directory.is_dir():
        raise UsageError(f"{directory}: no such directory; name one that holds *.patch files")
    files = sorted(directory.glob("*.patch"))
    if not files:
        raise UsageError(f"{directory}: no *.patch files here; run `portwright generate` first")
    if len(files) > MAX_PATCHES:
        raise UsageError(f"{directory}: {len(files)} patches, more than {MAX_PATCHES}")
    mails = []
    for file in files:
        if file.stat().st_size > MAX_BYTES:
            raise UsageError(f"{file}: more than {MAX_BYTES} bytes; this is no patch to review")
        mails.append(read_patch(file.name, file.read_bytes()))
    cover = next((mail for mail in mails if not mail.diffs and mail.number == 0), None)
    patches = tuple(mail for mail in mails if mail is not cover)
    return SeriesText(str(directory), cover, patches)


def read_patch(name: str, data: bytes) -> Patch:
    """Read one mail of git format-patch.

    Errors: UsageError with file and line.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError("not UTF-8 text", Where(name, line)) from error
    lines = text.split("\n")
    if not lines[0].startswith("From "):
        raise UsageError("a patch starts with a `From <commit> <date>` line", Where(name, 1))
    blank = lines.index("") if "" in lines else len(lines)
    headers = email.parser.Parser().parsestr("\n".join(lines[1:blank]) + "\n\n")
    for wanted in ("From", "Subject", "Date"):
        if headers[wanted] is None:
            raise UsageError(f"the mail has no {wanted}: header", Where(name, 1))
    tags, subject = _subject(_decoded(headers["Subject"]))
    number = next((_NUMBER.match(tag) for tag in tags if _NUMBER.match(tag)), None)
    body = lines[blank + 1 :]
    # the first line of three dashes ends the log, whatever stands before it
    cut = next((n for n, line in enumerate(body) if line == "---"), None)
    starts = [n for n, line in enumerate(body) if line.startswith("diff --git ")]
    if starts and cut is None:
        raise UsageError("no `---` line between log and diff", Where(name, blank + 2))
    starts = [n for n in starts if cut is not None and n > cut]
    diff_at = starts[0] if starts else len(body)
    if cut is None:
        cut = next((n for n, line in enumerate(body) if line == "-- "), len(body))
    return Patch(
        name,
        int(number[1]) if number else 0,
        int(number[2]) if number else 0,
        tags,
        subject,
        _decoded(headers["From"]),
        "\n".join(body[:cut]).strip("\n") if starts else "\n".join(body[:diff_at]),
        blank + 2,
        "\n".join(body[cut:diff_at]),
        _diffs(name, body[diff_at:], blank + 2 + diff_at),
    )


def _decoded(value: str) -> str:
    joined = re.sub(r"\n[ \t]+", " ", value)
    return str(email.header.make_header(email.header.decode_header(joined)))


def _subject(text: str) -> tuple[tuple[str, ...], str]:
    match = _SUBJECT.fullmatch(text)
    if not match:
        return (), text.strip()
    return tuple(match["tags"].split()), match["rest"].strip()


def _diffs(name: str, lines: list[str], first: int) -> tuple[FileDiff, ...]:
    found: list[FileDiff] = []
    position = 0
    while position < len(lines):
        if not lines[position].startswith("diff --git "):
            position += 1
            continue
        diff, position = _file(name, lines, position, first)
        found.append(diff)
    return tuple(found)


def _file(name: str, lines: list[str], at: int, first: int) -> tuple[FileDiff, int]:
    match = re.fullmatch(r"diff --git a/(\S+) b/(\S+)", lines[at])
    if not match or match[1] != match[2]:
        raise UsageError(
            "a renamed or oddly named file; write patches with `git format-patch --no-renames`",
            Where(name, first + at),
        )
    path = match[1]
    if path.startswith("/") or ".." in path.split("/"):
        raise UsageError(f"{path} leaves the tree", Where(name, first + at))
    new = deleted = False
    mode = ""
    hunks: list[Hunk] = []
    position = at + 1
    while position < len(lines) and not lines[position].startswith("diff --git "):
        line = lines[position]
        if line.startswith("new file mode "):
            new, mode = True, line.split()[-1]
            if mode not in ("100644", "100755"):
                raise UsageError(
                    f"{path} is no regular file, mode {mode}; links and submodules are not read",
                    Where(name, first + position),
                )
        elif line.startswith("deleted file mode "):
            deleted = True
        elif line.startswith(("old mode ", "new mode ", "GIT binary", "Binary files", "rename ")):
            raise UsageError(
                f"{line.split()[0]} patches are not read", Where(name, first + position)
            )
        elif line.startswith("@@ "):
            hunk, position = _hunk(name, lines, position, first)
            hunks.append(hunk)
            continue
        elif line == "-- ":
            return FileDiff(path, new, deleted, mode, tuple(hunks)), len(lines)
        position += 1
    return FileDiff(path, new, deleted, mode, tuple(hunks)), position


def _hunk(name: str, lines: list[str], at: int, first: int) -> tuple[Hunk, int]:
    match = _HUNK.match(lines[at])
    if not match:
        raise UsageError(f"not a hunk header: {lines[at][:40]}", Where(name, first + at))
    before = int(match[2]) if match[2] is not None else 1
    after = int(match[4]) if match[4] is not None else 1
    body: list[str] = []
    position = at + 1
    while before or after:
        if position >= len(lines) or lines[position][:1] not in (" ", "+", "-", "\\"):
            raise UsageError("the hunk ends early", Where(name, first + position))
        line = lines[position]
        before -= line[0] in " -"
        after -= line[0] in " +"
        if line[0] != "\\":
            body.append(line)
        position += 1
    return Hunk(int(match[1]), tuple(body), first + at), position


Reader = Callable[[str], bytes | None]


def edits(series: SeriesText, read: Reader) -> tuple[Mapping[str, bytes | None], ...]:
    """Return what each patch makes of the files it touches: path to new text, None deletes.

    `read` gives the base's files. Context must match at the very line, as after format-patch on
    that base.
    Errors: Conflict with patch file and line when a hunk does not fit.
    """
    now: dict[str, bytes | None] = {}
    found = []
    for patch in series.patches:
        edit: dict[str, bytes | None] = {}
        for diff in patch.diffs:
            text = now[diff.path] if diff.path in now else read(diff.path)
            edit[diff.path] = applied(patch.file, diff, text)
        now.update(edit)
        found.append(edit)
    return tuple(found)


def applied(file: str, diff: FileDiff, text: bytes | None) -> bytes | None:
    """Return a file's text after a diff, None when the diff deletes it.

    Errors: Conflict.
    """
    if diff.new != (text is None):
        there = "is there already" if diff.new else "is not in the tree"
        raise Conflict(f"{file}: {diff.path} {there}; the series is not for this base")
    old = text.decode("utf-8", "surrogateescape").split("\n") if text is not None else [""]
    if old and old[-1] == "":
        old.pop()
    out: list[str] = []
    at = 0
    for hunk in diff.hunks:
        wanted = [line[1:] for line in hunk.lines if line[0] in " -"]
        start = hunk.start - 1 if wanted else hunk.start
        if old[start : start + len(wanted)] != wanted or start < at:
            raise Conflict(
                f"the hunk does not fit {diff.path}:{hunk.start}; the series is not for this base",
                Where(file, hunk.at),
            )
        out += old[at:start]
        out += [line[1:] for line in hunk.lines if line[0] in " +"]
        at = start + len(wanted)
    out += old[at:]
    if diff.deleted:
        return None
    return "".join(line + "\n" for line in out).encode("utf-8", "surrogateescape")
