# SPDX-License-Identifier: GPL-2.0-only
"""One source tree that kernels are built from, changed file by file from design to design.

make rebuilds what is newer than its object, so a file is written only when its content differs
from what lies there, and gets today's time then, also when it goes back to an older content.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from generator.kernel.linked import linked
from generator.kernel.tree import Tree, check_path
from generator.system.cache import keep
from generator.system.progress import say

_HELD = "portwright-held.json"


def source_tree(tree: Tree, home: Path) -> Path:
    """Return a source tree of hard links to the checkout of a base, made on first use."""
    source = home / "source"
    if not source.is_dir():
        say("linking a source tree to build kernels from")
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="tmp-", dir=home) as name:
            fresh = Path(name, "source")
            linked(tree.work, fresh)
            fresh.rename(source)
    return source


def lay(tree: Tree, source: Path, overlay: Mapping[str, bytes | None]) -> tuple[str, ...]:
    """Give a source tree the content of the base with some files changed; None deletes one.

    Returns the paths that were written. What is noted before a file is written is enough to put
    it right after an interruption.
    """
    note = source.parent / _HELD
    held = set(json.loads(note.read_text(encoding="utf-8"))) if note.exists() else set()
    for path in overlay:
        check_path(path)
    touched = sorted(held | set(overlay))
    _note(note, touched)
    written = []
    for path in touched:
        wanted = overlay[path] if path in overlay else _of_base(tree, path)
        if _put(source / path, wanted):
            written.append(path)
    _note(note, sorted(overlay))
    return tuple(written)


def _note(note: Path, paths: list[str]) -> None:
    keep(note, json.dumps(paths))


def _of_base(tree: Tree, path: str) -> bytes | None:
    there = tree.work / path
    return there.read_bytes() if there.is_file() else None


def _put(file: Path, wanted: bytes | None) -> bool:
    if wanted is None:
        there = file.exists()
        file.unlink(missing_ok=True)
        return there
    if file.is_file() and file.read_bytes() == wanted:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o644
    fresh = file.with_name(f".{file.name}.tmp")
    fresh.write_bytes(wanted)
    fresh.chmod(mode)
    fresh.replace(file)  # never through the link: the other name is the checkout's
    return True
