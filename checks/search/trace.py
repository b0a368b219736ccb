# SPDX-License-Identifier: GPL-2.0-only
"""Paths through a machine, walked again by the meaning of the language.

Nothing here is generated, packed or reduced: what the search says is not believed before it
was replayed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from checks.machine.machine import Machine, Transition
from checks.machine.questions import OPEN_QUESTION, answered, questions
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
    answers = _Walk(machine, watch).replayed(path)
    if answers is None:
        raise ReplayError(f"a trace of {len(path)} steps for {watch.rule} does not replay")
    return answers


class _Walk:
    """Paths to where a rule breaks."""

    def __init__(self, machine: Machine, watch: Watch) -> None:
        self.machine, self.watch = machine, watch
        self.start = {read: OPEN_QUESTION if read.fact.question else 0
                      for read in machine.variables} | dict(machine.given)
        self.known = frozenset(self.start)
        self.asked: dict[int, list[Read]] = {}

    def replayed(self, path: Sequence[int]) -> dict[Read, int] | None:
        """Return what hardware answers where a path leads to the end; None where none does."""
        counters: dict[Read, int] = {}
        for number in path:  # most paths with a step left out end here
            one = self.machine.transitions[number]
            if one.pc is not None:
                if counters.get(one.pc, 0) != one.src:
                    return None
                counters[one.pc] = next(
                    (evaluate(value, {}) for read, value in one.gives if read == one.pc), one.src
                )
        return self._from(tuple(path), 0, self.start)

    def _questions(self, number: int, one: Transition) -> list[Read]:
        if number not in self.asked:
            self.asked[number] = questions(
                [one.when, *(value for _, value in one.gives)], self.known)
        return self.asked[number]

    def _from(
        self, path: tuple[int, ...], position: int, state: Mapping[Read, int]
    ) -> dict[Read, int] | None:
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
            answers = self._from(path, position + 1, after)
            if answers is not None:
                return {**_answers(full), **answers}
        return None

    def _end(self, asked: Sequence[Expr], state: Mapping[Read, int]) -> dict[Read, int] | None:
        for full in answered(questions(asked, self.known), state, self.known):
            if all(evaluate(fold_known(expr, self.known), full) for expr in asked):
                return _answers(full)
        return None


def _answers(state: Mapping[Read, int]) -> dict[Read, int]:
    return {read: value for read, value in state.items() if read.fact.question and value >= 0}
