# SPDX-License-Identifier: GPL-2.0-only
"""One commit under one configuration: which units are read, and what is new in what is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from checks.compiling.backend import Object, build, preprocessed
from checks.compiling.branches import Branch, fresh, spoken
from checks.compiling.frontend import Diagnosis, diagnose
from checks.compiling.idle import idle
from checks.compiling.linked import linked
from checks.compiling.outcome import Outcome
from checks.compiling.reach import directories, includers, pasted, wide
from checks.compiling.remade import remade
from checks.compiling.showing import showing
from checks.compiling.strays import compile_strays, strays
from checks.compiling.target import Target
from checks.compiling.target_memory import TargetMemory, key, rule
from generator.kernel.unbuildable import Complaint, Unbuildable
from generator.parsing.job import Diagnostic, Job
from generator.series.commit import Commit


def compile_commit(
    kept: TargetMemory,
    commit: Commit,
    before: Mapping[str, bytes | None],
    progress: Callable[[str], None],
) -> Outcome:
    """Compile what a commit touches; `before` is the overlay of the commit before it.

    Errors: TreeError, EnvironmentFault, Timeout, Untestable when a unit could not be tried.
    """
    try:
        now = kept.target.at(commit.overlay)
    except Unbuildable as wrong:
        return Outcome(tuple(_complained(commit, wrong.complaints, wrong.rule)), (), ())
    if kept.only:
        return compile_strays(kept, commit, now, progress)
    try:
        then = kept.target.at(before)
    except Unbuildable:  # said of the commit before
        then = kept.target
    dirs = directories(commit, alone=kept.alone)
    built = set(now.units(dirs))
    changed = {path for path in commit.touched if path.endswith(".c")}
    deleted = {path for path in changed if commit.overlay[path] is None}
    said = _complained(commit, now.complaints(dirs), "kbuild")
    said += [("kconfig", Diagnostic("note", "", 0, 0, f"after this commit kconfig {text}"))
             for text in now.ungranted()]
    said += [("kbuild", _gone(path)) for path in sorted(built & deleted)]
    built -= deleted
    chosen = _chosen(kept, commit, before, now, built)
    parts = pasted(commit, built, kept.target.source)
    hosts = includers(kept.graphs, {path: now.job(path, commit.overlay) for path in sorted(built)},
                      commit, parts) if parts else set()
    chosen |= hosts
    if then != now:
        chosen |= built - set(then.units(dirs))
        chosen |= _reconfigured(commit, then, now, built)
    users = remade(kept, commit, then, now)
    chosen |= users & built
    far, note = _far(kept, commit, before, now, built)
    said += note
    far |= {path: now.far(path, commit.overlay) for path in sorted(users - built)}
    jobs = {path: now.job(path, commit.overlay) for path in sorted(chosen)} | far
    order = list(jobs)
    progress(f"compile {commit.name}, configuration {kept.target.name}: {len(order)} units")
    results = dict(zip(order, kept.pool.map(diagnose, jobs.values()), strict=True))
    for path, result in results.items():
        said += [(rule(item), item) for item in _new(kept, path, result.diagnostics)]
    objects = _objects(kept, [jobs[path] for path in sorted(changed & chosen | hosts)], results)
    for made in objects:
        known = {(one.path, one.line) for one in results[made.path].diagnostics}
        for one in made.diagnostics:
            if (one.path, one.line) not in known and _fresh(kept, made.path, one):
                said.append((rule(one), one))
    said += linked(kept, commit, before, now, objects, built, set(then.units(dirs)))
    headers = {path for path in commit.touched if path.endswith(".h")}
    headers = {path for path in headers if commit.overlay[path] is not None} | parts
    read = headers & {name for result in results.values() for name in result.includes}
    assembled = {path for path in commit.touched if path.endswith(".S")
                 and commit.overlay[path] is not None}
    unbuilt = (changed - deleted - built - read) | (headers - read) | assembled
    silent, heard = _branches(kept, commit, before, jobs, results)
    looked = {path: now.job(path, commit.overlay) for path in built}
    left, busy = idle(
        commit, before, then, now, looked,
        {made.path: results[made.path].includes for made in objects},
        frozenset(then.units(dirs)),
    )
    unread = headers - read - parts - set(wide(commit))
    return Outcome(
        tuple(said), (*order, *sorted(read)), tuple(sorted(unbuilt)), tuple(silent), tuple(heard),
        left, busy, strays(kept, commit, before, now, built, unread),
    )


def _branches(
    kept: TargetMemory, commit: Commit, before: Mapping[str, bytes | None],
    jobs: Mapping[str, Job], results: Mapping[str, Diagnosis],
) -> tuple[list[Branch], list[Branch]]:
    """Return of the branches with new lines those in which nothing is compiled, and the others."""
    silent: list[Branch] = []
    heard: list[Branch] = []
    lines: dict[str, str] = {}
    for path in commit.touched:
        text = commit.overlay[path]
        file = kept.target.source / path
        old = before.get(path)
        if path not in before and file.is_file():
            old = file.read_bytes()
        if text is None or not path.endswith((".c", ".h")):
            continue
        wanted = fresh(path, (old or b"").decode("utf-8", "replace"),
                       text.decode("utf-8", "replace"))
        users = [one for one, result in results.items() if path in (one, *result.includes)]
        if not wanted or not users:
            continue
        for one in users[:_READERS]:
            if one not in lines:
                lines[one] = preprocessed(jobs[one], kept.target.compiler)
        left = frozenset().union(*(spoken(lines[one], path) for one in users[:_READERS]))
        for branch in wanted:
            (heard if any(branch.first <= one <= branch.last for one in left) else silent).append(
                branch
            )
    return silent, heard


_READERS = 3  # units of a header's that are preprocessed to see which of its branches count


def _complained(
    commit: Commit, complaints: Iterable[Complaint], rule: str
) -> list[tuple[str, Diagnostic]]:
    """Return what kconfig or make cannot do as what is said of the commit."""
    found = []
    for one in complaints:
        unit = f"{one.path.removesuffix('.o')}.c"
        gone = one.path.endswith(".o") and commit.overlay.get(unit, b"") is None
        said = _gone(unit) if gone else Diagnostic("error", one.path, one.line, 0, one.text)
        found.append((rule, said))
    return found


def _gone(path: str) -> Diagnostic:
    text = f"{path} is built under this configuration, but this commit deletes it"
    return Diagnostic("error", path, 0, 0, text)


def _chosen(
    kept: TargetMemory, commit: Commit, before: Mapping[str, bytes | None], now: Target,
    built: set[str],
) -> set[str]:
    """Return the built units that the commit touches or in which its headers show."""
    chosen = {path for path in commit.touched if path in built}
    if not any(path.endswith(".h") for path in commit.touched):
        return chosen
    jobs = {path: now.job(path, commit.overlay) for path in sorted(built - chosen)}
    users = {path: jobs[path] for path in sorted(includers(kept.graphs, jobs, commit))}
    headers = [path for path in commit.touched if path.endswith(".h")]
    return chosen | set(showing(kept.graphs, users, before, commit.overlay, headers))


def _far(
    kept: TargetMemory, commit: Commit, before: Mapping[str, bytes | None], now: Target,
    built: set[str],
) -> tuple[dict[str, Job], list[tuple[str, Diagnostic]]]:
    """Return units of other directories in which a header of the commit shows, and who is not."""
    headers = wide(commit)
    if not headers or not kept.everywhere:
        return {}, []
    jobs = {path: now.far(path, commit.overlay) for path in now.everywhere()
            if path not in built and commit.overlay.get(path, b"") is not None}
    users = {path: jobs[path] for path in sorted(includers(kept.graphs, jobs, commit))}
    found = showing(kept.graphs, users, before, commit.overlay, headers)
    left = len(users) - len(found)
    text = (f"{left} more units of other directories include it and name nothing of what changes "
            f"in it: not compiled; {len(found)} were")
    note = [("compile:not-all", Diagnostic("note", headers[0], 0, 0, text))] if left > 0 else []
    return {path: users[path] for path in found}, note


def _reconfigured(commit: Commit, then: Target, now: Target, built: set[str]) -> set[str]:
    """Return the built units whose text names a symbol that this commit's Kconfig changes."""
    lines = set(then.autoconf.splitlines()) ^ set(now.autoconf.splitlines())
    symbols = {match[0] for line in lines for match in re.finditer(r"CONFIG_\w+", line)}
    symbols = {name.removesuffix("_MODULE") for name in symbols}
    if not symbols:
        return set()
    pattern = re.compile(rb"\b(" + "|".join(sorted(symbols)).encode() + rb")\b")
    found = set()
    for path in built:
        text = commit.overlay.get(path)
        if text is None:
            file = now.job(path, commit.overlay).place.source / path
            text = file.read_bytes() if file.exists() else b""
        if pattern.search(text):
            found.add(path)
    return found


# Once a unit has an error clang says these of code as well that is never reached: it asks no more.
_UNREACHED = frozenset(f"-W{name}" for name in (
    "array-bounds", "constant-conversion", "division-by-zero", "fortify-source", "nonnull",
    "null-dereference", "shift-count-negative", "shift-count-overflow",
    "tautological-constant-out-of-range-compare", "unsequenced",
))


def _new(kept: TargetMemory, path: str, said: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Return what is said of a unit and not of its base, without what an error brings about."""
    wrong = [item for item in said if item.severity == "error"]
    first = min((item.line if item.path == path else 0 for item in wrong), default=None)
    return [
        item for item in said
        if item.severity == "error" or (not (
            first is not None and item.option in _UNREACHED
            and (item.path != path or item.line >= first)
        ) and key(item) not in kept.base_says(path))
    ]


def _objects(
    kept: TargetMemory, jobs: Sequence[Job], results: Mapping[str, Diagnosis]
) -> tuple[Object, ...]:
    """Return the objects of units that the front end accepts."""
    sound = [
        task
        for task in jobs
        if not any(item.severity == "error" for item in results[task.path].diagnostics)
    ]
    pairs = [(task, results[task.path].includes) for task in sound]
    return tuple(kept.pool.map(partial(_built, kept.target.compiler), pairs))


def _built(compiler: str, pair: tuple[Job, frozenset[str]]) -> Object:
    return build(*pair, compiler)


def _fresh(kept: TargetMemory, path: str, item: Diagnostic) -> bool:
    if item.severity == "error":
        return True
    base = kept.base_object(path)
    return base is None or key(item) not in set(map(key, base.diagnostics))
