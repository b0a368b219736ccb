# SPDX-License-Identifier: GPL-2.0-only
"""Paths through a machine, walked again by the meaning of the language.

Nothing here is generated, packed or reduced: what the search says is not believed before it
was replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from checks.machine.machine import Machine
from checks.machine.questions import OPEN_QUESTION, answered, questions
from checks.machine.step import Transition
from checks.search.machine_as_c import Watch
from generator.errors import PortwrightError
from generator.expr import Expr, Read
from generator.meaning import evaluate, fold_known


class ReplayError(PortwrightError):
    """A counterexample could not be replayed: the explorer itself is wrong."""


def shortened(machine: Machine, path: Sequence[int], watch: Watch) -> list[int]:
    """Return a trace without the steps that it can do without.

    The search takes steps that nobody else sees as soon as it can, needed or not.
    """
    walk = _Walk(machine, watch)
    kept = list(path)
    for at in reversed(range(len(kept) - (watch.at is not None))):
        fewer = kept[:at] + kept[at + 1:]
        if walk.replayed(fewer) is not None:
            kept = fewer
    return kept


def replay(machine: Machine, path: Sequence[int], watch: Watch) -> dict[Read, int]:
    """Walk a trace again by the meaning of the language, not by generated code.

    Returns what hardware answered. Errors: ReplayError when no answers let the steps be taken
    and the rule break at the end.
    """
    return answers_on(states_on(machine, path, watch))


def states_on(
    machine: Machine, path: Sequence[int], watch: Watch
) -> tuple[Mapping[Read, int], ...]:
    """Return the state before each step of a trace, as replay() does, and the one at its end.

    Errors: ReplayError as there.
    """
    states = _Walk(machine, watch).replayed(path)
    if states is None:
        raise ReplayError(f"a trace of {len(path)} steps for {watch.rule} does not replay")
    return states


def answers_on(states: Iterable[Mapping[Read, int]]) -> dict[Read, int]:
    """Return what hardware answers in some states, the last answer where there are more."""
    found: dict[Read, int] = {}
    for state in states:
        found.update(
            (read, value) for read, value in state.items() if read.fact.question and value >= 0
        )
    return found


def broken_on(
    machine: Machine, path: Sequence[int], states: Sequence[Mapping[Read, int]],
    watches: Sequence[Watch],
) -> tuple[str, ...]:
    """Return the rules of the watches that hold on a trace, in the order in which they break.

    `states` are those of states_on(): a watch of a step is looked at before that step.
    """
    known = frozenset(machine.variables)
    found: dict[str, None] = {}
    for at, state in enumerate(states):
        step = path[at] if at < len(path) else None
        for watch in watches:
            if watch.rule in found or watch.at not in (None, step):
                continue
            when = fold_known(watch.when, known)
            if any(evaluate(when, full)
                   for full in answered(questions([when], known), state, known)):
                found[watch.rule] = None
    return tuple(found)


class _Walk:
    """Paths to where a rule breaks."""

    def __init__(self, machine: Machine, watch: Watch) -> None:
        self.machine, self.watch = machine, watch
        self.start = {read: OPEN_QUESTION if read.fact.question else 0
                      for read in machine.variables} | dict(machine.given)
        self.known = frozenset(self.start)
        self.asked: dict[int, list[Read]] = {}

    def replayed(self, path: Sequence[int]) -> tuple[Mapping[Read, int], ...] | None:
        """Return the states of a path that leads to the end, answers in them; None if none do."""
        counters: dict[Read, int] = {}
        for number in path:  # most paths with a step left out end here
            one = self.machine.transitions[number]
            if one.pc is not None:
                if counters.get(one.pc, 0) != one.src:
                    return None
                counters[one.pc] = next(
                    (evaluate(value, {}) for read, value in one.gives if read == one.pc), one.src
                )
        backwards = self._from(tuple(path), 0, self.start)
        return None if backwards is None else tuple(reversed(backwards))

    def _questions(self, number: int, one: Transition) -> list[Read]:
        if number not in self.asked:
            self.asked[number] = questions(
                [one.when, *(value for _, value in one.gives)], self.known)
        return self.asked[number]

    def _from(
        self, path: tuple[int, ...], position: int, state: Mapping[Read, int]
    ) -> list[Mapping[Read, int]] | None:
        at = self.watch.at
        if position == len(path) - (at is not None):
            asked = [self.watch.when]
            if at is not None:
                asked.append(self.machine.transitions[at].when)
            return self._end(asked, state)
        one = self.machine.transitions[path[position]]
        for full in answered(self._questions(path[position], one), state, self.known):
            if not evaluate(one.when, full):
                continue
            after = dict(full)
            for target, value in one.gives:
                after[target] = evaluate(value, full)
            states = self._from(path, position + 1, after)
            if states is not None:
                states.append(full)
                return states
        return None

    def _end(
        self, asked: Sequence[Expr], state: Mapping[Read, int]
    ) -> list[Mapping[Read, int]] | None:
        for full in answered(questions(asked, self.known), state, self.known):
            if all(evaluate(fold_known(expr, self.known), full) for expr in asked):
                return [full]
        return None
