# SPDX-License-Identifier: GPL-2.0-only
"""Exploration of a design: breadth first, so that the first violation found is a shortest one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from checks.finding import Verdict
from checks.machine import Machine, Step, build
from checks.packed import Broken, Packed, Successors, Watch, pack
from checks.rule import Rule
from generator.design import Design, Waiver
from generator.errors import PortwrightError
from generator.expr import FALSE, Read, evaluate, fold_known, reads
from generator.operation import Where

STATES = 4_000_000


class ReplayError(PortwrightError):
    """A counterexample could not be replayed: the explorer itself is wrong."""


@dataclass(frozen=True)
class Shown:
    """One line of a trace."""

    actor: str
    text: str
    outcome: str
    where: Where


@dataclass(frozen=True)
class Counterexample:
    """The shortest way to break a rule, on the hardware that answers `hardware`."""

    rule: str
    title: str
    message: str
    trace: tuple[Shown, ...]
    hardware: tuple[tuple[str, str], ...]
    waived: str = ""


@dataclass(frozen=True)
class Bounds:
    """How far the search went: a HOLDS means nothing without them."""

    states: int
    transitions: int
    complete: bool
    seconds: float
    instances: tuple[str, ...]


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


def explore(
    design: Design, rules: Sequence[Rule], *, states: int = STATES, seconds: float = 600.0,
    first: bool = False,
) -> Report:
    """Return what exploring every life of a design says about the rules.

    With `first`, the search ends at the first violation. Errors: ModelError for a design
    that makes no sense.
    """
    machine = build(design)
    watches = watches_of(machine, rules)
    machine = with_questions(machine, watches)
    packed = pack(machine, watches)
    return _Search(machine, watches, packed, rules, states, seconds, first).run()


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
    known = set(machine.variables)
    extra = {
        read for watch in watches for read in reads(watch.when)
        if read.fact.question and read not in known
    }
    variables = tuple(sorted(known | extra, key=lambda read: (read.of.name, read.fact.name)))
    tops = {**machine.tops, **{read: read.fact.top for read in extra}}
    return replace(machine, variables=variables, tops=tops)


class _Search:
    def __init__(
        self, machine: Machine, watches: tuple[Watch, ...], packed: Packed,
        rules: Sequence[Rule], states: int, seconds: float, first: bool,
    ) -> None:
        self.machine, self.watches, self.packed = machine, watches, packed
        self.rules = {rule.key: rule for rule in rules}
        self.limit, self.seconds, self.first = states, seconds, first
        self.parent: dict[int, tuple[int, int]] = {packed.start: (-1, -1)}
        self.found: dict[str, tuple[Watch, int, int, int]] = {}
        self.waived: dict[tuple[str, str], tuple[Watch, int, int, int]] = {}
        self.transitions = 0

    def run(self) -> Report:
        began = time.monotonic()
        frontier = [self.packed.start]
        complete = True
        while frontier:
            following: list[int] = []
            for state in frontier:
                self._expand(state, following)
            if self.found and self.first:
                complete = False
                break
            if len(self.parent) > self.limit or time.monotonic() - began > self.seconds:
                complete = not following
                break
            frontier = following
        return self._report(complete, time.monotonic() - began)

    def _expand(self, state: int, following: list[int]) -> None:
        out: Successors = []
        bad: Broken = []
        for shift, mask, row, alone in self.packed.tables:
            at = state >> shift & mask
            group = row[at]
            if group is None:
                continue
            if alone[at]:
                mine: Successors = []
                group(state, mine, bad)
                if mine:
                    out = mine
                    break
            else:
                group(state, out, bad)
        else:
            self.packed.environment(state, out, bad)
        for index, transition, before in bad:
            self._break(self.watches[index], transition, before, state)
        parent = self.parent
        self.transitions += len(out)
        for transition, after in out:
            if after in parent:
                continue
            parent[after] = (state, transition)
            stop = False
            for index in self.packed.broken(after):
                watch = self.watches[index]
                self._break(watch, -1, after, after)
                stop |= not watch.waived
            if not stop:
                following.append(after)

    def _break(self, watch: Watch, transition: int, state: int, origin: int) -> None:
        # `state` is `origin` with what was asked on the way answered.
        one = (watch, transition, state, origin)
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
        )
        return Report(
            self.machine.design.name, verdict, kept,
            tuple(self._example(*one) for one in self.waived.values()), bounds,
            reached, unreached,
        )

    def _goals(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return which steps of the design's own operations ever happened, and which never."""
        done = {transition for _, transition in self.parent.values() if transition >= 0}
        wanted: dict[str, bool] = {}
        for number, one in enumerate(self.machine.transitions):
            if one.step.outcome == "ok" and one.step.op is not None and one.step.entry == "probe":
                wanted[one.step.text] = wanted.get(one.step.text, False) or number in done
        return (
            tuple(sorted(text for text, hit in wanted.items() if hit)),
            tuple(sorted(text for text, hit in wanted.items() if not hit)),
        )

    def _example(
        self, watch: Watch, transition: int, state: int, origin: int
    ) -> Counterexample:
        path: list[int] = [transition] if transition >= 0 else []
        at = origin
        while self.parent[at][1] >= 0:
            before, step = self.parent[at]
            path.append(step)
            at = before
        path.reverse()
        values = self.packed.values(state)
        replay(self.machine, path, watch, values)
        shown = [
            Shown(step.actor, step.text, step.error or step.outcome, step.where)
            for step in (self.machine.transitions[number].step for number in path)
            if step.text
        ]
        hardware = tuple(
            (f"{read.of.name}.{read.fact.name}", read.fact.show(value))
            for read, value in values.items()
            if read.fact.question and value is not None
        )
        rule = self.rules[watch.rule]
        return Counterexample(rule.key, rule.title, watch.message, tuple(shown), hardware,
                              watch.waived)


def replay(
    machine: Machine, path: Sequence[int], watch: Watch, final: dict[Read, int | None]
) -> None:
    """Walk a trace again by the meaning of the language, not by generated code.

    Errors: ReplayError when a step cannot be taken or the rule does not break at the end.
    """
    state = {
        read: (final.get(read) or 0) if read.fact.question else 0 for read in machine.variables
    }
    last = len(path) - 1 if watch.at is not None else -1
    for position, number in enumerate(path):
        one = machine.transitions[number]
        here = one.pc is None or state[one.pc] == one.src
        if not here or not evaluate(one.when, state):
            raise ReplayError(f"step {position + 1} of a trace for {watch.rule} does not replay")
        if position == last:
            break
        values = [(target, evaluate(value, state)) for target, value in one.gives]
        state.update(values)
    if not evaluate(fold_known(watch.when, frozenset(state)), state):
        raise ReplayError(f"the trace for {watch.rule} replays, but does not break it")


