# SPDX-License-Identifier: GPL-2.0-only
"""Entries of the cache that a running program needs, and when each was needed last.

hold(place)        until this process ends, nobody prunes that entry
taken(place)       nobody holds it, and nobody can before a block ends
is_held(place)     whether somebody does
last_use(place)    when it was made, or held last
made()             what this process has made of it since it was asked last
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from generator.system.cache import cache

_held: dict[Path, IO[bytes]] = {}
_missing: set[Path] = set()


def hold(place: Path) -> None:
    """Keep an entry of the cache from being pruned until this process ends; it counts as used now.

    To be called before the entry is looked for: what is pruned at this very moment is gone when
    this returns, and nothing takes away what is made after it.
    """
    place = place.absolute()
    with contextlib.suppress(PermissionError):  # who may not write there prunes nothing either
        if place not in _held:
            _held[place] = _shared(_mark(place))
        os.utime(_held[place].fileno())
    if not place.exists():
        _missing.add(place)


def made() -> tuple[Path, ...]:
    """Return the entries that this process held before they were there, each once."""
    found = tuple(place for place in _missing if place.exists())
    _missing.difference_update(found)
    return found


def _mark(place: Path) -> Path:
    # relative, so that it is the same for a cache that has moved
    name = hashlib.sha256(os.path.relpath(place, cache()).encode()).hexdigest()[:24]
    return cache() / "locks" / "held" / name


def _shared(mark: Path) -> IO[bytes]:
    mark.parent.mkdir(parents=True, exist_ok=True)
    while True:
        file = mark.open("ab")
        fcntl.flock(file, fcntl.LOCK_SH)  # whoever prunes has it for a rename
        if _is(mark, file):
            return file
        file.close()


def _is(mark: Path, file: IO[bytes]) -> bool:
    """Return whether an open file is still what its name means."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), mark.stat())
    except OSError:
        return False


def last_use(place: Path) -> float:
    """Return when an entry was made or held last, in seconds since 1970."""
    times = [0.0]
    for one in (place, _mark(place)):
        with contextlib.suppress(OSError):
            times.append(one.stat().st_mtime)
    return max(times)


def is_held(place: Path) -> bool:
    """Return whether a running process holds an entry."""
    try:
        with _mark(place).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextlib.contextmanager
def taken(place: Path) -> Iterator[bool]:
    """Say whether nobody holds an entry, in a block within which nobody can begin to.

    Whoever wants to waits for its end: it should be short.
    """
    mark = _mark(place)
    mark.parent.mkdir(parents=True, exist_ok=True)
    with mark.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        if not _is(mark, file):  # another one has just pruned it
            yield False
            return
        yield True
        if not place.exists():
            mark.unlink(missing_ok=True)
