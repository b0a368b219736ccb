# SPDX-License-Identifier: GPL-2.0-only
"""What kernels are built of beside rendered series: diffs laid over a commit, and users' commits.

    with_diffs(tree, commit, [(name, text), ...]) -> {path: content, None where it is deleted}
    between(tree, old, new) -> the same of two commits
    nearest(path, rev) -> the ancestor of a commit in a user's clone that is checked out already
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from generator.errors import Conflict, ProgramFailed, UsageError
from generator.kernel import pin
from generator.kernel.tree import Tree, listing, read_many, touched
from generator.series.plain_files import refuse_content, refuse_modes
from generator.system.cache import cache
from generator.system.plumbing import git, users_git

_FAR = 300  # commits, to look back for a checkout
_HUNK = re.compile(rb"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")


def with_diffs(
    tree: Tree, commit: str, diffs: Sequence[tuple[str, bytes]]
) -> dict[str, bytes | None]:
    """Return the files that diffs, given as (name, text), change in a commit, one after another.

    Errors: UsageError (no diff, or more than text in plain files inside the tree), Conflict
    naming file and hunk, TreeError.
    """
    with tempfile.TemporaryDirectory() as place:
        index = {"GIT_INDEX_FILE": str(Path(place, "index"))}
        git(tree.git_dir, "read-tree", commit, env=index)
        before = git(tree.git_dir, "rev-parse", f"{commit}^{{tree}}").decode().strip()
        first = before
        for name, text in diffs:
            refuse_content(tree.git_dir, name, text)
            try:
                git(
                    tree.git_dir,
                    *("-c", "core.protectHFS=true", "-c", "core.protectNTFS=true"),
                    *("apply", "--cached", "--whitespace=nowarn", "-"),
                    stdin=text, env=index,
                )
            except ProgramFailed as failed:
                raise Conflict(_explained(name, text, str(failed))) from failed
            after = git(tree.git_dir, "write-tree", env=index).decode().strip()
            refuse_modes(tree.git_dir, name, before, after)
            before = after
    return _changed(tree, first, before)


def between(tree: Tree, old: str, new: str) -> dict[str, bytes | None]:
    """Return the files that differ in another commit: their content there, None for no file.

    Errors: UsageError when one is no plain file there, TreeError.
    """
    refuse_modes(tree.git_dir, new[:12], old, new, nothing=True)
    return _changed(tree, old, new)


def nearest(path: Path, rev: str) -> str:
    """Return the nearest commit, back from one, that a build has a checkout of; else that one.

    So that a kernel of a commit is built by what differs.
    Errors: UsageError when there is no such repository or commit.
    """
    try:
        told = users_git(path, "log", "--first-parent", f"--max-count={_FAR}", "--format=%H %T",
                         "--end-of-options", rev, "--")
    except ProgramFailed as failed:
        raise UsageError(f"{path}: no commit {rev!r}; name one that it has") from failed
    rows = [row.split() for row in told.decode().splitlines()]
    for commit, tree in rows:
        if pin.work_of(tree) or (cache() / "own" / tree / "work").is_dir():
            return commit
    return rows[0][0]


def _changed(tree: Tree, old: str, new: str) -> dict[str, bytes | None]:
    """Return what differs in another commit, or tree: they have paths alike."""
    paths = touched(tree, old, new)
    # read_many() takes what has no such file for a commit.
    there = listing(tree, new)
    found = read_many(tree, [(new, path) for path in paths if path in there])
    return {path: found.get((new, path)) for path in paths}


def _explained(name: str, text: bytes, said: str) -> str:
    """Return which hunk of which file does not apply, from what git said."""
    failed = re.search(r"patch failed: (.+):(\d+)$", said, re.MULTILINE)
    if failed is None:
        reason = re.search(r"^error: (.+)$", said, re.MULTILINE)
        return f"{name}: does not apply: {reason[1] if reason else said}"
    path, line = failed[1], int(failed[2])
    number, mine = 0, False
    for row in text.split(b"\n"):
        if row.startswith((b"--- ", b"diff ")):
            number, mine = 0, False
        elif row.startswith(b"+++ "):
            mine = row[4:].split(b"\t")[0].decode(errors="replace").partition("/")[2] == path
        elif found := _HUNK.match(row):
            number += 1
            if mine and int(found[1]) == line:
                return (f"{name}: does not apply: {path}: hunk {number}, at line {line}: what it "
                        "takes away, or what it has around that, does not stand there")
    return f"{name}: does not apply: {path}, at line {line}"
