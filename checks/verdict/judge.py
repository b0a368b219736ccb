# SPDX-License-Identifier: GPL-2.0-only
"""Everything that is asked of a design: the rules, and what it does to the services of its base."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from checks.finding import Verdict
from checks.machine.episode import EPISODES, PLAIN, episodes_of, left_out
from checks.rules.all import RULES
from checks.rules.rule import Rule
from checks.search.explore import (
    ELSEWHERE,
    EXITS,
    STATES,
    explore,
    unprepared,
)
from checks.search.machine_as_c import APART, BEHIND
from checks.search.told import (
    Bounds,
    Counterexample,
    Done,
    Report,
)
from checks.verdict.degrade import RULE as DEGRADES
from checks.verdict.degrade import Comparison, degrade
from checks.verdict.goal import Goal, goals_of, with_goals, with_ways
from checks.verdict.parallel import results
from checks.verdict.waivers import check_waivers
from generator.design import Design, Waiver
from generator.errors import UsageError
from generator.load import base_of
from generator.system.collector import uncollected
from generator.system.stopping import Late, asked, bounded, collecting

ALL: tuple[Rule, ...] = tuple(sorted((*RULES, DEGRADES), key=lambda rule: rule.key))

SECONDS = 600.0  # for all explorations of one design
MOST_BEHIND = 2_000_000  # states behind what is broken: what is told there is an addition


def judge(
    design: Design, *, states: int = STATES, seconds: float = SECONDS, first: bool = False,
    sought: tuple[Goal, ...] | None = None, engine: Callable[..., Report] = explore,
    episode: str = "", against: Callable[..., Comparison] = degrade, processes: int = 1,
    further: bool = False,
) -> Report:
    """Return the verdict on a design, by exploration and, if it has one, beside its base.

    Every episode is explored that the design has something to say to, or only the one given.
    The report has the shortest counterexample first, and says which goals were reached: those
    of `sought` or else the usual ones.
    `engine` asks the rules, checks.search.spin.explore() as well; N2 is always our explorer's,
    `against` makes the comparison. `states` bounds each exploration, `seconds` all of them;
    `processes` explore side by side, unless the `first` violation is enough. With `further`, a
    search goes on behind what is broken, as if it were waived, and tells what else breaks. When
    the user wants no more, it is the verdict on what was explored so far.
    Errors: ModelError for a design that makes no sense, UsageError for an unknown episode.

    >>> from generator.design import Driver, Device
    >>> from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE
    >>> port = Device("port", "pci")
    >>> driver = Driver("bare", port, (PCI_ENABLE_DEVICE(port),), (PCI_DISABLE_DEVICE(port),))
    >>> report = judge(Design("bare", "a port is enabled", (port,), (driver,)))
    >>> report.verdict.value, report.counterexamples, report.bounds.episodes
    ('HOLDS', (), ())
    """
    check_waivers(design, ALL)
    if episode and episode not in EPISODES:
        raise UsageError(f"no episode {episode!r}: one of {', '.join(EPISODES)}")
    sought = goals_of(design) if sought is None else sought
    seeking, never = with_goals(design, sought)
    lived = (episode,) if episode else episodes_of(design)
    until = time.monotonic() + seconds

    def explored(alone: Design, name: str) -> Report:
        rules = (*RULES, *never) if name == PLAIN else RULES
        left = max(until - time.monotonic(), 0.0)
        found = engine(alone, rules, states=states, seconds=left, first=first, episode=name)
        return with_ways(found, design, sought) if name == PLAIN else found

    jobs: list[Callable[[], Report | Comparison]] = [
        partial(explored, one, name) for name in lived for one in alternatives(seeking, name)
    ]
    base = base_of(design)
    if episode in ("", PLAIN) and base is not None and base is not design:
        alike = _given(base, design)

        def compared() -> Comparison:
            left = max(until - time.monotonic(), 0.0)
            try:
                with bounded(left):
                    return against(alike, design, states=states, seconds=left)
            except Late:
                return Comparison(DEGRADES.key, alike.name, design.name, Verdict.UNFINISHED, (),
                                  0, 0, left)

        jobs.append(compared)
    found: list[Report | Comparison] = []
    with collecting(), uncollected():
        for one in results(jobs, 1 if first else processes):
            found.append(one)
            if first and one.verdict is Verdict.VIOLATED:
                break
    if asked():  # what was not begun is not finished
        found.append(unprepared(design, episode or PLAIN, 0.0))
    report = merged([one for one in found if isinstance(one, Report)], design)
    report = replace(report, left_out=left_out(design, episode))
    beside = next((one for one in found if isinstance(one, Comparison)), None)
    if further and not first and not asked() and report.verdict is Verdict.VIOLATED:
        waived = replace(design, waivers=(
            *design.waivers, *(Waiver(rule.key, BEHIND) for rule in RULES)
        ))

        def behind(alone: Design, name: str) -> Report:
            left = max(until - time.monotonic(), 0.0)
            return engine(alone, RULES, states=min(states, MOST_BEHIND), seconds=left, first=False,
                          episode=name)

        report = with_further(report, results([
            partial(behind, one, name) for name in lived for one in alternatives(waived, name)
        ], processes))
        return replace(report, further=(*report.further, *_degraded(beside)[:1]))
    if beside is None or report.verdict is not Verdict.HOLDS:
        return report
    return replace(report, verdict=beside.verdict, counterexamples=_degraded(beside))


def _degraded(beside: Comparison | None) -> tuple[Counterexample, ...]:
    """Return what services lose beside the base of their design, as violations of N2."""
    if beside is None:
        return ()
    return tuple(
        Counterexample(
            DEGRADES.key,
            DEGRADES.title,
            f"{DEGRADES.statement} Here: {one.after}; {beside.base} has {' or '.join(one.before)}.",
            one.trace,
            one.hardware,
        )
        for one in beside.degraded
    )


def with_further(report: Report, behind: Iterable[Report]) -> Report:
    """Return a report with what searches found that went on behind all that breaks.

    A rule is told once, and not beside one that implies it; a handler, with all that it lacks.
    """
    found: dict[str, Counterexample] = {}
    ways: dict[str, Counterexample] = {}
    told = {one.way for one in (*report.counterexamples, *report.elsewhere)}
    broken = {one.rule for one in report.counterexamples}
    complete = True
    for one in behind:
        complete = complete and one.bounds.complete
        for example in one.waived:
            by, some = example.rule, found
            if by in APART & broken and example.way not in told:
                by, some = example.way, ways
            known = some.get(by)
            if example.waived == BEHIND and (
                known is None or len(example.trace) < len(known.trace)
            ):
                some[by] = example
    by_key = {rule.key: rule for rule in RULES}
    implied = {
        other for key in (*broken, *found) if key in by_key for other in by_key[key].implies
    }
    return replace(
        report, looked_further=complete,
        further=tuple(sorted(
            (*(replace(one, behind=tuple(key for key in one.behind
                                         if key not in implied and key != one.rule))
               for key, one in found.items() if key not in broken | implied),
             *list(ways.values())[:ELSEWHERE]),
            key=lambda one: len(one.trace),
        )),
    )


def alternatives(design: Design, episode: str) -> tuple[Design, ...]:
    """Return what is explored in an episode: also with each driver that comes later, alone.

    Binding one after the other belongs to the plain episode and to that of a late driver.
    """
    later = [driver for driver in design.drivers if driver.instead_of]
    if episode in (PLAIN, "late") or not later:
        return (design,)
    first = tuple(driver for driver in design.drivers if not driver.instead_of)
    return (
        replace(design, drivers=first),
        *(
            replace(design, drivers=(
                replace(one, instead_of=""),
                *(driver for driver in first if driver.device != one.device),
            ))
            for one in later
        ),
    )


def _given(base: Design, design: Design) -> Design:
    """Return a design's base on the hardware that the design is given."""
    given = {
        key: value for key, value in design.given.items()
        if not isinstance(key, tuple) or key[1] in base.devices
    }
    return replace(base, given={**base.given, **given})


_Place = tuple[str, str, str, str]


def _place(one: Counterexample) -> _Place:
    """Return what tells places apart at which a rule is broken: in which part of a life, where."""
    return *one.told_by, one.life, "" if one.exit is None else str(one.exit.where)


_WORST = (Verdict.HOLDS, Verdict.UNFINISHED, Verdict.VIOLATED)


def merged(reports: Sequence[Report], design: Design) -> Report:
    """Return one report on a design from those of its episodes: the worst verdict is its own."""
    first, all_ = reports[0], [one.bounds for one in reports]
    found: dict[str, Counterexample] = {}
    other: dict[_Place, Counterexample] = {}
    waived: dict[tuple[str, str], Counterexample] = {}
    for report in reports:
        for example in report.counterexamples:
            found.setdefault(example.rule, example)
        for example in (*report.counterexamples, *report.elsewhere):
            other.setdefault(_place(example), example)
        for example in report.waived:
            waived.setdefault((example.rule, example.waived), example)
    places = sorted(
        (one for place, one in other.items() if place != _place(found[one.rule])),
        key=lambda one: (one.told_by == found[one.rule].told_by, len(one.trace)),
    )
    return replace(
        first,
        verdict=max((one.verdict for one in reports), key=_WORST.index),
        counterexamples=tuple(sorted(found.values(), key=lambda one: len(one.trace))),
        elsewhere=(*[one for one in places if one.exit is None][:ELSEWHERE],
                   *[one for one in places if one.exit is not None][:EXITS]),
        waived=tuple(waived.values()),
        waivers=design.waivers,
        done=frozenset[Done]().union(*(one.done for one in reports)),
        bounds=Bounds(
            sum(one.states for one in all_),
            sum(one.transitions for one in all_),
            all(one.complete for one in all_),
            sum(one.seconds for one in all_),
            first.bounds.instances,
            tuple(dict.fromkeys(name for one in all_ for name in one.episodes)),
        ),
    )
