# SPDX-License-Identifier: GPL-2.0-only
"""Designs by kind of interrupt, for core services and for extensions: who is served, who refused.

A cell is what exploring the design on that hardware says; everything but the kind of interrupt
stays open. A service is served when no rule is broken there and some life of the design reaches
every goal of its class on that kind of interrupt.
"""

from __future__ import annotations

import enum
import os
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from checks.finding import Verdict
from checks.machine.episode import PLAIN
from checks.machine.machine import given_answers
from checks.rules.rule import Rule
from checks.search.explore import STATES, Explorer, unprepared
from checks.search.told import Report
from checks.verdict.degrade import Beside, Comparison
from checks.verdict.goal import SERVICES, goals_at_best, served_by
from checks.verdict.judge import judge
from checks.verdict.parallel import PROCESSES, results
from generator.design import Design, Device, Driver
from generator.errors import UsageError
from generator.expr import Fact
from generator.facts import CAN_DYN, CAP
from generator.load import load
from generator.system.collector import uncollected
from generator.system.stopping import Late, asked, bounded, collecting

_CHOSEN = frozenset({CAP, CAN_DYN})  # what tells the kinds apart


@dataclass(frozen=True)
class Kind:
    """A kind of interrupt: what hardware answers."""

    name: str
    given: tuple[tuple[Fact, str], ...]


KINDS = (
    Kind("INTx", ((CAP, "none"),)),
    Kind("MSI", ((CAP, "MSI"),)),
    Kind("MSI-X static", ((CAP, "MSI-X"), (CAN_DYN, "no"))),
    Kind("MSI-X dynamic", ((CAP, "MSI-X"), (CAN_DYN, "yes"))),
)


class Served(enum.Enum):
    """What a cell says."""

    YES = "served"
    NO = "not served"
    REFUSED = "refused"
    UNFINISHED = "unfinished"
    NONE = "no such device"


@dataclass(frozen=True)
class Cell:
    """A design, a kind of interrupt, a class of services; `missed` are goals never reached."""

    design: str
    interrupts: str
    service: str
    served: Served
    rules: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exploration:
    """What one exploration came to: a design on one kind of interrupt, and both its cells.

    `waived` are rule, reason and whether it was needed; `seconds` of CPU time and `megabytes` are
    of the process that explored, and 0 where the outcome was kept from an earlier run.
    """

    design: str
    interrupts: str
    verdict: str
    cells: tuple[Cell, ...]
    waived: tuple[tuple[str, str, bool], ...]
    instances: tuple[str, ...]
    states: int
    transitions: int
    complete: bool
    episodes: tuple[str, ...] = ()
    seconds: float = 0.0
    megabytes: int = 0
    process: int = 0


def kind_of(name: str) -> Kind:
    """Return a kind of interrupt by its name, however it is spelt.

    Errors: UsageError when there is no such kind.
    """
    wanted = _plain(name)
    for kind in KINDS:
        if wanted in (_plain(kind.name), _plain(kind.name.rpartition(" ")[2])):
            return kind
    raise UsageError(f"no interrupts {name!r}: there are {', '.join(one.name for one in KINDS)}")


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def on(design: Design, kind: Kind) -> Design:
    """Return a design on the hardware of a kind of interrupt."""
    given: Mapping[Fact | tuple[Fact, Device], str] = {**design.given, **dict(kind.given)}
    return replace(design, given=given)


class Prepared:
    """Explorations of one design on one kind of interrupt after the other, prepared once."""

    def __init__(self, *, shorten: bool = True) -> None:
        """Prepare nothing yet; `shorten` as for explore()."""
        self.shorten = shorten
        # Few, and looked for one by one: what they are told by is long, and would be hashed whole.
        self.explorers: list[tuple[str, tuple[Driver, ...], Explorer]] = []
        self.besides: list[tuple[tuple[Driver, ...], Beside]] = []

    def __call__(
        self, design: Design, rules: Sequence[Rule], *, states: int, seconds: float,
        first: bool = False, episode: str = PLAIN,
    ) -> Report:
        """Explore, as explore() does."""
        explorer = next((one for name, drivers, one in self.explorers
                         if name == episode and drivers == design.drivers), None)
        if explorer is None:
            try:
                with bounded(seconds):
                    explorer = Explorer(_open(design), rules, episode, _CHOSEN)
            except Late:
                return unprepared(design, episode, seconds)
            self.explorers.append((episode, design.drivers, explorer))
        given = given_answers(design, explorer.machine.view, explorer.machine.variables)
        return explorer.run(given, states=states, seconds=seconds, first=first,
                          shorten=self.shorten)


    def against(
        self, base: Design, target: Design, *, states: int, seconds: float
    ) -> Comparison:
        """Compare, as degrade() does."""
        beside = next((one for drivers, one in self.besides if drivers == target.drivers), None)
        if beside is None:
            beside = Beside(_open(base), _open(target), _CHOSEN)
            self.besides.append((target.drivers, beside))
        return beside.run(base, target, states=states, seconds=seconds)


def _open(design: Design) -> Design:
    """Return a design without what it is given of the kinds of interrupt."""
    given = {
        key: value for key, value in design.given.items()
        if (key[0] if isinstance(key, tuple) else key) not in _CHOSEN
    }
    return replace(design, given=given)


def judged(
    design: Design, kind: Kind, *, states: int = STATES, seconds: float = 600.0,
    prepared: Prepared | None = None,
) -> Report:
    """Return the verdict on a design on a kind of interrupt, with the goals sought there.

    Errors: ModelError for a design that makes no sense.
    """
    prepared = prepared or Prepared()
    return judge(on(design, kind), states=states, seconds=seconds, sought=goals_at_best(design),
                 engine=prepared, against=prepared.against)


def cell(design: Design, kind: Kind, service: str, report: Report) -> Cell:
    """Return what a report says of one class of services."""
    one = Cell(design.name, kind.name, service, Served.NONE)
    if not any(served_by(device) == service for device in design.devices):
        return one
    missed = tuple(
        goal.statement for goal in report.goals if goal.service == service and goal.way is None
    )
    if report.verdict is Verdict.VIOLATED:
        rules = tuple(dict.fromkeys(example.rule for example in report.counterexamples))
        return replace(one, served=Served.REFUSED, rules=rules, missed=missed)
    if report.verdict is Verdict.UNFINISHED:
        return replace(one, served=Served.UNFINISHED)
    return replace(one, served=Served.NO if missed else Served.YES, missed=missed)


def outcome(design: Design, kind: Kind, report: Report) -> Exploration:
    """Return what a report comes to."""
    needed = {(one.rule, one.waived) for one in report.waived}
    return Exploration(
        design.name, kind.name, report.verdict.value,
        tuple(cell(design, kind, service, report) for service in SERVICES),
        tuple((one.rule, one.reason, (one.rule, one.reason) in needed) for one in report.waivers),
        report.bounds.instances, report.bounds.states, report.bounds.transitions,
        report.bounds.complete, report.bounds.episodes,
    )


@dataclass(frozen=True)
class Task:
    """One exploration to be made, in whatever process: the design is loaded there.

    `said` is what a kernel tree answers to facts, for the design as it is there.
    """

    design: str
    interrupts: str
    states: int = STATES
    seconds: float = 600.0
    said: tuple[tuple[str, str], ...] = ()

    @property
    def subject(self) -> Design:
        """Return the design. Errors: UsageError, ModelError."""
        return load(self.design, dict(self.said)).design


def explored(tasks: Sequence[Task]) -> list[Exploration]:
    """Do the tasks of one design.

    Errors: UsageError, ModelError.
    """
    prepared = Prepared(shorten=False)
    found = []
    for task in tasks:
        if asked():
            break
        began = time.process_time()
        design, kind = task.subject, kind_of(task.interrupts)
        report = judged(design, kind, states=task.states, seconds=task.seconds, prepared=prepared)
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        found.append(replace(
            outcome(design, kind, report), seconds=time.process_time() - began, megabytes=used,
            process=os.getpid(),
        ))
    return found


def explore_all(tasks: tuple[Task, ...], processes: int = PROCESSES) -> tuple[Exploration, ...]:
    """Do tasks in some processes, the largest designs first; results in the order of the tasks.

    When the user wants no more, those that were not done are unfinished.
    Errors: UsageError, ModelError.
    """
    size = {task.design: len(task.subject.devices) for task in tasks}
    groups = [
        tuple(task for task in tasks if task.design == name)
        for name in sorted(size, key=lambda name: -size[name])
    ]
    with uncollected():
        if len(groups) < 2 or processes < 2:
            found = list(map(explored, groups))
        else:
            with collecting():
                found = list(results([partial(explored, group) for group in groups], processes))
    done = {(one.design, one.interrupts): one for some in found for one in some}
    return tuple(done.get((task.design, task.interrupts)) or unexplored(task) for task in tasks)


def unexplored(task: Task) -> Exploration:
    """Return what is said of a task that was not done when the user wanted no more."""
    design, kind = task.subject, kind_of(task.interrupts)
    return outcome(design, kind, unprepared(design, PLAIN, 0.0))
