# SPDX-License-Identifier: GPL-2.0-only
"""The oracle: every state of a machine by plain search, for tests to hold the explorer against.

Nothing is packed, reduced or forgotten, and no code is shared with the explorer. All of hardware
is answered before the first step and states are plain tuples of values. Every expression becomes
one Python expression, which a test holds against the meaning of the language. Slow, and short
enough to be believed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.finding import Verdict
from checks.machine.episode import PLAIN
from checks.machine.machine import Machine, build
from checks.machine.questions import OPEN_QUESTION, answered
from checks.rules.rule import Rule
from checks.search.machine_as_c import Watch
from checks.search.watches import watches_of, with_questions
from generator.design import Design
from generator.expr import Bin, Expr, Not, Num, Pick, Read
from generator.meaning import fold_known

State = tuple[int, ...]  # the values of the machine's variables
Reached = dict[State, tuple[int, State | None, int]]  # -> cost, where from, by which step


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


@dataclass(frozen=True)
class _Functions:
    """A machine's expressions as functions of a state.

    `steps` has, for a process' counter and a value of it, the transitions there; a transition
    is its number, when it can be taken, which rules it breaks then, and what it leads to.
    """

    steps: tuple[tuple[int | None, Mapping[int, Sequence[_Step]]], ...]
    broken: Callable[[State], set[str]]


_Step = tuple[
    int, Callable[[State], int], Callable[[State], set[str]] | None, Callable[[State], State]
]


def naive(
    design: Design, rules: Sequence[Rule], *, states: int = 1_000_000,
    free: Callable[[State], Container[int]] = lambda _state: (), episode: str = PLAIN,
) -> Naive:
    """Return which rules a design breaks; a step costs 1, or 0 where it is `free`."""
    machine = build(design, episode)
    watches = watches_of(machine, rules)
    return walked(with_questions(machine, watches), watches, states=states, free=free)


def walked(
    machine: Machine, watches: Sequence[Watch], *, states: int = 1_000_000,
    free: Callable[[State], Container[int]] = lambda _state: (),
    seen: Callable[[State], None] = lambda _state: None,
) -> Naive:
    """Return which watches hold somewhere in a machine; `seen` is shown every state."""
    known = frozenset(machine.variables)
    code = _functions(
        machine, [(one.rule, one.at, fold_known(one.when, known))
                  for one in watches if not one.waived],
    )
    nothing = {read: OPEN_QUESTION if read.fact.question else 0 for read in machine.variables}
    start = tuple({**nothing, **machine.given}[read] for read in machine.variables)
    todo: deque[tuple[int, State, State | None, int]] = deque()
    hardware = _Hardware(machine)
    for state in hardware.on(start):
        todo.append((0, state, None, -1))
    best: Reached = {}
    broken: dict[str, Broken] = {}

    def note(rules: set[str], spent: int, state: State, last: int) -> None:
        for rule in rules:
            if rule not in broken or spent < broken[rule].cost:
                broken[rule] = Broken(spent, _trace(machine, best, state, last))

    while todo:
        spent, state, origin, by = todo.popleft()
        if state in best:
            continue
        best[state] = (spent, origin, by)
        seen(state)
        if len(best) > states:
            return Naive(Verdict.UNFINISHED, broken, len(best))
        rules_here = code.broken(state)
        if rules_here:
            note(rules_here, spent, state, -1)
            continue
        without = free(state)
        for pc, places in code.steps:
            for number, when, breaks, gives in places.get(0 if pc is None else state[pc], ()):
                if not when(state):
                    continue
                paid = spent + (number not in without)
                if breaks is not None and (found := breaks(state)):
                    note(found, paid, state, number)
                    continue
                for after in hardware.on(gives(state)):
                    if after not in best:
                        (todo.appendleft if paid == spent else todo.append)(
                            (paid, after, state, number))
    return Naive(Verdict.VIOLATED if broken else Verdict.HOLDS, broken, len(best))


class _Hardware:
    """States on every hardware, whether anything ever asks or not."""

    def __init__(self, machine: Machine) -> None:
        self.variables = machine.variables
        asked = [read for read in machine.variables if read.fact.question]
        self.asked = sorted(asked, key=lambda read: read.fact.needs is not None)
        self.found: dict[State, Sequence[State]] = {}  # few states have anything open

    def on(self, state: State) -> Sequence[State]:
        """Return a state with all that is open in it answered, in every way."""
        if OPEN_QUESTION not in state:
            return (state,)
        if state not in self.found:
            values = dict(zip(self.variables, state, strict=True))
            self.found[state] = [
                tuple(one.values())
                for one in answered(self.asked, values, frozenset(self.variables))
            ]
        return self.found[state]


def _trace(machine: Machine, best: Reached, state: State | None, last: int) -> tuple[str, ...]:
    steps = [last]
    while state is not None:
        _, state, number = best[state]
        steps.insert(0, number)
    return tuple(
        f"{step.actor} | {step.text} | {step.error or step.outcome}"
        for step in (machine.transitions[number].step for number in steps if number >= 0)
        if step.text
    )


def _functions(
    machine: Machine, conditions: Sequence[tuple[str, int | None, Expr]]
) -> _Functions:
    """Return a machine, and the conditions that break rules in it, as functions."""
    at = {read: position for position, read in enumerate(machine.variables)}
    watched: dict[int | None, list[tuple[str, Expr]]] = {None: []}
    for rule, number, when in conditions:
        watched.setdefault(number, []).append((rule, when))
    lines: list[str] = []
    for number, some in watched.items():
        lines += [f"def breaks_{number}(s):", "    found = set()"]
        lines += [f"    if {text(when, at)}: found.add({rule!r})" for rule, when in some]
        lines += ["    return found"]
    for number, one in enumerate(machine.transitions):
        lines += [f"def when_{number}(s): return {text(one.when, at)}",
                  f"def gives_{number}(s):", "    after = list(s)"]
        lines += [f"    after[{at[target]}] = {text(value, at)}" for target, value in one.gives]
        lines += ["    return tuple(after)"]
    space: dict[str, Any] = {}
    exec(compile("\n".join(lines), "<oracle>", "exec"), space)  # our own text
    steps: dict[int | None, dict[int, list[_Step]]] = {}
    for number, one in enumerate(machine.transitions):
        places = steps.setdefault(None if one.pc is None else at[one.pc], {})
        places.setdefault(0 if one.pc is None else one.src, []).append(
            (number, space[f"when_{number}"], space.get(f"breaks_{number}"),
             space[f"gives_{number}"]))
    return _Functions(tuple(steps.items()), space["breaks_None"])


def text(expr: Expr, at: Mapping[Read, int]) -> str:
    """Return an expanded expression in Python, over a sequence `s` of the values of facts."""
    match expr:
        case Num(value=value):
            return str(value)
        case Read():
            return f"s[{at[expr]}]"
        case Not(of=of):
            return f"(not {text(of, at)})"
        case Pick(when=when, then=then, other=other):
            return f"({text(then, at)} if {text(when, at)} else {text(other, at)})"
        case Bin(op=op, left=left, right=right):
            return _WORDS.get(op, "({0} " + op + " {1})").format(text(left, at), text(right, at))
    raise TypeError(f"not an expanded expression: {expr!r}")


_WORDS: Mapping[str, str] = {
    "and": "bool({0} and {1})",
    "or": "bool({0} or {1})",
    "min": "min({0}, {1})",
    "max": "max({0}, {1})",
    "has": "({0} >> {1} & 1)",
    "with": "({0} | 1 << {1})",
    "without": "({0} & ~(1 << {1}))",
}
