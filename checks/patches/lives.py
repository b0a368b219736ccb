# SPDX-License-Identifier: GPL-2.0-only
"""The lives of the drivers that a series touches: what a commit breaks that held before it.

The design of a driver is read from its C before and after each commit, and both are explored. A
rule that only the later one breaks is a finding of the commit, with the shortest life that shows
it; one that only the earlier breaks is told as mended.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from checks.compiling.frontend import STRANGE, diagnose
from checks.compiling.outcome import name_of
from checks.finding import Finding, Severity, Verdict
from checks.patches.work import Work
from checks.search.told import Counterexample
from checks.show import report_text
from checks.verdict.judge import judge
from generator.drivers.in_tree import OF_CALLS, in_tree
from generator.errors import EnvironmentFault, PortwrightError, TreeError, Where
from generator.extraction import source
from generator.extraction.extract import drivers, extract
from generator.extraction.fractions import NOTHING, Fractions, Part
from generator.kernel.configurations import CONFIGS
from generator.kernel.ground import ground
from generator.kernel.tree import Tree
from generator.parsing.job import Job
from generator.system.cache import cache, keep
from generator.system.stopping import Late, bounded
from generator.tree_facts.table import answered

RULE = "life"
SECONDS = 30.0  # of exploring one driver
ALL = 180.0  # of all drivers of a series
STATES = 100_000
ASSUMED = (
    "what a driver calls and no operation names, for the lives of drivers: it may do anything, and "
    "is taken to do nothing",
)

Overlay = Mapping[str, bytes | None]


@dataclass(frozen=True)
class Broken:
    """A rule that a driver breaks: what is said of it, where, and the lines of a life.

    within: which part of its life the driver is in, and the step at which it is broken: with the
    message they tell what was broken before, on whatever line that is now.
    """

    rule: str
    message: str
    path: str
    line: int
    life: tuple[str, ...]
    within: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Lives:
    """What exploring the drivers of a file said: per driver what is broken, or why nobody knows.

    within: how much of the C of all of them was read.
    """

    broken: Mapping[str, tuple[Broken, ...]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    within: Fractions = NOTHING


def check(work: Work) -> tuple[Finding, ...]:
    """Return what commits break in the lives of the drivers whose C they change.

    What a new driver breaks is a note: with nothing before it to be held to, what was misread of
    its C is not told from what is wrong. A driver that could not be read or explored to the end is
    a note with the reason, and counts as not checked; so does one for which no time is left.
    Errors: EnvironmentFault without a sandbox.
    """
    found: list[Finding] = []
    until = time.monotonic() + ALL
    before: Overlay = {}
    for commit in work.commits:
        for path in commit.touched:
            text = commit.changed[path]
            if path.endswith(".c") and text is not None and b"_driver" in text:
                then = lives(work, path, before, until)
                now = lives(work, path, commit.overlay, until)
                found += _compared(then, now, path, commit.name)
        before = commit.overlay
    return tuple(found)


def _compared(then: Lives, now: Lives, path: str, commit: str) -> Iterator[Finding]:
    for name, broken in now.broken.items():
        why = then.unread.get(name) or then.unread.get(path)
        if why and broken:
            yield Finding(f"{RULE}:not-compared", f"{name} could not be read before this commit: "
                          f"{why}", path, severity=Severity.NOTE, commit=commit)
        if why:
            continue
        before = then.broken.get(name, ())
        was = {one.rule for one in before}
        new = name not in then.broken
        for one in broken:
            if one in _more(before, broken, one.rule):
                yield Finding(
                    f"{RULE}:{one.rule}", f"{name}: {one.message}"
                    + ("" if new else ", which held before this commit"),
                    one.path or path, one.line, commit=commit, notes=(*one.life, *_about(now)),
                    severity=Severity.NOTE if new else Severity.WARNING,
                )
        mended = was - {one.rule for one in broken}
        if mended:
            yield Finding(f"{RULE}:mended", f"{name}: {', '.join(sorted(mended))} "
                          f"{'is' if len(mended) == 1 else 'are'} not broken any more", path,
                          severity=Severity.NOTE, commit=commit)
    for name, why in now.unread.items():
        yield Finding(f"{RULE}:not-read", f"{name}: its lives were not explored: {why}", path,
                      severity=Severity.NOTE, commit=commit)


def _more(
    before: Sequence[Broken], now: Sequence[Broken], rule: str
) -> Sequence[Broken]:
    """Return by what else a rule is broken now: of several the first where none was before.

    Where as much of it is gone as is new, what was broken has other words now.
    """
    then, here = ({(one.message, one.within): one for one in some if one.rule == rule}
                  for some in (before, now))
    new = [one for key, one in here.items() if key not in then]
    if not then:
        return new[:1]
    return new if len(new) > len(then.keys() - here.keys()) else ()


_SPENT = f"the {ALL:.0f} s that the drivers of a series have together were used up before"


def _about(now: Lives) -> tuple[str, ...]:
    return (f"within what was read of the C: {now.within}",)


def lives(work: Work, path: str, overlay: Overlay, until: float) -> Lives:
    """Return what the lives of the drivers of a file come to, with some files of the tree changed.

    `until` is when, on the monotonic clock, no time is left to explore what is not kept.
    What was explored to the end is kept, by the text of the file and of all headers that were
    changed; what took too long, or was ended by the user, is tried again the next time.
    """
    if path not in overlay and work.read(path) is None:
        return Lives()
    where, laid = _on(work)
    over = {**laid, **overlay}
    seen = {name: text for name, text in over.items() if name == path or name.endswith(".h")}
    name = name_of(f"{where.base} {source.CONFIG}", [seen], [RULE, path, SECONDS, STATES])
    file = cache() / "outcomes" / f"{name}.lives"
    if file.is_file():
        return _recalled(json.loads(file.read_text(encoding="utf-8")))
    found, whole = _explored(where, path, seen, until)
    if whole:
        keep(file, json.dumps(asdict(found)))
    return found


def _on(work: Work) -> tuple[Tree, Overlay]:
    """Return the tree whose prepared build serves the base, and what the base has otherwise."""
    if work.bases:
        return work.bases[0].tree, work.laid
    below = ground(work.tree, (CONFIGS[source.CONFIG],))
    return below.bases[0].tree, below.laid


def _recalled(kept: dict[str, object]) -> Lives:
    broken, unread = kept["broken"], kept["unread"]
    within = kept["within"]
    assert isinstance(broken, dict)
    assert isinstance(unread, dict)
    assert isinstance(within, dict)
    return Lives(
        {name: tuple(Broken(**{**one, "life": tuple(one["life"]), "within": tuple(one["within"])})
                     for one in all_)
         for name, all_ in broken.items()},
        unread, Fractions(Part(*within["calls"]), Part(*within["branches"])),
    )


def _looked(task: Job) -> None:
    """Look at somebody else's C in another process, before this one parses it.

    Errors: TreeError when it includes what is not of the tree, or ends the compiler.
    """
    for one in diagnose(task).diagnostics:
        if one.option in STRANGE:
            raise TreeError(one.text, Where(one.path, one.line))


def _explored(
    where: Tree, path: str, overlay: Overlay, until: float
) -> tuple[Lives, bool]:
    """Return what the drivers of a file break, and whether no search was ended by the clock."""
    if time.monotonic() >= until:
        return Lives({}, {path: _SPENT}), False
    try:
        parsed = source.parsed(where, path, overlay, _looked)
        known = drivers(parsed.unit)
    except EnvironmentFault:
        raise
    except PortwrightError as error:
        return Lives({}, {path: str(error)}), True
    broken: dict[str, tuple[Broken, ...]] = {}
    unread: dict[str, str] = {}
    within = NOTHING
    whole = True
    for named in known:
        left = until - time.monotonic()
        seconds = min(SECONDS, left)
        late = (f"not explored to the end within {seconds:.0f} s, {STATES} states"
                if left > SECONDS else _SPENT)
        try:
            with bounded(seconds):
                what = extract((parsed.unit,), named)
                design = in_tree(what.design, answered(OF_CALLS, where))
                report = judge(design, seconds=seconds, states=STATES)
        except Late as ended:
            unread[named.name], whole = ": ".join((late, *ended.args)), False
            continue
        except PortwrightError as error:
            unread[named.name] = str(error)
            continue
        within += what.fractions
        if report.verdict is Verdict.UNFINISHED:
            unread[named.name], whole = late, False
            continue
        broken[named.name] = tuple(
            Broken(one.rule, one.message, *_place(one), tuple(report_text.example(one)),
                   (one.life, one.trace[-1].text if one.trace else ""))
            for one in (*report.counterexamples, *report.elsewhere)
        )
    return Lives(broken, unread, within), whole


def _place(one: Counterexample) -> tuple[str, int]:
    """Return file and line of the last operation of a life, "" when none has one."""
    steps = [step.where for step in one.trace if step.where.file]
    return (steps[-1].file, steps[-1].line) if steps else ("", 0)
