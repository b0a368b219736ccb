# SPDX-License-Identifier: GPL-2.0-only
"""Precompiled heads of units: how far one may go, and whether a kept one is exact.

A compiler uses a stale PCH without a word. One is used only while every file in it is what it
was, byte for byte, and no new file could be found in the place of one of them.
"""

from __future__ import annotations

import functools
import json
import os
import re
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from generator.parsing.includes import Disk, Includes, forced, leading, search_path
from generator.parsing.job import Diagnostic, ResolvedJob, content_id
from generator.system import cache

# beyond this many bytes those go that lie idle longest; one configuration of a series has 400 MB
_MAX_BYTES = 3_000_000_000
_DEFINES = re.compile(rb"^[ \t]*#[ \t]*define\b", re.M)
# a head with files of an overlay in it is built when it was asked for more often than this
_OFTEN = 2


@dataclass(frozen=True)
class Head:
    """The leading lines of a unit as a PCH: its file, what it includes, what was said of it."""

    file: str
    included: tuple[str, ...]
    said: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class Ahead:
    """What is known beforehand of a series: the files that it changes, and the units among them
    that it changes more than once, by absolute path."""

    changing: frozenset[str] = frozenset()
    often: frozenset[str] = frozenset()


_ahead = Ahead()
_disk = Disk()
_graphs: dict[tuple[str, ...], Includes] = {}
_volatile: dict[str, set[str]] = {}
_asked: Counter[str] = Counter()
_guard = threading.Lock()


def foresee(ahead: Ahead) -> None:
    """Have heads end before what a series is going to change, and those of its units made at once.

    Else the first commits have heads that the later ones cannot use.
    """
    global _ahead
    _ahead = ahead


def foreseen() -> Ahead:
    """Return what was told of the series that is read."""
    return _ahead


def cuts(job: ResolvedJob, reader: str = "") -> tuple[tuple[int, bool], ...]:
    """Return how many leading lines may come from a PCH, and whether it is worth building one.

    One answer leaves out what this overlay changes; the last, for which a PCH is built when a
    reader asks again or is known to, what any overlay has changed so far or is going to, so that
    one PCH serves a whole series: who reads a unit once is sooner done without. Before them comes
    all that leads, when a unit is read again and again over the same overlay. The graph of
    includes is read from the text and may end the PCH too early, which costs time; whether a PCH
    is exact is decided later, by what the compiler read.
    """
    generated = f"{job.place.build}/"
    changing = {path for path in job.texts if not path.startswith(generated)}
    with _guard:
        seen = _volatile.setdefault(job.main, set())
        seen |= changing | _ahead.changing
        now, later = _cut(job, changing), _cut(job, seen)
        worth = _again(job, later, reader) or job.main in _ahead.often
        found = ((now, worth),) if now == later else ((now, False), (later, worth))
        whole = _whole(job) if changing else 0
        if whole <= now:
            return found
        over = json.dumps(sorted(job.ids.items()))
        key = key_of(job, split(job, whole)[0], over)
        _asked[key] += 1
        return ((whole, True), *found) if _asked[key] > _OFTEN else found


def _again(job: ResolvedJob, cut: int, reader: str) -> bool:
    """Return whether a reader has asked for a head before, in this run or an earlier one."""
    key = key_of(job, split(job, cut)[0], reader)
    mark = job.place.cache / "asked" / key[:2] / key
    if mark.exists():
        return True
    with suppress(OSError):
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    return False


def _whole(job: ResolvedJob) -> int:
    """Return how many leading lines are includes that can be found."""
    graph = _graph(job).over(job.texts)
    cut = 0
    for line, name, quoted in leading(job.text):
        if graph.resolve(job.main, quoted, name) is None:
            break
        cut = line
    return cut


def _graph(job: ResolvedJob) -> Includes:
    search = search_path(job.flags)
    return Includes.sharing(search, _graphs, _disk)


def _cut(job: ResolvedJob, changing: set[str]) -> int:
    graph = _graph(job)
    names = {os.path.basename(path) for path in job.fresh}
    touched = _disk.bits(changing)
    if any(graph.reached(path) & touched for path in forced(job.flags)):
        return 0
    cut = 0
    for line, name, quoted in leading(job.text):
        found = graph.resolve(job.main, quoted, name)
        if found is None:
            break
        reached = graph.reached(found)
        if reached & touched or (names and not names.isdisjoint(_basenames(reached))):
            break
        cut = line
    return cut


@functools.lru_cache(maxsize=64)
def _basenames(files: int) -> frozenset[str]:
    return frozenset(map(os.path.basename, _disk.within(files)))


def split(job: ResolvedJob, cut: int) -> tuple[bytes, bytes]:
    """Return the leading lines of a unit, and the unit with those lines blank."""
    lines = job.text.split(b"\n")
    head = b"\n".join(lines[:cut]) + b"\n"
    return head, b"\n" * cut + b"\n".join(lines[cut:])


def defines(job: ResolvedJob, cut: int) -> bool:
    """Return whether the leading lines of a unit define macros, beside what they include."""
    return _DEFINES.search(split(job, cut)[0]) is not None


def key_of(job: ResolvedJob, head: bytes, salt: str = "") -> str:
    """Return what a PCH is kept under: compiler, flags, unit and leading lines."""
    words = [salt, *job.flags, job.main]
    return content_id(b"\0".join([*(word.encode() for word in words), head]))


def stored(job: ResolvedJob, key: str) -> Head | None:
    """Return a PCH whose every file is what it is now, None when there is none."""
    for record in sorted(job.place.cache.glob(f"{key}-*.json")):
        try:
            data = json.loads(record.read_text(encoding="utf-8"))
            included: dict[str, str] = data["included"]
            said = tuple(
                Diagnostic(**{**item, "notes": tuple(item["notes"])}) for item in data["said"]
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
        file = record.with_suffix(".pch")
        if job.same(included) and file.exists():
            with suppress(OSError):
                os.utime(file)  # the oldest go first
            return Head(str(file), tuple(included), said)
    return None


def keep(
    job: ResolvedJob, key: str, part: Path, included: Iterable[str], said: Sequence[Diagnostic]
) -> Head:
    """Take a finished PCH file into the cache, with the content of all that it includes."""
    ids = {path: job.id_of(path) for path in sorted(included)}
    state = content_id(json.dumps(ids).encode())[:16]
    file = job.place.cache / f"{key}-{state}.pch"
    os.replace(part, file)
    record = json.dumps({"included": ids, "said": [vars(item) for item in said]})
    cache.keep(file.with_suffix(".json"), record)
    _prune(job.place.cache)
    return Head(str(file), tuple(ids), tuple(said))


def part_file(job: ResolvedJob, key: str) -> Path:
    """Return the name of a PCH that is being written."""
    job.place.cache.mkdir(parents=True, exist_ok=True)
    return job.place.cache / f"{key}.{os.getpid()}.{threading.get_ident()}"


def _prune(directory: Path) -> None:
    """Remove the oldest PCH files when all of them together grow too large."""
    found = []
    for file in directory.glob("*.pch"):
        try:
            stat = file.stat()
        except OSError:
            continue
        found.append((stat.st_mtime_ns, stat.st_size, file))
    total = sum(size for _, size, _ in found)
    for _, size, file in sorted(found):
        if total <= _MAX_BYTES:
            return
        file.with_suffix(".json").unlink(missing_ok=True)
        file.unlink(missing_ok=True)
        total -= size
