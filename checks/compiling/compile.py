# SPDX-License-Identifier: GPL-2.0-only
"""Every commit of a series compiled under every configuration, without a checkout.

The front end reads the units that a commit touches and those that include a touched header, the
back end the touched units; only what the base does not say already is a finding.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from checks.compiling.branches import Branch
from checks.compiling.elsewhere import Tree
from checks.compiling.outcome import Outcome, keep, name_of, recall
from checks.compiling.pool import LOCAL, Pool
from checks.compiling.reach import Graphs
from checks.compiling.stage import compile_commit
from checks.compiling.strays import tried
from checks.compiling.switched import Wish, absent, switched, together
from checks.compiling.target import Target, text_at
from checks.compiling.target_memory import TargetMemory, key
from checks.compiling.unbuilt import why as unbuilt_why
from checks.compiling.unbuilt import why_unread
from checks.finding import Finding, Severity
from generator.kernel.configurations import DIRS
from generator.parsing import pch
from generator.parsing.job import Diagnostic
from generator.series.commit import Commit
from generator.system import stopping
from generator.system.progress import say

# of a series of ours, whose cover letter says so; and of anybody's
ASSUMED = (
    "headers that `make prepare` generates are those of the base commit; "
    "only autoconf.h is that of each commit and configuration",
    "users of a touched header outside of " + ", ".join(DIRS) + " are not compiled",
)
ASSUMED_OF_ALL = (
    "bounds.h, timeconst.h and asm-offsets.h, which `make prepare` computes, are those of the base "
    "commit; autoconf.h, and what is made of tables of the tree, are those of each commit",
    "users of a touched header are compiled where they name what changes in it, with a few others; "
    "those of other directories under configuration m alone, where it builds them; of the files "
    "that none builds those that name what goes, a few for each commit",
    "symbols that only a macro names are not looked for, nor are section mismatches between two "
    "units that the commit does not touch",
)


def check(
    series: Sequence[Commit],
    targets: Sequence[Target],
    progress: Callable[[str], None] = say,
    pool: Pool = LOCAL,
    memory: Path | None = None,
    graphs: Graphs | None = None,
    everywhere: bool = False,
    laid: Mapping[str, bytes | None] | None = None,
) -> tuple[Finding, ...]:
    """Compile every commit under every target; a note says what was not compiled and why.

    `pool` is who compiles. `memory` is a directory where outcomes are kept by everything that
    decides them; `graphs` is what an earlier call on the same tree read. `everywhere`: users of
    headers are looked for in the whole tree, under the first target. `laid` is what the base of the
    series has otherwise than the tree of the targets; it is in the overlay of each commit as well.
    Errors: TreeError, EnvironmentFault, Timeout, Untestable when a unit could not be tried.
    """
    seen: list[_Seen] = []
    unbuilt: dict[tuple[str, str], list[str]] = {}
    compiled: set[tuple[str, str]] = set()  # commit, file
    but_as: dict[tuple[str, str], str] = {}
    silent: dict[tuple[str, Branch], None] = {}
    heard: set[tuple[str, Branch]] = set()
    idle: dict[tuple[int, str], tuple[str, int]] = {}
    busy: set[tuple[int, str]] = set()
    strays: dict[int, tuple[str, ...]] = {}
    graphs = graphs or Graphs()
    laid = laid or {}
    if targets:
        pch.foresee(_ahead(series, targets[0].source))

    def attempt(kept: TargetMemory, number: int) -> Outcome:
        """Compile one commit under one target, or return what is kept of that."""
        commit = series[number]
        before = series[number - 1].overlay if number else laid
        file = None
        if memory is not None:
            words = [commit.touched, kept.everywhere, kept.only]
            file = memory / name_of(kept.target.identity, [before, commit.overlay], words)
            known = recall(file)
            if known is not None:
                return known
        outcome = compile_commit(kept, commit, before, progress)
        if file is not None:
            keep(file, outcome)
        return outcome

    def take(target: Target, number: int, outcome: Outcome) -> None:
        commit = series[number]
        seen.extend(_Seen(number, target.name, item, rule) for rule, item in outcome.said)
        done = [(commit.name, path) for path in outcome.compiled]
        compiled.update(done)
        silent.update(dict.fromkeys((commit.name, one) for one in outcome.silent))
        heard.update((commit.name, one) for one in outcome.heard)
        idle.update({(number, name): (path, line) for name, path, line in outcome.idle})
        busy.update((number, name) for name in outcome.busy)
        if outcome.strays:
            strays[number] = outcome.strays
        if target not in targets:
            but_as.update(dict.fromkeys(done, target.name))
            return
        for path in outcome.unbuilt:
            unbuilt.setdefault((commit.name, path), []).append(target.name)

    def attempt_plain() -> bool:
        """Take what comes of every commit under every target; of those that ended, at least."""
        kept = [TargetMemory(one, pool, graphs, everywhere and one is targets[0], laid=laid)
                for one in targets]
        told: list[list[Outcome]] = [[] for _ in targets]
        works = [partial(_one_by_one, partial(attempt, one), len(series), found)
                 for one, found in zip(kept, told, strict=True)]
        try:
            _side_by_side(works)
        finally:
            for target, found in zip(targets, told, strict=True):
                for number, outcome in enumerate(found):
                    take(target, number, outcome)
        return True

    def attempt_more() -> bool:
        wishes: dict[int, Wish] = {}
        for number, commit in enumerate(series):
            off = [path for name, path in unbuilt
                   if name == commit.name and (name, path) not in compiled]
            read = partial(text_at, commit.overlay, targets[0].source)
            off += absent(commit, read)
            reasons = tuple(unbuilt_why(path, read) for path in off if path.endswith(".c"))
            branches = frozenset(symbol for name, one in silent if name == commit.name
                                 and (name, one) not in heard for symbol in one.symbols)
            if branches or any(one.wanted for one in reasons):
                wishes[number] = Wish(commit, reasons, branches)
        works: list[tuple[Target, int, TargetMemory]] = []
        kept: dict[str, TargetMemory] = {}
        for number, on in zip(wishes, together(targets[0], list(wishes.values())), strict=True):
            mine = kept.setdefault(
                on.identity, TargetMemory(on, pool, graphs, laid=laid, alone=True))
            works.append((on, number, mine))
        for number, files in strays.items():
            read = partial(text_at, series[number].overlay, targets[0].source)
            tries = tuple(unbuilt_why(path, read) for path in tried(files))
            on = switched(targets[0], Wish(series[number], tries))
            works.append((on, number, TargetMemory(on, pool, graphs, laid=laid, only=files)))
        done: dict[int, Outcome] = {}

        def one(at: int, enough: Callable[[], bool]) -> None:
            if not enough():
                done[at] = attempt(works[at][2], works[at][1])

        try:
            _side_by_side([partial(one, at) for at in range(len(works))])
        finally:
            for at, outcome in sorted(done.items()):
                take(*works[at][:2], outcome)
        return True

    # what no configuration builds is not known when it was ended before
    if not (stopping.attempted(attempt_plain) and stopping.attempted(attempt_more)):
        return (*_merged(series, seen), Finding(
            "compile:not-finished", "interrupted: some commits, or some configurations of them, "
            "are not compiled", severity=Severity.NOTE))
    left = [one for one in silent if one not in heard]
    return (*_merged(series, seen), *_not_compiled(series, unbuilt, compiled, but_as, targets),
            *map(_left_out, left),
            *_without_use(series, {key: at for key, at in idle.items() if key not in busy}))


# configurations: those of a series, so that none is left for the end, when it would compile its
# commits alone; what compiles is limited by itself
_AT_ONCE = 8


def _ahead(series: Sequence[Commit], source: Path) -> pch.Ahead:
    """Return what the commits of a series change, for who reads their units one after the other."""
    times = Counter(path for commit in series for path in commit.touched)
    often = (path for path, count in times.items() if count > 1 and path.endswith(".c"))
    return pch.Ahead(frozenset(f"{source}/{path}" for path in times),
                     frozenset(f"{source}/{path}" for path in often))


def _one_by_one(attempt: Callable[[int], Outcome], count: int, found: list[Outcome],
                enough: Callable[[], bool]) -> None:
    """Append what comes of the commits of a series, until it is enough."""
    for number in range(count):
        if enough():
            return
        found.append(attempt(number))


def _side_by_side(works: Sequence[Callable[[Callable[[], bool]], None]]) -> None:
    """Do some works, a few at a time; when one fails, the others end as soon as they look.

    Errors: what the first of them raises.
    """
    failed = threading.Event()
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        running = [threads.submit(work, failed.is_set) for work in works]
        try:
            for one in as_completed(running):
                one.result()
        except BaseException:
            failed.set()
            raise


_SEVERITY = {"error": Severity.ERROR, "warning": Severity.WARNING, "note": Severity.NOTE}


@dataclass(frozen=True)
class _Seen:
    """One new diagnostic, where it was seen."""

    stage: int
    target: str
    diagnostic: Diagnostic
    rule: str


def _merged(series: Sequence[Commit], seen: Iterable[_Seen]) -> list[Finding]:
    """Return one finding per diagnostic and first commit: configurations joined."""
    first: dict[tuple[tuple[str, str, str, str], str], _Seen] = {}
    later: dict[tuple[tuple[str, str, str, str], str], list[int]] = {}
    for one in seen:
        place = (key(one.diagnostic), one.target)
        if place not in first:
            first[place] = one
        elif one.stage != first[place].stage:
            later.setdefault(place, []).append(one.stage)
    groups: dict[tuple[tuple[str, str, str, str], int], list[tuple[_Seen, list[int]]]] = {}
    for place, one in first.items():
        groups.setdefault((place[0], one.stage), []).append((one, later.get(place, [])))
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
                _SEVERITY[item.severity],
                series[number].name,
                " ".join(dict.fromkeys(member.target for member, _ in members)),
                (*item.notes[:4], *still),
            )
        )
    return found


def _left_out(place: tuple[str, Branch]) -> Finding:
    """Return what is said of lines that no configuration compiles."""
    commit, branch = place
    takes = " && ".join(branch.conditions)
    lines = f"line {branch.first} is" if branch.first == branch.last else (
        f"lines {branch.first} to {branch.last} are")
    return Finding(
        "compile:not-compiled", f"{lines} compiled under no configuration: it takes {takes}",
        branch.path, branch.first, 0,
        Severity.WARNING if "CONFIG_" in takes else Severity.NOTE, commit,
    )


def _without_use(
    series: Sequence[Commit], idle: Mapping[tuple[int, str], tuple[str, int]]
) -> list[Finding]:
    """Return a finding for each member and macro that stays after its last use has gone."""
    found = []
    for (number, name), (path, line) in sorted(idle.items()):
        word = re.compile(rf"\b{re.escape(name.rpartition('.')[2])}\b".encode())
        later = (commit.overlay.get(path, b"") for commit in series[number + 1:])
        if any(text is None or (text and not word.search(text)) for text in later):
            continue  # a later commit removes it
        kind = f"{name}, a member of a struct," if "." in name else f"the macro {name}"
        found.append(Finding(
            "compile:without-use", f"{kind} is not used any more after this commit",
            path, line, 0, Severity.WARNING, series[number].name,
            fix="remove it with its last use",
        ))
    return found


def _built(targets: Sequence[Target], overlay: Mapping[str, bytes | None], path: str) -> bool:
    """Return whether a configuration builds a unit, as a commit has it."""
    return any(path in one.at(overlay).units([str(Path(path).parent)]) for one in targets)


def _not_compiled(
    series: Sequence[Commit], unbuilt: dict[tuple[str, str], list[str]],
    compiled: set[tuple[str, str]], but_as: Mapping[tuple[str, str], str],
    targets: Sequence[Target],
) -> list[Finding]:
    """Return a note for each unit that some configurations do not build, a warning if all.

    It is a note as well where kbuild would build it on another machine, or with symbols that
    kconfig does not give together here, and where no kernel is made of it, as of a test in tools/.
    """
    found = []
    overlays = {commit.name: commit.overlay for commit in series}
    for (commit, path), names in unbuilt.items():
        never = (commit, path) not in compiled
        header = path.endswith(".h")
        every = len(names) == len(targets)
        when = "under any configuration" if never else (
            f"but as {but_as[commit, path]}" if every and (commit, path) in but_as else
            "under this configuration"
        )
        thing = "unit that is built includes it" if header else "object is made from it"
        reason, known, fix = "", False, ""
        if never:
            overlay, source = overlays[commit], targets[0].source
            read = partial(text_at, overlay, source)
            if header:
                users = (*Tree(source).users([Path(path).name], overlay)[Path(path).name],
                         *(one for one in overlay if one.endswith(".c")))
                why = why_unread(path, users, read, partial(_built, targets, overlay))
            else:
                why = unbuilt_why(path, read)
            reason, known = f"; {why.text}" if why.text else "", why.named or why.apart
            fix = "--matrix names further machines and configurations" if why.named else ""
        found.append(
            Finding(
                "compile:not-built",
                f"not compiled {when}: no {thing}{reason}",
                path,
                severity=Severity.WARNING if never and not known else Severity.NOTE,
                commit=commit,
                config=" ".join(names),
                fix=fix,
            )
        )
    return found
