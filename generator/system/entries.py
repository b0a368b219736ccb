# SPDX-License-Identifier: GPL-2.0-only
"""What lies in the cache, entry by entry, and which of them go when it is too large.

entries(stays) -> (Entry, ...)           by kind
about(made, limit) -> bytes | None       all together, without looking at each of them
excess(found, limit) -> (Entry, ...)     those that were not used for the longest time
remove(entries) -> (Entry, ...)          those that are gone now: none that a program holds
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import EnvironmentFault
from generator.system import cache
from generator.system.holding import is_held, last_use, taken

# What an entry is, of each kind.
KINDS: dict[str, tuple[str, ...]] = {
    "tree": ("tree/*",),
    "deb": ("deb/*",),
    "apt": ("apt/*",),
    "own": ("own/*",),
    "kbuild": ("kbuild/*",),
    "csource": ("csource/*", "csource/said/*/*", "csource/built/*/*", "csource/named/*/*",
                "csource/asked/*/*"),
    "outcomes": ("outcomes/*",),
    "explored": ("explored/*",),
    "matrix": ("matrix/*",),
    "boot": ("boot/*", "boot/kernels/*", "boot/kept/*", "boot/runs/*"),
    "foreign": ("foreign/*",),
    "probes": ("probes/*",),
}
# Directories of entries, none themselves; those of one file each are held all together.
_ROOMS = ("csource/said", "csource/built", "csource/named", "csource/asked",
          "boot/kernels", "boot/kept", "boot/runs")
_TOGETHER = ("csource",)
# A name that begins so is being written, or was when a run was killed.
_UNFINISHED = ("tmp-", ".tmp-")
_WRITING = 3600.0  # seconds that nobody takes to write one
_COUNTED = 600.0  # seconds for which a count of everything is good: it reads all directories
# The same where it is far from the limit: in that time nothing that only grows comes to the rest.
_ROOMY = 86400.0
_FAR = 0.75  # of the limit
# Large, and never changed once they are there: their sizes are remembered.
_CHECKOUTS = ("tree", "own")


@dataclass(frozen=True)
class Entry:
    """One thing in the cache that goes or stays as a whole.

    size: bytes on the disk; what is linked to a pinned tree is counted there alone.
    used: seconds since 1970. stays: why it is never pruned, or "". held: a running program
    needs it.
    """

    kind: str
    paths: tuple[Path, ...]
    size: int
    used: float
    stays: str = ""
    held: bool = False

    @property
    def name(self) -> str:
        """Return what it is called: its path in the cache."""
        return str(self.paths[0].relative_to(cache.cache()))


def entries(stays: Callable[[Path], str]) -> tuple[Entry, ...]:
    """Return what lies in the cache; `stays` says of a path why it must not go, or ""."""
    found: list[Entry] = []
    known = _remembered()
    sizes: dict[str, list[int]] = {}
    for kind, patterns in KINDS.items():
        together = cache.cache() / kind if kind in _TOGETHER else None
        held = together is not None and is_held(together)
        for paths in _groups(patterns):
            used = max(map(last_use, paths))
            stay, busy = stays(paths[0]), held if together else is_held(paths[0])
            size = _size_of(kind, paths, known, sizes)
            found.append(Entry(kind, paths, size, used, stay, busy))
    if sizes != known:
        cache.keep(_sizes(), json.dumps(sizes))
    if found:
        with contextlib.suppress(EnvironmentFault):  # who may not write there only looks
            cache.keep(_total(), str(sum(one.size for one in found)))
    return tuple(found)


def about(made: Iterable[Path], limit: int) -> int | None:
    """Return the bytes of the last count with those of entries made since, None when that is old.

    Entries that were there already may have grown since, so it is old sooner where it comes near
    to the limit. What was made counts for later runs too.
    """
    try:
        when = _total().stat().st_mtime
        if time.time() - when > _ROOMY:
            return None
        now = int(_total().read_text(encoding="utf-8")) + sum(_size(one, links=False)
                                                              for one in made)
        cache.keep(_total(), str(now))
        os.utime(_total(), (when, when))  # which is when all of it was counted
        if time.time() - when > _COUNTED and now > limit * _FAR:
            return None
    except (OSError, ValueError):
        return None
    return now


def _sizes() -> Path:
    return cache.cache() / "locks" / "sizes.json"


def _total() -> Path:
    return cache.cache() / "locks" / "total"


def _remembered() -> dict[str, list[int]]:
    try:
        found = json.loads(_sizes().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _size_of(
    kind: str, paths: Sequence[Path], known: dict[str, list[int]], sizes: dict[str, list[int]]
) -> int:
    links = kind == "tree"
    if kind not in _CHECKOUTS or paths[0].suffix == ".git":
        return sum(_size(path, links=links) for path in paths)
    name = str(paths[0].relative_to(cache.cache()))
    try:
        changed = paths[0].stat().st_mtime_ns
    except OSError:  # gone meanwhile
        return 0
    if known.get(name, [0])[0] != changed:
        known = {name: [changed, _size(paths[0], links=links)]}
    sizes[name] = known[name]
    return sizes[name][1]


def _groups(patterns: Sequence[str]) -> Iterator[tuple[Path, ...]]:
    """Yield the paths of each entry: files of one stem are one, as a PCH and its record."""
    top = cache.cache()
    rooms = {top / name for name in _ROOMS}
    groups: dict[Path, list[Path]] = {}
    for pattern in patterns:
        for path in sorted(top.glob(pattern)):
            if path in rooms or _unfinished(path):
                continue
            groups.setdefault(path.with_suffix("") if path.is_file() else path, []).append(path)
    yield from map(tuple, groups.values())


def _unfinished(path: Path) -> bool:
    return path.name.startswith(_UNFINISHED) and time.time() - last_use(path) < _WRITING


def _size(path: Path, *, links: bool) -> int:
    """Return the bytes on the disk of a file or of all below a directory; `links`: those too."""
    total = 0
    todo = [os.fspath(path)]
    while todo:
        item = todo.pop()
        try:
            told = os.lstat(item)
            inside = list(os.scandir(item)) if os.path.isdir(item) and not os.path.islink(item) \
                else []
        except OSError:  # gone meanwhile
            continue
        total += _bytes(told, links)
        for one in inside:
            try:
                if one.is_dir(follow_symlinks=False):
                    todo.append(one.path)
                else:
                    total += _bytes(one.stat(follow_symlinks=False), links)
            except OSError:
                continue
    return total


def _bytes(told: os.stat_result, links: bool) -> int:
    linked = told.st_nlink > 1 and not stat.S_ISDIR(told.st_mode)
    return 0 if linked and not links else told.st_blocks * 512


def excess(found: Sequence[Entry], limit: int) -> tuple[Entry, ...]:
    """Return the entries that have to go before all together are no more than `limit` bytes.

    Those go first that were not used for the longest time; what is held or stays never does.
    """
    total = sum(one.size for one in found)
    gone = []
    for one in sorted(found, key=lambda one: one.used):
        if total <= limit:
            break
        if not one.held and not one.stays:
            gone.append(one)
            total -= one.size
    return tuple(gone)


def remove(chosen: Iterable[Entry]) -> tuple[Entry, ...]:
    """Remove entries, and return those that are gone: a program may have taken one meanwhile.

    Errors: EnvironmentFault when the cache cannot be written.
    """
    bin_ = cache.cache() / "gone"
    gone = []
    with cache.locked("prune"), cache.explained():
        bin_.mkdir(exist_ok=True)
        for left in bin_.iterdir():  # of a run that was killed
            _delete(left)
        for number, one in enumerate(chosen):
            place = cache.cache() / one.kind if one.kind in _TOGETHER else one.paths[0]
            moved = []
            if max(map(last_use, one.paths)) > one.used:  # since somebody looked
                continue
            with taken(place) as free:
                if not free:
                    continue
                for part, path in enumerate(one.paths):
                    moved.append(bin_ / f"{number}.{part}")
                    try:
                        os.rename(path, moved[-1])
                    except FileNotFoundError:
                        moved.pop()
            for path in moved:  # nobody has to wait for that
                _delete(path)
            gone.append(one)
        bin_.rmdir()
    return tuple(gone)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
