# SPDX-License-Identifier: GPL-2.0-only
"""Exploration of a design: breadth first, so that the first violation found is a shortest one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from checks.episode import PLAIN
from checks.finding import Verdict
from checks.hardware import OPEN_QUESTION, answered, questions
from checks.live import forget
from checks.machine import Machine, Step, build, with_variables
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
        self.parent: dict[int, tuple[int, tuple[int, ...]]] = {packed.start: (-1, ())}
        self.found: dict[str, tuple[Watch, int, int, int]] = {}
        self.waived: dict[tuple[str, str], tuple[Watch, int, int, int]] = {}
        self.level = 0
        self.passed: set[int] = set()
        self.transitions = 0
        self.taken = bytearray(len(machine.transitions))

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
            self.level += 1
        return self._report(complete, time.monotonic() - began)

    def _expand(self, state: int, following: list[int]) -> None:
        out: Successors = []
        bad: Broken = []
        for group in self.packed.spot(state).groups:
            group(state, out, bad)
        self.packed.environment(state, out, bad)
        for index, transition, _ in bad:
            self._break(self.watches[index], transition, state)
        self.transitions += len(out)
        for transition, after in out:
            self.taken[transition] = 1
            if not self.packed.spot(after).alone:
                self._reach(after, state, (transition,), following)
                continue
            for settled, path in self._settle(after):
                self._reach(settled, state, (transition, *path), following)

    def _settle(self, state: int) -> list[tuple[int, tuple[int, ...]]]:
        """Return where steps that commute with everybody else's lead to, and by which path.

        Nobody sees what lies between, so it is not kept: see reduce.alone().
        """
        done: list[tuple[int, tuple[int, ...]]] = []
        todo: list[tuple[int, tuple[int, ...]]] = [(state, ())]
        if state in self.passed:
            return done
        self.passed.add(state)
        while todo:
            at, path = todo.pop()
            mine = self.packed.at_once(at)
            if mine is None:
                done.append((at, path))
                continue
            self.transitions += len(mine)
            for transition, after in reversed(mine):
                if after not in self.passed:
                    self.passed.add(after)
                    todo.append((after, (*path, transition) if transition >= 0 else path))
                if transition >= 0:
                    self.taken[transition] = 1
        return done

    def _reach(
        self, state: int, origin: int, path: tuple[int, ...], following: list[int]
    ) -> None:
        if state in self.parent:
            return
        self.parent[state] = (origin, path)
        stop = False
        for index in self.packed.broken(state):
            watch = self.watches[index]
            if not watch.waived:
                split = self.packed.split(state, index)
                if split != [state]:  # some hardware breaks the rule here, not all need to
                    for whole in split:
                        self._reach(whole, origin, path, following)
                    return
            self._break(watch, -1, state)
            stop |= not watch.waived
        if not stop:
            following.append(state)

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
            at, steps = self.parent[at]
            path[:0] = steps
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


def shortened(machine: Machine, path: Sequence[int], watch: Watch) -> list[int]:
    """Return a trace without the steps that it can do without.

    The search takes steps that nobody else sees as soon as it can, needed or not.
    """
    kept = list(path)
    for at in reversed(range(len(kept) - (watch.at is not None))):
        fewer = kept[:at] + kept[at + 1:]
        if _replayed(machine, fewer, watch) is not None:
            kept = fewer
    return kept


def replay(machine: Machine, path: Sequence[int], watch: Watch) -> dict[Read, int]:
    """Walk a trace again by the meaning of the language, not by generated code.

    Returns what hardware answered. Errors: ReplayError when no answers let the steps be taken
    and the rule break at the end.
    """
    answers = _replayed(machine, path, watch)
    if answers is None:
        raise ReplayError(f"a trace of {len(path)} steps for {watch.rule} does not replay")
    return answers


def _replayed(machine: Machine, path: Sequence[int], watch: Watch) -> dict[Read, int] | None:
    state = {read: OPEN_QUESTION if read.fact.question else 0 for read in machine.variables}
    state.update(machine.given)
    return _replay(machine, tuple(path), 0, watch, state)


def _replay(
    machine: Machine, path: tuple[int, ...], position: int, watch: Watch, state: dict[Read, int]
) -> dict[Read, int] | None:
    known = frozenset(state)
    if position == len(path) - (watch.at is not None):
        asked = [watch.when]
        if watch.at is not None:
            last = machine.transitions[path[position]]
            if last.pc is not None and state[last.pc] != last.src:
                return None
            asked.append(last.when)
        for full in answered(questions(asked, known), state, known):
            if all(evaluate(fold_known(expr, known), full) for expr in asked):
                return {read: value for read, value in full.items()
                        if read.fact.question and value >= 0}
        return None
    one = machine.transitions[path[position]]
    if one.pc is not None and state[one.pc] != one.src:
        return None
    for full in answered(
        questions([one.when, *(value for _, value in one.gives)], known), state, known
    ):
        if not evaluate(one.when, full):
            continue
        after = {**full, **{target: evaluate(value, full) for target, value in one.gives}}
        answers = _replay(machine, path, position + 1, watch, after)
        if answers is not None:
            return {**{r: v for r, v in full.items() if r.fact.question and v >= 0}, **answers}
    return None
