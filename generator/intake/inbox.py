# SPDX-License-Identifier: GPL-2.0-only
"""The files that a user named as a series, read within bounds; what is in them is read elsewhere.

    read(inputs, stdin) -> Inbox

An input is a file, `-`, a maildir, or a directory: of patches, of mails under any name, as quilt
keeps it, or as `portwright generate` wrote it. Only regular files are opened, a link is followed
only when it stays in its directory, and whatever is left out is named.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from generator.errors import UsageError
from generator.intake.remark import Remark
from generator.series import manifest
from generator.series.manifest import Manifest, read_bounded
from generator.series.output import refuse_torn
from generator.system.visible import one_line

MOST_FILE = 32 << 20
MOST_BYTES = 64 << 20
MOST_FILES = 2000

# What carries such a name must be a patch or a mail; anything else in a directory may be one.
NAMED = re.compile(r".*\.(patch|diff|eml|mbox|mbx)(\.gz)?", re.I)
_SERIES = "series"


@dataclass(frozen=True)
class Paper:
    """A file as the user wrote its name, and its bytes; `must` when it has to hold a patch."""

    name: str
    text: bytes
    must: bool


@dataclass(frozen=True)
class Inbox:
    """Files in their order; `listed` when something says that this is the order of the patches."""

    papers: tuple[Paper, ...]
    remarks: tuple[Remark, ...] = ()
    promised: Manifest | None = None
    listed: bool = False


def read(inputs: Sequence[str], stdin: BinaryIO | None) -> Inbox:
    """Read what the user named; stdin None is that of the process.

    Errors: UsageError naming the file and what would mend it.
    """
    papers: list[Paper] = []
    remarks: list[Remark] = []
    promised: Manifest | None = None
    listed = False
    left = MOST_BYTES
    for name in inputs:
        if name == "-":
            text = (stdin or standard_input()).read(MOST_FILE + 1)
            papers.append(Paper("-", _unpacked("-", text), True))
        elif Path(name).is_dir():
            found = _directory(name, alone=len(inputs) == 1)
            papers += found.papers
            remarks += found.remarks
            promised, listed = found.promised, found.listed
        else:
            path = Path(os.path.realpath(name))
            refuse_special(name, path)
            papers.append(Paper(name, _unpacked(name, read_bounded(path, MOST_FILE, name)), True))
        left = MOST_BYTES - sum(len(paper.text) for paper in papers)
        if left < 0 or len(papers) > MOST_FILES:
            raise UsageError(
                f"{one_line(name)}: more than {MOST_BYTES >> 20} MiB or {MOST_FILES} files in all; "
                "name the patches of one series"
            )
    return Inbox(tuple(papers), tuple(remarks), promised, listed)


def standard_input() -> BinaryIO:
    """Return what is piped in. Errors: UsageError when stdin is closed."""
    if sys.stdin is None:
        raise UsageError("-: stdin is closed: pipe the mails in, or name a file")
    return sys.stdin.buffer


def refuse_special(name: str, path: Path) -> None:
    """See that a name is that of a regular file. Errors: UsageError saying what it is."""
    try:
        mode = path.stat(follow_symlinks=False).st_mode
    except OSError as missing:
        raise UsageError(f"{one_line(name)}: cannot be read: {missing.strerror}") from missing
    kinds = (
        (stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"), (stat.S_ISLNK, "a link"),
    )  # fmt: skip
    for holds, kind in kinds:
        if holds(mode):
            raise UsageError(
                f"{one_line(name)}: {kind}, not a file with patches; "
                "save what it gives in a file, or name - and pipe it in"
            )


def _directory(name: str, *, alone: bool) -> Inbox:
    top = Path(name)
    if (top / ".git").exists() and (top / "Kconfig").exists():
        raise UsageError(
            f"{one_line(name)}: a kernel tree, not a series; name commits (a..b), "
            "or give --uncommitted for what is changed in it"
        )
    if (top / "cur").is_dir() and (top / "new").is_dir():
        return _maildir(name)
    names = _names(top)
    refuse_torn(top)
    if alone and manifest.FILE_NAME in names:
        return _promised(name, names)
    order = _quilt(top, names)
    if order:
        return Inbox(tuple(_paper(name, one, must=True) for one in order), listed=True)
    papers, remarks = [], []
    for one in names:
        must = NAMED.fullmatch(one) is not None
        if one.startswith(".") or one.endswith(("~", ".rej", ".orig")):
            continue
        if not must and not _plain(top / one):
            remarks.append(Remark("left out: no regular file", f"{name.rstrip('/')}/{one}"))
            continue
        papers.append(_paper(name, one, must=must))
    if not papers:
        raise UsageError(f"{one_line(name)}: no patches here; name a directory, or files, "
                         "with some")
    return Inbox(tuple(papers), tuple(remarks))


def _names(top: Path) -> list[str]:
    """Return what is in a directory, with numbers in names in their order."""
    found = []
    with os.scandir(top) as entries:
        for entry in entries:
            found.append(entry.name)
            if len(found) > MOST_FILES:
                raise UsageError(f"{one_line(str(top))}: more than {MOST_FILES} files; this is no "
                                 "directory of one series")
    return sorted(found, key=natural)


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return the key that puts 10.patch behind 9.patch."""
    parts = re.split(r"([0-9]{1,18})", name)
    return tuple((0, int(p), "") if n % 2 else (1, 0, p) for n, p in enumerate(parts) if p)


def _plain(path: Path) -> bool:
    return stat.S_ISREG(path.stat(follow_symlinks=False).st_mode)


def _paper(directory: str, name: str, *, must: bool, room: int = MOST_FILE) -> Paper:
    shown = f"{directory.rstrip('/') or '/'}/{name}" if directory != "." else name
    top = Path(os.path.realpath(directory))
    path = top / name
    if path.is_symlink():
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(top):
            raise UsageError(f"{one_line(shown)}: a link out of its directory; copy the file there")
        path = target
    refuse_special(shown, path)
    return Paper(shown, _unpacked(shown, read_bounded(path, room, shown)), must)


def _maildir(name: str) -> Inbox:
    top = Path(name)
    found = []
    for part in ("cur", "new"):
        found += [f"{part}/{one}" for one in _names(top / part) if not one.startswith(".")]
    if not found:
        raise UsageError(f"{one_line(name)}: a maildir without mails; name one that has some")
    return Inbox(tuple(_paper(name, one, must=False) for one in found))


def _promised(name: str, names: Sequence[str]) -> Inbox:
    """Read what generate wrote: the patches that series.json lists, and no others."""
    promised = manifest.read(Path(name))
    papers = [_paper(name, one, must=True) for one in promised.patches]
    covers = [one for one in names if re.fullmatch(r"0000-[\w.+-]*\.patch", one)]
    papers = [_paper(name, one, must=True) for one in covers] + papers
    known = {*promised.patches, *covers}
    remarks = [
        Remark(f"left out: {manifest.FILE_NAME} does not list it; generate the series again, or "
               "remove the file", f"{name.rstrip('/')}/{one}", error=True)
        for one in names if NAMED.fullmatch(one) and one not in known
    ]  # fmt: skip
    if not promised.final:
        remarks.append(Remark("its tree is all zeros: it promises no result, and none was compared",
                              f"{name.rstrip('/')}/{manifest.FILE_NAME}"))
    return Inbox(tuple(papers), tuple(remarks), promised, listed=True)


def _quilt(top: Path, names: Sequence[str]) -> list[str]:
    """Return the patches in the order of quilt's file, none when there is no such file."""
    if _SERIES not in names or not _plain(top / _SERIES):
        return []
    rows = read_bounded(top / _SERIES).decode("utf-8", "surrogateescape").splitlines()
    order = [row.split("#")[0].split()[0] for row in rows if row.split("#")[0].strip()]
    if not order or any(one.startswith("/") or ".." in one.split("/") for one in order):
        return []
    # Anything may be called `series`; quilt's names files that are there.
    return order if all((top / one).exists() for one in order[:3]) else []


# how files begin that hold others in a way that is not read here
_PACKED = ((b"PK\x03\x04", "zip"), (b"\xfd7zXZ\0", "xz"), (b"BZh", "bzip2"),
           (b"\x28\xb5\x2f\xfd", "zstd"), (b"\x1f\x8b", "gzip within gzip"))


def _unpacked(name: str, text: bytes) -> bytes:
    """Return the text of a file, of a gzipped one as lore gives it what is in it."""
    if text.startswith(b"\x1f\x8b"):
        unpacker = zlib.decompressobj(31)
        try:
            text = unpacker.decompress(text, MOST_FILE + 1)
        except zlib.error as broken:
            raise UsageError(f"{one_line(name)}: not a sound gzip file: {broken}") from broken
        if not unpacker.eof and len(text) <= MOST_FILE:
            raise UsageError(f"{one_line(name)}: not a sound gzip file: it ends in the middle; get "
                             "it again")
    if len(text) > MOST_FILE:
        raise UsageError(f"{one_line(name)}: larger than {MOST_FILE >> 20} MiB")
    return text


def packed(text: bytes) -> str:
    """Return in which way a file holds others, "" when it holds none."""
    if text[257:262] == b"ustar":
        return "tar"
    return next((kind for start, kind in _PACKED if text.startswith(start)), "")
