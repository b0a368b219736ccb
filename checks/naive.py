# SPDX-License-Identifier: GPL-2.0-only
"""The oracle: the same machine explored without packing, reduction or generated code.

All of hardware is answered before the first step, states are plain values, and every
expression is evaluated by the meaning of the language. Slow, and short enough to be believed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from checks.episode import PLAIN
from checks.explore import watches_of, with_questions
from checks.finding import Verdict
from checks.hardware import OPEN_QUESTION, answered
from checks.machine import Machine, build
from checks.rule import Rule
from generator.design import Design
from generator.expr import Read, evaluate, fold_known

State = dict[Read, int]
Key = tuple[int, ...]
Reached = dict[Key, tuple[int, Key | None, int]]  # state -> cost, where from, by which step


@dataclass(frozen=True)
class Broken:
    """A broken rule: the least cost of getting there, and the steps of one way to."""

    cost: int
    trace: tuple[str, ...]


@dataclass(frozen=True)
class Naive:
    """What the oracle found: rule -> how it breaks. Waived violations are left out."""

    verdict: Verdict
    broken: dict[str, Broken]
    states: int


def naive(
    design: Design, rules: Sequence[Rule], *, states: int = 1_000_000,
    cost: Callable[[int, State], int] = lambda _number, _state: 1, episode: str = PLAIN,
) -> Naive:
    """Return which rules a design breaks; `cost` of a transition in a state is 0 or 1."""
    machine = build(design, episode)
    watches = watches_of(machine, rules)
    machine = with_questions(machine, watches)
    known = frozenset(machine.variables)
    conditions = [(one, fold_known(one.when, known)) for one in watches if not one.waived]
    nothing = {read: OPEN_QUESTION if read.fact.question else 0 for read in machine.variables}
    todo: deque[tuple[int, Key, Key | None, int]] = deque()
    for start in _hardware(machine, {**nothing, **machine.given}):
        todo.append((0, tuple(start.values()), None, -1))
    best: Reached = {}
    broken: dict[str, Broken] = {}

    def breaks(at: int | None, state: State, spent: int, key: Key) -> bool:
        rules = {one.rule for one, when in conditions if one.at == at and evaluate(when, state)}
        for rule in rules:
            if rule not in broken or spent < broken[rule].cost:
                last = -1 if at is None else at
                broken[rule] = Broken(spent, _trace(machine, best, key, last))
        return bool(rules)

    while todo:
        spent, key, origin, by = todo.popleft()
        if key in best:
            continue
        best[key] = (spent, origin, by)
        if len(best) > states:
            return Naive(Verdict.UNFINISHED, broken, len(best))
        state = dict(zip(machine.variables, key, strict=True))
        if breaks(None, state, spent, key):
            continue
        for number, one in enumerate(machine.transitions):
            if (one.pc is not None and state[one.pc] != one.src) or not evaluate(one.when, state):
                continue
            paid = spent + cost(number, state)
            if breaks(number, state, paid, key):
                continue
            changed = {target: evaluate(value, state) for target, value in one.gives}
            for after in _hardware(machine, {**state, **changed}):
                reached = (paid, tuple(after.values()), key, number)
                (todo.appendleft if paid == spent else todo.append)(reached)
    return Naive(Verdict.VIOLATED if broken else Verdict.HOLDS, broken, len(best))


def _hardware(machine: Machine, state: State) -> Iterator[State]:
    """Yield a state on every hardware, whether anything ever asks or not."""
    asked = [read for read in machine.variables if read.fact.question]
    asked.sort(key=lambda read: read.fact.needs is not None)
    yield from answered(asked, state, frozenset(machine.variables))


def _trace(machine: Machine, best: Reached, key: Key | None, last: int) -> tuple[str, ...]:
    steps = [last]
    while key is not None:
        _, key, number = best[key]
        steps.insert(0, number)
    return tuple(
        f"{step.actor} | {step.text} | {step.error or step.outcome}"
        for step in (machine.transitions[number].step for number in steps if number >= 0)
        if step.text
    )
