# SPDX-License-Identifier: GPL-2.0-only
"""A checkout made of hard links to another one: it costs no room but that of its directories.

linked(old, new)                  every directory, every file
thinned(old, new, paths, whole)   only the directories in which something differs
unlinked(place, paths)            take files out of either
"""

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


def thinned(old: Path, new: Path, paths: Iterable[str], whole: Iterable[str]) -> None:
    """Make a checkout of which only the directories that hold some paths are its own.

    The others are symbolic links: whoever reads a file by its path sees no difference, who follows
    `..` from within one, or searches below a directory, comes to the old checkout or to nothing.
    `whole` are directories that are made of hard links throughout, as linked() makes them.
    Errors: OSError, as linked().
    """
    full = set(whole)
    own = {""} | {str(above) for path in (*paths, *(f"{one}/x" for one in full))
                  for above in Path(path).parents[:-1]}
    own = {one for one in own if not any(f"{one}/".startswith(f"{top}/") for top in full)}
    for directory in sorted(own):
        (new / directory).mkdir()
        there = old / directory
        if not there.is_dir() or there.is_symlink():  # only the new one has it
            continue
        for entry in os.scandir(there):
            below = f"{directory}/{entry.name}" if directory else entry.name
            if below in own:
                continue
            if not entry.is_dir(follow_symlinks=False):
                _hard(Path(entry.path), new / below)
            elif below in full:
                linked(Path(entry.path), new / below)
            else:
                (new / below).symlink_to(entry.path)


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
