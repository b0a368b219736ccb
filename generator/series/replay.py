# SPDX-License-Identifier: GPL-2.0-only
"""Patch files to commits in a scratch repository; the patches are data that nobody trusts.

    replay(work, base, patches, committer) -> commit ids
    verify(work, series, base, tip, tree)

Nothing of a patch is run. Its effect is judged by the tree it makes, not by its text: plain
files inside the tree, of bounded size, no links, no binaries.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from generator.errors import Conflict, ProgramFailed, TreeError, UsageError
from generator.kernel.tree import check_path
from generator.series import manifest
from generator.series.manifest import Manifest
from generator.system.plumbing import git

MOST_FILE_BYTES = 16 << 20


def replay(
    work: Path,
    base: str,
    patches: Sequence[tuple[str, bytes]],
    committer: Mapping[str, str] | None,
) -> tuple[str, ...]:
    """Commit patches, given as (file name, text), on a base in a bare repository of ours.

    committer: GIT_COMMITTER_* for every commit, None for the author of each.
    Errors: UsageError (no patch mail, or more than text in plain files), Conflict, TreeError.
    """
    index = {"GIT_INDEX_FILE": str(work / "portwright-index")}
    git(work, "read-tree", base, env=index)
    commits: list[str] = []
    for name, text in patches:
        message, diff, author = _mail(work, name, text)
        refuse_content(work, name, diff)
        try:
            git(
                work,
                *("-c", "core.protectHFS=true", "-c", "core.protectNTFS=true"),
                *("apply", "--cached", "--whitespace=nowarn", "-"),
                stdin=diff,
                env=index,
            )
        except ProgramFailed as failed:
            raise Conflict(f"{name}: does not apply; nothing was changed\n{failed}") from failed
        tree = git(work, "write-tree", env=index).decode().strip()
        parent = commits[-1] if commits else base
        refuse_modes(work, name, parent, tree)
        told = git(
            work,
            *("commit-tree", tree, "-p", parent),
            stdin=message,
            env={**author, **(committer or _as_committer(author))},
        )
        commits.append(told.decode().strip())
    return tuple(commits)


def _as_committer(author: dict[str, str]) -> dict[str, str]:
    return {
        "GIT_COMMITTER_NAME": author["GIT_AUTHOR_NAME"],
        "GIT_COMMITTER_EMAIL": author["GIT_AUTHOR_EMAIL"],
        "GIT_COMMITTER_DATE": f"{int(time.time())} +0000",
    }


def _mail(work: Path, name: str, text: bytes) -> tuple[bytes, bytes, dict[str, str]]:
    """Return a patch file as git am reads it: log message, diff, author."""
    log, diff = work / "portwright-log", work / "portwright-diff"
    try:
        told = git(
            work, "mailinfo", "--encoding=UTF-8", "--no-scissors", str(log), str(diff), stdin=text
        )
    except ProgramFailed as failed:
        raise UsageError(f"{name}: git does not read it as a patch mail\n{failed}") from failed
    said = dict(
        row.split(": ", 1) for row in told.decode(errors="replace").splitlines() if ": " in row
    )
    missing = [key for key in ("Author", "Email", "Subject", "Date") if not said.get(key)]
    if missing:
        raise UsageError(f"{name}: no {' and no '.join(missing)} in its head; not a patch mail")
    body = log.read_bytes().strip(b"\n")
    message = said["Subject"].encode() + b"\n" + (b"\n" + body + b"\n" if body else b"")
    author = {
        "GIT_AUTHOR_NAME": said["Author"],
        "GIT_AUTHOR_EMAIL": said["Email"],
        "GIT_AUTHOR_DATE": said["Date"],
    }
    return message, diff.read_bytes(), author


def refuse_content(work: Path, name: str, diff: bytes) -> None:
    """See that a diff is one, of text. Errors: UsageError."""
    try:
        told = git(work, "apply", "--numstat", "-z", "-", stdin=diff)
    except ProgramFailed as failed:
        raise UsageError(f"{name}: git does not read it as a patch\n{failed}") from failed
    for row in os.fsdecode(told).split("\0"):
        # A binary patch may unpack to any size.
        if row.startswith("-\t-\t"):
            raise UsageError(f"{name}: changes {row[4:]} as a binary file; that is not applied")


def refuse_modes(
    work: Path, name: str, parent: str, tree: str, *, nothing: bool = False
) -> None:
    """See what the commit really does: plain files inside the tree, of sane sizes.

    `nothing`: it may change nothing. Errors: UsageError.
    """
    told = git(work, "diff-tree", "-r", "-z", "--no-renames", parent, tree)
    fields = os.fsdecode(told).split("\0")
    blobs = []
    for row, path in zip(fields[::2], fields[1::2], strict=False):
        before, after, _, blob, status = row.removeprefix(":").split()
        try:
            check_path(path)
        except TreeError as outside:
            raise UsageError(f"{name}: {outside}") from outside
        if not {before, after} <= {"000000", "100644", "100755"}:
            raise UsageError(f"{name}: {path} is no regular file; that is not applied")
        if status != "D":
            blobs.append(blob)
    if not blobs and len(fields) < 2 and not nothing:
        raise UsageError(f"{name}: changes nothing")
    sizes = git(work, "cat-file", "--batch-check=%(objectsize)", stdin="\n".join(blobs).encode())
    if any(int(size) > MOST_FILE_BYTES for size in sizes.split()):
        raise UsageError(f"{name}: makes a file larger than {MOST_FILE_BYTES >> 20} MiB")


def verify(work: Path, series: Manifest, base: str, tip: str, tree: str | None) -> None:
    """See that base..tip makes the blobs, and the tree if one is given, that were promised.

    Errors: Conflict naming every file that differs.
    """
    told = git(work, "diff-tree", "-r", "-z", "--no-renames", base, tip)
    fields = os.fsdecode(told).split("\0")
    got = {
        path: row.split()[3] if row.split()[3].strip("0") else None
        for row, path in zip(fields[::2], fields[1::2], strict=False)
    }
    promised = {path: after for path, before, after in series.files if before != after}
    if got != promised:
        wrong = sorted(p for p in got.keys() | promised.keys() if got.get(p) != promised.get(p))
        raise Conflict(
            f"the patches do not make what {manifest.FILE_NAME} promises, in {', '.join(wrong)}; "
            "nothing was changed; generate the series again"
        )
    if tree is not None and tree != series.tree:
        raise Conflict(
            f"the patches make tree {tree}, {manifest.FILE_NAME} promises {series.tree}; "
            "nothing was changed; generate the series again"
        )
