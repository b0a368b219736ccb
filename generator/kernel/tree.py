# SPDX-License-Identifier: GPL-2.0-only
"""Kernel trees as objects, to be read: files of a commit, and what differs in two.

read(tree, commit, path) -> bytes | None
read_many(tree, [(commit, path), ...]) -> {(commit, path): bytes | None}
files(tree, commit, under) -> paths      tree_id(tree, commit), touched(tree, old, new)
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from generator.errors import TreeError
from generator.system.plumbing import git, rows


@dataclass(frozen=True)
class Tree:
    """A base commit, the repository that holds it, and its one checkout (read only)."""

    git_dir: Path
    base: str
    version: str
    work: Path
    source: str


def read(tree: Tree, commit: str, path: str) -> bytes | None:
    """Return the content of a file in a commit, None when the commit has no such file.

    Errors: TreeError.
    """
    return read_many(tree, [(commit, path)])[commit, path]


def read_many(tree: Tree, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], bytes | None]:
    """Return the contents of many files of many commits, through one git process.

    Errors: TreeError.
    """
    asked = list(dict.fromkeys(wanted))
    for _, path in asked:
        check_path(path)
    told = git(
        tree.git_dir,
        "cat-file",
        "--batch",
        stdin="".join(f"{commit}:{path}\n" for commit, path in asked).encode(),
    )
    contents: dict[tuple[str, str], bytes | None] = {}
    at = 0
    for key in asked:
        end = told.index(b"\n", at)
        head = told[at:end]
        at = end + 1
        if head.endswith((b" missing", b" ambiguous")):
            contents[key] = None
            continue
        _, kind, size = head.rsplit(b" ", 2)
        contents[key] = told[at : at + int(size)] if kind == b"blob" else None
        at += int(size) + 1
    lost = {commit for (commit, _), text in contents.items() if text is None}
    for commit in sorted(lost):
        git(tree.git_dir, "cat-file", "-e", f"{commit}^{{commit}}")
    return contents


def listing(tree: Tree, commit: str, under: str = "") -> dict[str, tuple[str, str]]:
    """Return every file of a commit below a directory: path to (mode, blob id).

    Errors: TreeError.
    """
    return blobs(tree.git_dir, commit, under)


def blobs(git_dir: Path, commit: str, under: str = "") -> dict[str, tuple[str, str]]:
    """Return the same of any repository of ours; the commit may be a tree.

    Errors: TreeError.
    """
    limit = ["--", check_path(under)] if under else []
    return rows(git(git_dir, "ls-tree", "-r", "-z", "--full-tree", commit, *limit))


def files(tree: Tree, commit: str, under: str = "") -> tuple[str, ...]:
    """Return the paths of all files of a commit below a directory, sorted.

    Errors: TreeError.
    """
    return tuple(sorted(listing(tree, commit, under)))


def tree_id(tree: Tree, commit: str) -> str:
    """Return the git tree id of a commit.

    Errors: TreeError.
    """
    return git(tree.git_dir, "rev-parse", "--verify", f"{commit}^{{tree}}").decode().strip()


def touched(tree: Tree, old: str, new: str) -> tuple[str, ...]:
    """Return the paths that differ between two commits, sorted; a rename is two of them.

    Errors: TreeError.
    """
    told = git(tree.git_dir, "diff-tree", "-r", "-z", "--no-renames", "--name-only", old, new)
    return tuple(sorted(path for path in os.fsdecode(told).split("\0") if path))


def check_path(path: str) -> str:
    """Return the path itself when it is a plain relative one inside the tree.

    Errors: TreeError naming it otherwise.
    """
    parts = path.split("/")
    if (
        not path
        or any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)
        or any(ord(letter) < 32 or letter in '"\\' for letter in path)
    ):
        raise TreeError(f"{path!r}: not a path inside the tree")
    return path
