# SPDX-License-Identifier: GPL-2.0-only
"""A checkout made of hard links to another one: it costs no room but that of its directories."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def linked(old: Path, new: Path) -> None:
    """Make directories, and hard links to the files; nothing is ever written through one.

    Errors: OSError, where the file system has no hard links, or the two lie on different ones.
    """
    for directory, names, files in os.walk(old):
        here = new / os.path.relpath(directory, old)
        here.mkdir()
        for name in files:
            _hard(Path(directory, name), here / name)
        for name in list(names):
            if Path(directory, name).is_symlink():
                _hard(Path(directory, name), here / name)
                names.remove(name)


def _hard(old: Path, new: Path) -> None:
    if old.is_symlink():
        new.symlink_to(os.readlink(old))
    else:
        os.link(old, new)


def unlinked(place: Path, paths: Iterable[str]) -> None:
    """Take files out of such a checkout, and the directories that are empty then."""
    for path in paths:
        file = place / path
        if not os.path.lexists(file):
            continue
        file.unlink()
        with suppress(OSError):  # something else is in it
            for above in Path(path).parents[:-1]:
                (place / above).rmdir()
