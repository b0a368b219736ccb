# SPDX-License-Identifier: GPL-2.0-only
"""Members and macros of which a commit takes away the last use, under one configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from checks.compiling import worker
from checks.compiling.frontend import absolute, diagnose, memory
from checks.compiling.target import Target
from generator.parsing.includes import spelled
from generator.parsing.job import Job, resolved
from generator.parsing.members import Members, asked_of, local, members
from generator.series.commit import Commit

_MOST = 40  # units of others that are asked whether they name a member of a shared header
_Texts = Mapping[str, bytes | None]


def idle(
    commit: Commit, before: _Texts, then: Target, now: Target, jobs: Mapping[str, Job],
    sound: Mapping[str, frozenset[str]], was: frozenset[str],
) -> tuple[tuple[tuple[str, str, int], ...], tuple[str, ...]]:
    """Return what has lost its last use, (name, file, line), and what is used all the same.

    `jobs` are the units that are looked at, `sound` those of the touched ones that compile, with
    what they include, `was` those that were built before.
    Errors: EnvironmentFault without a sandbox, Timeout.
    """
    gone: dict[str, tuple[str, int]] = {}
    busy: set[str] = set()
    for path in sorted(sound.keys() & was):
        old, new = _text(now.source, before, path), _text(now.source, commit.overlay, path)
        words = asked_of(old, new)
        if spelled(old.encode()) == spelled(new.encode()):
            headers = [one for one in sound[path] if local(one) and one.endswith(".h")]
            near = [_text(now.source, some, one) for one in headers
                    for some in ((before, commit.overlay) if one in commit.touched else (before,))]
            words = frozenset(one for one in words if _may_be_own(one, (old, new, *near)))
        if not words:
            continue
        try:
            first, last = _members(then.job(path, before)), _members(jobs[path])
        except worker.Exceeded:
            continue
        busy |= {name for name in last.used if name.partition(".")[2] in words}
        for name, home in first.used.items():
            if name in last.used or name.partition(".")[2] not in words:
                continue
            line = last.declared.get(name, 0)
            if home != path:
                line = _declares(_text(now.source, commit.overlay, home), name)
            if line:
                gone[name] = (home, line)
        known = {name for name, _ in first.macros}
        defined = set(re.findall(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", old, re.M))
        gone |= {name: (path, line) for name, line in last.macros
                 if name in words and name in defined and name not in known}
    gone = {name: place for name, place in gone.items() if name not in busy}
    busy |= _elsewhere(gone, jobs, now.source, commit.overlay, frozenset(sound))
    return tuple((name, *gone[name]) for name in sorted(gone.keys() - busy)), tuple(sorted(busy))


def _elsewhere(
    gone: Mapping[str, tuple[str, int]], jobs: Mapping[str, Job], source: Path, overlay: _Texts,
    known: frozenset[str],
) -> set[str]:
    """Return of members of headers those that units name which the commit does not touch."""
    shared = {name for name, (path, _) in gone.items() if path.endswith(".h")}
    words = {name: re.compile(rf"\b{re.escape(name.partition('.')[2])}\b") for name in shared}
    busy: set[str] = set()
    asked = 0
    for path in sorted(jobs.keys() - known if shared else ()):
        text = _text(source, overlay, path)
        left = {name for name in shared - busy if words[name].search(text)}
        if not left:
            continue
        asked += 1
        if asked > _MOST:  # nobody has looked: it may well be used
            return busy | left
        try:
            said = _members(jobs[path])
        except worker.Exceeded:
            return busy | left
        busy |= left & said.used.keys()
    return busy


def _members(task: Job) -> Members:
    """Return the members that a unit names, remembered for as long as its files are the same.

    Errors: Exceeded, and those of reading a unit.
    """
    job = resolved(task)
    record = memory(task.place.cache / "named", job)
    known = record.recall()
    if known is None:
        known = worker.read(task, "members")
        said = diagnose(task)
        # as in frontend.py: a file that is missing may come to be there
        if not any("file not found" in one.text for one in said.diagnostics):
            record.keep(absolute(job, said.includes), known)
    return members(known)


def _may_be_own(word: str, texts: Iterable[str]) -> bool:
    """Return whether some text may declare a member of this name, or define such a macro."""
    name = re.escape(word)
    own = re.compile(rf"(?<![\w.>]){name}[ \t]*(?:[;:,\[)\n]|__\w+)|#[ \t]*define[ \t]+{name}\b")
    return any(word in text and own.search(text) for text in texts)


def _declares(text: str, name: str) -> int:
    """Return the line of a header that declares a member, 0 when there is none any more."""
    member = re.compile(rf"\b{re.escape(name.partition('.')[2])}[ \t]*(?:[;:,\[)]|__\w+)")
    return next((number for number, row in enumerate(text.split("\n"), 1)
                 if member.search(row)), 0)


def _text(source: Path, overlay: _Texts, path: str) -> str:
    text = overlay.get(path)
    file = source / path
    if path not in overlay and file.is_file():
        text = file.read_bytes()
    return (text or b"").decode("utf-8", "replace")
