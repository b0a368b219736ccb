# SPDX-License-Identifier: GPL-2.0-only
"""Exploration of a design: breadth first, so that the first violation found is a shortest one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from checks.code import Broken, Watch
from checks.episode import PLAIN
from checks.finding import Verdict
from checks.live import forget
from checks.machine import Machine, Step, build, with_variables
from checks.packed import Packed, pack
from checks.rule import Rule
from checks.trace import ReplayError, replay, shortened
from generator.design import Design, Waiver
from generator.expr import FALSE, reads
from generator.operation import Where

STATES = 4_000_000
OFTEN = 64  # looks at the budget between two at the clock
PASSED = 500_000  # states that are not kept, but remembered for a while


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
    machine = build(design, episode)
    watches = watches_of(machine, rules)
    machine = with_questions(machine, watches)
    packed = pack(forget(machine, watches), watches)
    return _Search(machine, watches, packed, rules, states, seconds, first, shorten).run()


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


class _Search:
    def __init__(
        self, machine: Machine, watches: tuple[Watch, ...], packed: Packed,
        rules: Sequence[Rule], states: int, seconds: float, first: bool, shorten: bool,
    ) -> None:
        self.machine, self.watches, self.packed = machine, watches, packed
        self.rules = {rule.key: rule for rule in rules}
        self.limit, self.seconds, self.first = states, seconds, first
        self.shorten = shorten
        self.parent: dict[int, int] = {packed.start: -1}  # state -> from where it was reached
        self.found: dict[str, tuple[Watch, int, int, int]] = {}
        self.waived: dict[tuple[str, str], tuple[Watch, int, int, int]] = {}
        self.level = self.looks = 0
        self.stopped = False
        self.until = 0.0
        self.passed: set[int] = set()
        self.transitions = 0
        self.taken = packed.code.taken

    def run(self) -> Report:
        began = time.monotonic()
        self.until = began + self.seconds
        frontier = [self.packed.start]
        complete = True
        while frontier and complete:
            following: list[int] = []
            for state in frontier:
                if self._spent():
                    break
                self._expand(state, following)
            complete = not self.stopped and not (self.found and self.first)
            frontier = following
            self.level += 1
        return self._report(complete, time.monotonic() - began)

    def _spent(self) -> bool:
        """Return whether a budget is used up; the clock is looked at now and then."""
        self.looks += 1
        if len(self.parent) > self.limit or (
            self.looks % OFTEN == 1 and time.monotonic() >= self.until
        ):
            self.stopped = True
        return self.stopped

    def _expand(self, state: int, following: list[int]) -> None:
        if len(self.passed) > PASSED:
            self.passed.clear()
        out: list[int] = []
        bad: Broken = []
        for run in self.packed.spot(state).runs:
            run(state, out, bad)
        for index, transition, _ in bad:
            self._break(self.watches[index], transition, state)
        self.transitions += len(out)
        spots, places, parent = self.packed.spots, self.packed.places, self.parent
        for after in out:
            if after in parent or self._spent():
                continue
            spot = spots.get(after & places) or self.packed.spot(after)
            if spot.lonely:
                for settled in self._settle(after):
                    if not self._spent():
                        self._reach(settled, state, following)
            else:
                self._reach(after, state, following)

    def _settle(self, state: int) -> list[int]:
        """Return where steps that commute with everybody else's lead to.

        Nobody sees what lies between, so it is not kept: see reduce.py. Who comes there again
        soon need not walk on: what it leads to is known.
        """
        done: list[int] = []
        if state in self.passed:
            return done
        self.passed.add(state)
        todo = [state]
        while todo and not self._spent():
            at = todo.pop()
            mine = self.packed.at_once(at)
            if mine is None:
                done.append(at)
                continue
            self.transitions += len(mine)
            for after in reversed(mine):
                if after not in self.passed:
                    self.passed.add(after)
                    todo.append(after)
        return done

    def _reach(self, state: int, origin: int, following: list[int]) -> None:
        if state in self.parent:
            return
        self.parent[state] = origin
        stop = False
        for index in self.packed.broken(state):
            watch = self.watches[index]
            if not watch.waived:
                split = self.packed.split(state, index)
                if split != [state]:  # some hardware breaks the rule here, not all need to
                    for whole in split:
                        self._reach(whole, origin, following)
                    return
            self._break(watch, -1, state)
            stop |= not watch.waived
        if not stop:
            following.append(state)

    def _between(self, origin: int, state: int) -> list[int]:
        """Return the steps by which a state was reached from where it was reached from."""
        todo: list[tuple[int, tuple[int, ...]]] = [
            (after, (transition,)) for transition, after in reversed(self.packed.steps(origin))
        ]
        passed: set[int] = set()
        while todo:
            at, path = todo.pop()
            if self.packed.agrees(at, state):
                return list(path)
            for transition, after in next(iter(self.packed.each_at_once(at)), ()):
                if after not in passed:
                    passed.add(after)
                    todo.append((after, (*path, transition) if transition >= 0 else path))
        raise ReplayError("no steps lead from a state to one that was reached from it")

    def _break(self, watch: Watch, transition: int, origin: int) -> None:
        one = (watch, transition, origin, self.level + 1)
        if watch.waived:
            self.waived.setdefault((watch.rule, watch.waived), one)
        else:
            self.found.setdefault(watch.rule, one)

    def _report(self, complete: bool, seconds: float) -> Report:
        examples = tuple(self._example(*one) for one in self.found.values())
        implied = {
            other for rule in self.found for other in self.rules[rule].implies
        }
        kept = tuple(one for one in examples if one.rule not in implied) or examples
        verdict = Verdict.VIOLATED if examples else Verdict.HOLDS
        if not examples and not complete:
            verdict = Verdict.UNFINISHED
        reached, unreached = self._goals()
        bounds = Bounds(
            len(self.parent), self.transitions, complete, seconds,
            tuple(one.name for one in self.machine.view.instances),
            beside(self.machine),
        )
        return Report(
            self.machine.design.name, verdict, kept,
            tuple(self._example(*one) for one in self.waived.values()), bounds,
            reached, unreached, bytes(self.taken), waivers=self.machine.design.waivers,
        )

    def _goals(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return which steps of the design's own operations ever happened, and which never."""
        wanted: dict[str, bool] = {}
        for number, one in enumerate(self.machine.transitions):
            if one.step.outcome == "ok" and one.step.op is not None and one.step.entry == "probe":
                wanted[one.step.text] = wanted.get(one.step.text, False) or bool(self.taken[number])
        return (
            tuple(sorted(text for text, hit in wanted.items() if hit)),
            tuple(sorted(text for text, hit in wanted.items() if not hit)),
        )

    def _example(self, watch: Watch, transition: int, origin: int, depth: int) -> Counterexample:
        path: list[int] = [transition] if transition >= 0 else []
        at = origin
        while at != self.packed.start:
            path[:0] = self._between(self.parent[at], at)
            at = self.parent[at]
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
