# SPDX-License-Identifier: GPL-2.0-only
"""Whether make says the same of some directories with a commit and without it.

    untouched(variant, before, work, dirs)    the commit has nothing that it reads there
    same(before, after, on)             a Makefile builds the same
    settings(file)                      the lines of an auto.conf
    note(variant, paths)                what the commit has, for that

Most commits are nothing to most directories: a new symbol that is off, a file elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence, Set
from pathlib import Path

from generator.kernel.asleep import awake, makefile

_OWN = "own.json"
# Directories whose Makefiles make reads for them alone: what those include lies below them.
APART = ("drivers/", "fs/", "net/", "sound/")


def note(variant: Path, paths: Iterable[str]) -> None:
    """Keep which files of a variant are the commit's own."""
    (variant / _OWN).write_text(json.dumps(sorted(paths)), encoding="utf-8")


def untouched(variant: Path, before: Path, work: Path, dirs: Sequence[str]) -> bool:
    """Return whether nothing that make reads in some directories is a commit's own.

    before: the auto.conf without the commit; work: the tree without it. What builds nothing in this
    configuration is nothing to make.
    """
    own = variant / _OWN
    if not own.exists():  # a variant of an older version
        return False
    on = settings(variant / "auto.conf")
    if on != settings(before):
        return False
    symbols = symbols_of(on)

    def asleep(path: str) -> bool:
        directory, _, name = path.rpartition("/")
        now = variant / "farm"
        if name in ("Makefile", "Kbuild"):
            return same(_text(work / path), _text(now / path), symbols)
        if (work / path).exists():
            return False
        # a unit that comes: by a line that names it, or takes whatever is there
        item = re.compile(rf"wildcard|(?<![\w.-]){re.escape(name.rpartition('.')[0])}\.o\b")
        lists = [_text(now / directory / one) for one in ("Kbuild", "Makefile")]
        return not any(item.search(row) for text in lists for row in awake(text, symbols))

    paths = json.loads(own.read_text(encoding="utf-8"))
    return all(asleep(path) for path in paths if _counts(path, dirs))


def same(before: bytes | None, after: bytes | None, on: Set[str]) -> bool:
    """Return whether a Makefile builds the same before and after, with some symbols on."""
    both = makefile(before, on) and makefile(after, on)
    return both or (before is not None and after is not None
                    and awake(before, on) == awake(after, on))


def settings(file: Path) -> frozenset[str]:
    """Return the lines of an auto.conf."""
    return frozenset(file.read_text(encoding="utf-8").splitlines())


def symbols_of(lines: Iterable[str]) -> frozenset[str]:
    """Return the symbols that have a value, with CONFIG_."""
    return frozenset(one.partition("=")[0] for one in lines if one.startswith("CONFIG_"))


def _text(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def _counts(path: str, dirs: Sequence[str]) -> bool:
    directory, _, name = path.rpartition("/")
    if name.startswith("Kconfig"):  # auto.conf has what it comes to
        return False
    plain = name in ("Makefile", "Kbuild") or name.endswith((".c", ".S"))
    here = f"{directory}/"
    return not (plain and path.startswith(APART)) or any(
        here.startswith(f"{one}/") or f"{one}/".startswith(here) for one in dirs)
