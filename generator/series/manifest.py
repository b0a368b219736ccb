# SPDX-License-Identifier: GPL-2.0-only
"""series.json: what a directory of patches is, and what it must become when it is applied.

    describe(tree, base, tip, name, patches) -> Manifest
    Manifest.text() -> str               the JSON, sorted, newline at the end
    read(directory) -> Manifest

Keys: name, version, source, base (commit), tree (git tree after the last patch), patches (file
names in order, without the cover letter), files {path: [blob before, blob after]}, null where
there is no such file. Other keys are ignored. A tree of zeros, which git gives to nothing, promises
no result.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import Conflict, UsageError
from generator.kernel.tree import Tree, tree_id
from generator.system.plumbing import git

FILE_NAME = "series.json"
MOST_PATCHES = 64
MOST_BYTES = 1 << 20
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_PATCH = re.compile(r"\d{4}-[A-Za-z0-9._+-]{1,200}\.patch")


@dataclass(frozen=True)
class Manifest:
    """A series of patches as facts: base, result, and the blobs before and after."""

    name: str
    version: str
    source: str
    base: str
    tree: str
    patches: tuple[str, ...]
    files: tuple[tuple[str, str | None, str | None], ...]

    @property
    def final(self) -> bool:
        """Return whether it says what the last patch makes."""
        return bool(self.tree.strip("0"))

    def text(self) -> str:
        """Return the JSON that stands in series.json."""
        said = {
            "name": self.name,
            "version": self.version,
            "source": self.source,
            "base": self.base,
            "tree": self.tree,
            "patches": list(self.patches),
            "files": {path: [before, after] for path, before, after in self.files},
        }
        return json.dumps(said, indent=2, sort_keys=True) + "\n"


def describe(tree: Tree, base: str, tip: str, name: str, patches: Sequence[Path | str]) -> Manifest:
    """Return the manifest of base..tip; a cover letter among the patches is left out.

    Errors: TreeError.
    """
    told = git(tree.git_dir, "diff-tree", "-r", "-z", "--no-renames", base, tip)
    fields = os.fsdecode(told).split("\0")
    files = []
    for row, path in zip(fields[::2], fields[1::2], strict=False):
        _, _, before, after, _ = row.split()
        files.append((path, _blob(before), _blob(after)))
    names = sorted(Path(patch).name for patch in patches)
    return Manifest(
        name=name,
        version=tree.version,
        source=tree.source,
        base=base,
        tree=tree_id(tree, tip),
        patches=tuple(name for name in names if not name.startswith("0000-")),
        files=tuple(sorted(files)),
    )


def _blob(name: str) -> str | None:
    return name if name.strip("0") else None


def read(directory: Path) -> Manifest:
    """Return the manifest of a directory of patches; nothing in it is trusted.

    Errors: UsageError naming the file and the key that is not as it must be.
    """
    path = directory / FILE_NAME
    try:
        said = json.loads(read_bounded(path))
    except (ValueError, RecursionError) as broken:
        raise UsageError(f"{path}: not JSON: {broken}") from broken
    if not isinstance(said, dict):
        raise UsageError(f"{path}: not a JSON object")
    texts = {}
    for key in ("name", "version", "source", "base", "tree"):
        value = said.get(key)
        if not isinstance(value, str) or not value.isprintable() or len(value) > 200:
            raise UsageError(f"{path}: key {key!r} must be a line of text; generate it again")
        texts[key] = value
    for key in ("base", "tree"):
        if not _OBJECT.fullmatch(texts[key]):
            raise UsageError(f"{path}: key {key!r} must be a full object id")
    return Manifest(**texts, patches=_patches(path, said), files=_files(path, said))


def refused_under(directory: Path) -> tuple[str, ...]:
    """Return the rules under which the checker refuses what a directory of patches was made of.

    Errors: UsageError when there is no series.json of the right form.
    """
    read(directory)
    said = json.loads(read_bounded(directory / FILE_NAME)).get("provenance")
    keys = said.get("refused", []) if isinstance(said, dict) else []
    return tuple(str(key)[:20] for key in keys) if isinstance(keys, list) else ("?",)


def verify(work: Path, series: Manifest, base: str, tip: str, tree: str | None) -> None:
    """See that base..tip makes the blobs, and the tree if one is given, that were promised.

    Errors: Conflict naming every file that differs.
    """
    if not series.final:
        return
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
            f"the patches do not make what {FILE_NAME} promises, in {', '.join(wrong)}; "
            "nothing was changed; generate the series again"
        )
    if tree is not None and tree != series.tree:
        raise Conflict(
            f"the patches make tree {tree}, {FILE_NAME} promises {series.tree}; "
            "nothing was changed; generate the series again"
        )


def _patches(path: Path, said: dict[str, object]) -> tuple[str, ...]:
    names = said.get("patches")
    if not isinstance(names, list) or not 1 <= len(names) <= MOST_PATCHES:
        raise UsageError(f"{path}: key 'patches' must list 1 to {MOST_PATCHES} file names")
    for name in names:
        if not isinstance(name, str) or not _PATCH.fullmatch(name):
            raise UsageError(f"{path}: {name!r} in 'patches' is no NNNN-*.patch in this directory")
    if len(set(names)) != len(names):
        raise UsageError(f"{path}: key 'patches' names a file twice")
    return tuple(names)


def _files(path: Path, said: dict[str, object]) -> tuple[tuple[str, str | None, str | None], ...]:
    rows = said.get("files")
    if not isinstance(rows, dict) or not rows:
        raise UsageError(f"{path}: key 'files' must name every file with its blobs")
    files = []
    for name, blobs in rows.items():
        if (
            not isinstance(blobs, list)
            or len(blobs) != 2
            or not all(b is None or (isinstance(b, str) and _OBJECT.fullmatch(b)) for b in blobs)
        ):
            raise UsageError(f"{path}: 'files' of {name!r} must be [blob before, blob after]")
        files.append((name, blobs[0], blobs[1]))
    return tuple(sorted(files))


def read_bounded(path: Path, most: int = MOST_BYTES, shown: str = "") -> bytes:
    """Return a regular file of at most so many bytes; a symbolic link is not followed.

    shown: how messages name it, when not as its path.
    Errors: UsageError.
    """
    shown = shown or str(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as missing:
        raise UsageError(f"{shown}: cannot be read: {missing.strerror}") from missing
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UsageError(f"{shown}: no regular file")
    with open(handle, "rb", closefd=True) as file:
        text = file.read(most + 1)
    if len(text) > most:
        raise UsageError(f"{shown}: larger than {most >> 20} MiB")
    return text
