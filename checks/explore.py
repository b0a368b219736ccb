# SPDX-License-Identifier: GPL-2.0-only
"""Exploration of a design: breadth first, so that the first violation found is a shortest one."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from checks.code import Watch
from checks.episode import PLAIN
from checks.finding import Verdict
from checks.live import forget
from checks.machine import Machine, Step, build, with_variables
from checks.rule import Rule
from checks.search import Search
from checks.trace import replay, shortened
from generator.design import Design, Waiver
from generator.expr import FALSE, Fact, Read, reads
from generator.operation import Where

STATES = 10_000_000


@dataclass(frozen=True)
class Shown:
    """One line of a trace; `entry` says within what the actor does it."""

    actor: str
    text: str
    outcome: str
    where: Where
    entry: str = ""


@dataclass(frozen=True)
class Counterexample:
    """The shortest way to break a rule, on the hardware that answers `hardware`."""

    rule: str
    title: str
    message: str
    trace: tuple[Shown, ...]
    hardware: tuple[tuple[str, str], ...]
    waived: str = ""
    depth: int = 0  # steps on the way that somebody else could see
    episode: str = ""  # "" for the plain one


@dataclass(frozen=True)
class Sought:
    """A goal, and a shortest way to it; None where no reachable state satisfies it."""

    key: str
    service: str
    statement: str
    way: Counterexample | None


@dataclass(frozen=True)
class Bounds:
    """How far the search went: a HOLDS means nothing without them."""

    states: int
    transitions: int
    complete: bool
    seconds: float
    instances: tuple[str, ...]
    episodes: tuple[str, ...] = ()  # those beside the plain one


@dataclass(frozen=True)
class Report:
    """The verdict on one design."""

    design: str
    verdict: Verdict
    counterexamples: tuple[Counterexample, ...]
    waived: tuple[Counterexample, ...]
    bounds: Bounds
    reached: tuple[str, ...]
    unreached: tuple[str, ...]
    taken: bytes = b""  # per transition of the design's machine, whether it ever happened
    goals: tuple[Sought, ...] = ()
    waivers: tuple[Waiver, ...] = ()  # all that the design has, needed or not


def explore(
    design: Design, rules: Sequence[Rule], *, states: int = STATES, seconds: float = 600.0,
    first: bool = False, episode: str = PLAIN, shorten: bool = True,
) -> Report:
    """Return what exploring every life of a design says about the rules, in one episode.

    With `first`, the search ends at the first violation. Without `shorten`, traces are replayed
    but may have steps that they can do without: for those who do not look at them.
    Errors: ModelError for a design that makes no sense.
    """
    explorer = Explorer(design, rules, episode)
    return explorer.run(states=states, seconds=seconds, first=first, shorten=shorten)


def watches_of(machine: Machine, rules: Sequence[Rule]) -> tuple[Watch, ...]:
    """Return every condition that the rules watch in a machine."""
    found: list[Watch] = []
    for rule in rules:
        if rule.on_step is not None:
            for number, one in enumerate(machine.transitions):
                if not one.step.entry:
                    continue
                when = rule.on_step(one.step, machine.view)
                if when is not None and when != FALSE:
                    found.append(Watch(rule.key, when, rule.statement, number,
                                       _waived(machine.design.waivers, rule, one.step)))
        if rule.on_state is not None:
            for message, when in rule.on_state(machine.view):
                found.append(Watch(rule.key, when, message, None,
                                   _waived(machine.design.waivers, rule, None)))
    return tuple(found)


def _waived(waivers: Sequence[Waiver], rule: Rule, step: Step | None) -> str:
    for waiver in waivers:
        if waiver.rule != rule.key:
            continue
        if step is None:
            if not waiver.op and not waiver.inside:
                return waiver.reason
            continue
        name = step.op.name if step.op is not None else step.text
        if waiver.op in ("", name) and waiver.inside in ("", step.inside, step.entry):
            return waiver.reason
    return ""


def with_questions(machine: Machine, watches: Sequence[Watch]) -> Machine:
    """Return the machine with the questions that only rules ask among its variables."""
    asked = [read for watch in watches for read in reads(watch.when) if read.fact.question]
    return with_variables(machine, asked)


class Explorer:
    """A design in one episode, and rules, prepared: explored as often as is wanted."""

    def __init__(
        self, design: Design, rules: Sequence[Rule], episode: str = PLAIN,
        chosen: frozenset[Fact] = frozenset(),
    ) -> None:
        """Prepare; questions of `chosen` facts get their answers where a search begins.

        Errors: ModelError for a design that makes no sense, EnvironmentFault without a compiler.
        """
        with _uncollected():
            machine = build(design, episode, chosen)
            self.watches = watches_of(machine, rules)
            self.machine = with_questions(machine, self.watches)
            self.search = Search(forget(self.machine, self.watches), self.watches)
        self.library = self.search.library
        self.rules = {rule.key: rule for rule in rules}
        self.shorten = True

    def run(
        self, given: Mapping[Read, int] | None = None, *, states: int = STATES,
        seconds: float = 600.0, first: bool = False, shorten: bool = True,
    ) -> Report:
        """Return what a search says where hardware gives some answers; see explore()."""
        began = time.monotonic()
        self.machine = replace(self.machine, given={**self.machine.given, **(given or {})})
        self.shorten = shorten
        complete = self.search.run(self.machine.given, states=states, seconds=seconds, first=first)
        return self._report(complete, time.monotonic() - began)

    def _report(self, complete: bool, seconds: float) -> Report:
        found = [
            (self.watches[index], transition, level, state)
            for index, transition, level, state in self.library.findings()
        ]
        examples = tuple(self._example(*one) for one in found if not one[0].waived)
        implied = {other for one in examples for other in self.rules[one.rule].implies}
        kept = tuple(one for one in examples if one.rule not in implied) or examples
        verdict = Verdict.VIOLATED if examples else Verdict.HOLDS
        if not examples and not complete:
            verdict = Verdict.UNFINISHED
        reached, unreached = self._goals()
        bounds = Bounds(
            self.library.states(), self.library.transitions(), complete, seconds,
            tuple(one.name for one in self.machine.view.instances),
            beside(self.machine),
        )
        return Report(
            self.machine.design.name, verdict, kept,
            tuple(self._example(*one) for one in found if one[0].waived), bounds,
            reached, unreached, self.library.taken(), waivers=self.machine.design.waivers,
        )

    def _goals(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return which steps of the design's own operations ever happened, and which never."""
        wanted: dict[str, bool] = {}
        taken = self.library.taken()
        for number, one in enumerate(self.machine.transitions):
            if one.step.outcome == "ok" and one.step.op is not None and one.step.entry == "probe":
                wanted[one.step.text] = wanted.get(one.step.text, False) or bool(taken[number])
        return (
            tuple(sorted(text for text, hit in wanted.items() if hit)),
            tuple(sorted(text for text, hit in wanted.items() if not hit)),
        )

    def _example(self, watch: Watch, transition: int, depth: int, at: int) -> Counterexample:
        path = self.search.path(at) + [transition] * (transition >= 0)
        if self.shorten:
            path = shortened(self.machine, path, watch)
        answers = replay(self.machine, path, watch)
        hardware = tuple(
            (f"{read.of.name}.{read.fact.name}", read.fact.show(value))
            for read, value in sorted(answers.items(), key=lambda one: one[0].of.name)
        )
        rule = self.rules[watch.rule]
        trace = shown(self.machine, path, watch.at)
        return Counterexample(rule.key, rule.title, watch.message, trace, hardware, watch.waived,
                              depth, "".join(beside(self.machine)))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let no garbage collector look meanwhile, again and again, at each of many expressions.

    They have no cycles.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def beside(machine: Machine) -> tuple[str, ...]:
    """Return the episode of a machine, none for the plain one."""
    return () if machine.view.episode == PLAIN else (machine.view.episode,)


def shown(machine: Machine, path: Sequence[int], last: int | None = None) -> tuple[Shown, ...]:
    """Return the steps of a path that a reader needs to see, and `last` in any case."""
    steps = [(number, machine.transitions[number].step) for number in path]
    return tuple(
        Shown(step.actor, step.text, step.error or step.outcome, step.where, step.entry)
        for number, step in steps
        if step.text and (number == last or _matters(step))
    )


def _matters(step: Step) -> bool:
    """Return whether a reader needs to see a step: a fact changes, or hardware answers."""
    if step.op is not None:
        return bool(step.error) or any(one.gives for one in step.op.outcomes)
    return step.entry in ("driver core", "environment") or step.decides
