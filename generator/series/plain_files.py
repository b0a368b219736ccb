# SPDX-License-Identifier: GPL-2.0-only
"""That a patch, and the commit that git made of it, is of plain files of sane sizes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from generator.errors import EnvironmentFault, ProgramFailed, TreeError, UsageError
from generator.kernel.tree import check_path
from generator.system.plumbing import git

MOST_FILE_BYTES = 16 << 20
MOST_COMMIT_BYTES = 256 << 20


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
    work: Path, name: str, parent: str, tree: str, *, nothing: bool = False,
    place: Callable[[str], str] | None = None,
) -> None:
    """See what the commit really does: plain files inside the tree, of sane sizes.

    `nothing`: it may change nothing. `place` says where a path stands in the user's file.
    Errors: UsageError.
    """
    told = git(work, "diff-tree", "-r", "-z", "--no-renames", parent, tree)
    fields = os.fsdecode(told).split("\0")
    blobs = []
    for row, path in zip(fields[::2], fields[1::2], strict=False):
        before, after, _, blob, status = row.removeprefix(":").split()
        try:
            check_path(path)
        except TreeError as outside:
            raise UsageError(f"{place(path) if place else name}: {outside}") from outside
        if not {before, after} <= {"000000", "100644", "100755"}:
            kind = (
                "a submodule, which has no place in a kernel tree"
                if "160000" in (before, after)
                else "no regular file but a link; that is not applied"
            )
            raise UsageError(f"{place(path) if place else name}: {path} is {kind}")
        if status != "D":
            blobs.append(blob)
    if not blobs and len(fields) < 2 and not nothing:
        raise UsageError(f"{name}: changes nothing")
    told = git(work, "cat-file", "--batch-check=%(objectsize)", stdin="\n".join(blobs).encode())
    sizes = told.splitlines()
    if any(not size.isdigit() for size in sizes):
        raise EnvironmentFault(f"{name}: the clone lacks objects of it; fetch them first")
    most = max(map(int, sizes), default=0)
    if most > MOST_FILE_BYTES or sum(map(int, sizes)) > MOST_COMMIT_BYTES:
        raise UsageError(
            f"{name}: makes a file larger than {MOST_FILE_BYTES >> 20} MiB, or more than "
            f"{MOST_COMMIT_BYTES >> 20} MiB in all"
        )
