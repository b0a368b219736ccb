# SPDX-License-Identifier: GPL-2.0-only
"""Every commit of a series compiled under every configuration, without a checkout.

The front end reads the units that a commit touches and those that include a touched header, the
back end the touched units; only what the base does not say already is a finding.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from checks.backend import Object, build
from checks.finding import Finding, Severity
from checks.frontend import Diagnosis, diagnose, diagnose_many
from checks.link import unresolved
from checks.target import Stage, Target
from generator.cincludes import Includes, search_path
from generator.csource import Diagnostic, Job
from generator.progress import say

# where a header's users are looked for, besides the directories of touched files
AFFECTED = ("drivers/pci", "drivers/cxl", "drivers/perf", "drivers/base")

ASSUMED = (
    "headers that `make prepare` generates are those of the first configuration of the "
    "architecture; only autoconf.h is that of each configuration",
    "users of a touched header outside of " + ", ".join(AFFECTED) + " are not compiled",
)


def check(
    series: Sequence[Stage],
    targets: Sequence[Target],
    progress: Callable[[str], None] = say,
    threads: int = 2,
) -> tuple[Finding, ...]:
    """Compile every stage under every target; a note says what was not compiled and why.

    Errors: TreeError, EnvironmentFault, Timeout, Untestable when a unit could not be tried.
    """
    seen: list[_Seen] = []
    notes: list[Finding] = []
    compiled: set[str] = set()
    for target in targets:
        run = _Run(target, threads, {}, {}, {})
        for number in range(len(series)):
            notes += _stage(run, series, number, progress, seen, compiled)
    return (*_merged(series, seen), *_not_compiled(notes, compiled))


@dataclass(frozen=True)
class _Seen:
    """One new diagnostic, where it was seen."""

    stage: int
    target: str
    diagnostic: Diagnostic
    rule: str


@dataclass(frozen=True)
class _Run:
    """What is known of one target, filled while its stages are tried."""

    target: Target
    threads: int
    graphs: dict[tuple[str, ...], Includes]
    jobs: dict[str, Job]
    said: dict[str, frozenset[tuple[str, str, str, str]]]

    def base_job(self, path: str) -> Job:
        """Return the job of a unit as the base has it."""
        if path not in self.jobs:
            self.jobs[path] = self.target.job(path, {})
        return self.jobs[path]

    def base_says(self, path: str) -> frozenset[tuple[str, str, str, str]]:
        """Return the keys of what the base says of a unit; nothing for a new one."""
        if path not in self.said:
            task = self.base_job(path)
            self.said[path] = (
                frozenset(map(_key, diagnose(task).diagnostics))
                if (task.place.source / path).exists()
                else frozenset()
            )
        return self.said[path]


def _stage(
    run: _Run,
    series: Sequence[Stage],
    number: int,
    progress: Callable[[str], None],
    seen: list[_Seen],
    compiled: set[str],
) -> list[Finding]:
    stage, target = series[number], run.target
    before = series[number - 1].overlay if number else {}
    then, now = target.at(before), target.at(stage.overlay)
    dirs = _dirs(stage)
    built = set(now.units(dirs))
    changed = {path for path in stage.touched if path.endswith(".c")}
    deleted = {path for path in changed if stage.overlay[path] is None}
    notes = []
    for path in sorted(built & deleted):
        text = f"{path} is built under this configuration, but this commit deletes it"
        seen.append(_Seen(number, target.name, Diagnostic("error", path, 0, 0, text), "compile"))
    built -= deleted
    for path in sorted(changed - deleted - built):
        notes.append(_unbuilt(path, stage, target))
    chosen = _chosen(run, stage, built)
    if then != now:
        chosen |= built - set(then.units(dirs))
        chosen |= _reconfigured(run, stage, built, then.autoconf, now.autoconf)
    order = sorted(chosen)
    progress(f"compile {stage.name}, configuration {target.name}: {len(order)} units")
    jobs = {path: now.job(path, stage.overlay) for path in order}
    results = dict(zip(order, diagnose_many(jobs.values(), run.threads), strict=True))
    compiled.update(results)
    for path, result in results.items():
        for item in _new(run, path, result.diagnostics):
            seen.append(_Seen(number, target.name, item, _rule(item)))
    objects = _objects(run, [jobs[path] for path in sorted(changed & chosen)], results)
    for made in objects:
        known = {(one.path, one.line) for one in results[made.path].diagnostics}
        for one in made.diagnostics:
            if (one.path, one.line) not in known and _fresh(run, made.path, one):
                seen.append(_Seen(number, target.name, one, _rule(one)))
    for rule, one in _link(run, stage, now, objects, built):
        seen.append(_Seen(number, target.name, one, rule))
    return notes


def _dirs(stage: Stage) -> tuple[str, ...]:
    """Return the directories whose units are looked at."""
    own = {os.path.dirname(path) for path in stage.touched if path.endswith((".c", ".h"))}
    outside = sorted(
        item
        for item in own
        if item.startswith(("drivers/", "kernel/", "arch/", "lib/", "mm/", "net/", "fs/"))
        and "/include" not in item
        and not any(item == top or item.startswith(top + "/") for top in AFFECTED)
    )
    return (*AFFECTED, *outside)


def _unbuilt(path: str, stage: Stage, target: Target) -> Finding:
    return Finding(
        "compile:not-built",
        "not compiled: kbuild builds no object from it under this configuration",
        path,
        severity=Severity.NOTE,
        commit=stage.name,
        config=target.name,
    )


def _chosen(run: _Run, stage: Stage, built: set[str]) -> set[str]:
    """Return the built units that the commit touches or that may include what it touches."""
    chosen = {path for path in stage.touched if path in built}
    headers = {path for path in stage.touched if not path.endswith(".c")}
    if not any(path.endswith(".h") for path in headers):
        return chosen
    for path in sorted(built - chosen):
        task = run.base_job(path)
        source = str(task.place.source)
        search = search_path(task.flags)
        graph = run.graphs.setdefault(search, Includes(search))
        main = f"{source}/{path}"
        wanted = {f"{source}/{item}" for item in headers}
        known = graph.closure(main)
        if known & wanted:
            chosen.add(path)
            continue
        texts = {f"{source}/{p}": text or b"" for p, text in stage.overlay.items()}
        names = {os.path.basename(item) for item in wanted}
        near = known & texts.keys() or any(os.path.basename(item) in names for item in known)
        if near and graph.over(texts).closure(main) & wanted:
            chosen.add(path)
    return chosen


def _reconfigured(run: _Run, stage: Stage, built: set[str], before: str, after: str) -> set[str]:
    """Return the built units whose text names a symbol that this commit's Kconfig changes."""
    lines = set(before.splitlines()) ^ set(after.splitlines())
    symbols = {match[0] for line in lines for match in re.finditer(r"CONFIG_\w+", line)}
    symbols = {name.removesuffix("_MODULE") for name in symbols}
    if not symbols:
        return set()
    pattern = re.compile(rb"\b(" + "|".join(sorted(symbols)).encode() + rb")\b")
    found = set()
    for path in built:
        text = stage.overlay.get(path)
        if text is None:
            file = run.base_job(path).place.source / path
            text = file.read_bytes() if file.exists() else b""
        if pattern.search(text):
            found.add(path)
    return found


_NUMBER = re.compile(r"\d+")


def _key(item: Diagnostic) -> tuple[str, str, str, str]:
    """Return what makes two diagnostics the same although lines have moved."""
    return item.path, item.option, item.function, _NUMBER.sub("N", item.text)


def _rule(item: Diagnostic) -> str:
    return f"compile:{item.option or item.severity}"


def _new(run: _Run, path: str, said: Iterable[Diagnostic]) -> list[Diagnostic]:
    return [
        item for item in said if item.severity == "error" or _key(item) not in run.base_says(path)
    ]


def _objects(
    run: _Run, jobs: Sequence[Job], results: Mapping[str, Diagnosis]
) -> tuple[Object, ...]:
    """Return the objects of units that the front end accepts."""
    sound = [
        task
        for task in jobs
        if not any(item.severity == "error" for item in results[task.path].diagnostics)
    ]
    with ThreadPoolExecutor(run.threads) as pool:
        return tuple(
            pool.map(
                lambda task: build(task, results[task.path].includes, run.target.compiler), sound
            )
        )


def _base_object(run: _Run, path: str) -> Object | None:
    task = run.base_job(path)
    if not (task.place.source / path).exists():
        return None
    return build(task, diagnose(task).includes, run.target.compiler)


def _fresh(run: _Run, path: str, item: Diagnostic) -> bool:
    if item.severity == "error":
        return True
    base = _base_object(run, path)
    return base is None or _key(item) not in set(map(_key, base.diagnostics))


def _link(
    run: _Run, stage: Stage, now: Target, objects: Sequence[Object], built: set[str]
) -> list[tuple[str, Diagnostic]]:
    """Return the symbols that the commit makes a unit need and that nothing can give it."""
    needed: dict[str, frozenset[str]] = {}
    given: set[str] = set()
    for item in objects:
        base = _base_object(run, item.path)
        fresh = item.undefined - (base.undefined if base else frozenset())
        if fresh:
            needed[item.path] = fresh
        given |= item.defined if item.builtin else set()
    if not needed:
        return []

    def job(path: str) -> Job:
        return now.job(path, stage.overlay)

    return unresolved(needed, given, {item.path: item.builtin for item in objects}, built, job)


def _merged(series: Sequence[Stage], seen: Iterable[_Seen]) -> list[Finding]:
    """Return one finding per diagnostic and first commit: configurations joined."""
    first: dict[tuple[tuple[str, str, str, str], str], _Seen] = {}
    later: dict[tuple[tuple[str, str, str, str], str], list[int]] = {}
    for one in seen:
        key = (_key(one.diagnostic), one.target)
        if key not in first:
            first[key] = one
        elif one.stage != first[key].stage:
            later.setdefault(key, []).append(one.stage)
    groups: dict[tuple[tuple[str, str, str, str], int], list[tuple[_Seen, list[int]]]] = {}
    for key, one in first.items():
        groups.setdefault((key[0], one.stage), []).append((one, later.get(key, [])))
    found = []
    for (_, number), members in sorted(groups.items(), key=lambda item: item[0][1]):
        one = members[0][0]
        item = one.diagnostic
        after = sorted({stage for _, stages in members for stage in stages})
        still = (f"still there after {', '.join(series[n].name for n in after)}",) if after else ()
        found.append(
            Finding(
                one.rule,
                item.text,
                item.path,
                item.line,
                item.column,
                Severity.ERROR if item.severity == "error" else Severity.WARNING,
                series[number].name,
                " ".join(dict.fromkeys(member.target for member, _ in members)),
                (*item.notes[:4], *still),
            )
        )
    return found


def _not_compiled(notes: Iterable[Finding], compiled: set[str]) -> list[Finding]:
    """Return the notes, configurations joined; a unit that nothing compiled is a warning."""
    configs: dict[tuple[str, str], list[str]] = {}
    for one in notes:
        configs.setdefault((one.commit, one.path), []).append(one.config)
    found = []
    for (commit, path), names in configs.items():
        never = path not in compiled
        found.append(
            Finding(
                "compile:not-built",
                "compiled under no configuration: kbuild builds no object from it"
                if never
                else "not compiled: kbuild builds no object from it under this configuration",
                path,
                severity=Severity.WARNING if never else Severity.NOTE,
                commit=commit,
                config=" ".join(names),
            )
        )
    return found
