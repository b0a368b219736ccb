# SPDX-License-Identifier: GPL-2.0-only
"""A machine as generated Python over states packed into one integer: how to walk it.

A question takes one more value, 0, for "not asked yet".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from checks.code import Broken, Code, Holds, Run, Single, Successors, Watch
from checks.hardware import OPEN_QUESTION, answered, questions
from checks.machine import Machine
from checks.reduce import Place, Reduction
from generator.expr import Expr, Read, assuming, fold_known


@dataclass(frozen=True)
class Lonely:
    """The steps of a process that may be taken at once.

    `free`, whatever they find; otherwise unless a rule breaks, or one of `look` holds.
    """

    free: bool
    run: Run
    single: Single
    look: tuple[tuple[int, Holds], ...]


@dataclass(frozen=True)
class Spot:
    """What can happen where the processes are, and whose steps may be taken at once."""

    runs: tuple[Run, ...]
    lonely: tuple[Lonely, ...]


@dataclass(frozen=True)
class Packed:
    """Generated functions of a machine.

    The lowest bits of a state, `places`, say where processes are: their counters, and what else
    `reduced` asks for. `spots` has what can happen there as soon as `spot` was asked. `broken`
    reports the state watches of a state.
    """

    start: int
    places: int
    shifts: Mapping[Read, tuple[int, int]]
    asks: Mapping[int, tuple[Read, ...]]  # watch -> the questions that it depends on
    code: Code
    reduced: Reduction
    broken: Callable[[int], list[int]]
    spots: dict[int, Spot]

    def spot(self, state: int) -> Spot:
        """Return what can happen where the processes of a state are."""
        places = state & self.places
        found = self.spots.get(places)
        if found is None:
            found = self.spots[places] = self._spot(state)
        return found

    def _spot(self, state: int) -> Spot:
        where = {read: state >> shift & mask for read, (shift, mask) in self.shifts.items()}
        here = self._here(state)
        lonely = []
        for place in here:
            one = self.reduced.alone(place)
            if one is not None and not any(
                tuple(where[read] for read in seen) in bad for seen, bad in one.bad
            ):
                lonely.append(Lonely(
                    self.code.free(place), self.code.run(place), self.code.single(place),
                    tuple((index, self.code.condition(index)) for index in one.look),
                ))
        return Spot(tuple(map(self.code.run, here)), tuple(lonely))

    def _here(self, state: int) -> list[Place]:
        """Return where the processes are, and the environment."""
        found: list[Place] = []
        for pc in self.code.processes:
            if pc is None:
                found.append((pc, 0))
                continue
            shift, mask = self.shifts[pc]
            if (pc, place := state >> shift & mask) in self.code.members:
                found.append((pc, place))
        return found

    def steps(self, state: int) -> Successors:
        """Return every step from a state, and where it leads."""
        out: Successors = []
        for place in self._here(state):
            self.code.single(place)(state, out, [])
        return out

    def at_once(self, state: int) -> list[int] | None:
        """Return where steps lead that may be taken before anybody else moves, if there are any.

        Where that depends on what is open, return the state with it answered.
        """
        for one in self.spot(state).lonely:
            if one.free:
                out: list[int] = []
                one.run(state, out, [])
                if out:
                    return out
                continue
            mine = self._looked(state, one)
            if mine:
                for transition, _ in mine:
                    if transition >= 0:
                        self.code.taken[transition] = 1
                return [after for _, after in mine]
        return None

    def each_at_once(self, state: int) -> list[Successors]:
        """Return, per process, the steps that may be taken before anybody else moves.

        Transition -1 is none: it leads to the state with open questions answered.
        """
        return [
            mine for one in self.spot(state).lonely if (mine := self._looked(state, one))
        ]

    def _looked(self, state: int, one: Lonely) -> Successors:
        mine: Successors = []
        bad: Broken = []
        one.single(state, mine, bad)
        if bad:  # where a rule breaks, everybody else's steps are looked at too
            asked = [read for _, _, whole in bad for read in self._open(state, whole)]
        else:
            seen = [index for index, holds in one.look
                    if holds(state) or any(holds(after) for _, after in mine)]
            if not seen:
                return mine
            asked = [read for index in seen for read in self.asks[index]]
        split = self._answered(state, list(dict.fromkeys(asked)))
        return [] if split == [state] else [(-1, whole) for whole in split]

    def _open(self, state: int, whole: int) -> list[Read]:
        """Return the questions that are answered in one of two states only."""
        return [
            read for read, (shift, mask) in self.shifts.items()
            if read.fact.question and (state ^ whole) >> shift & mask
        ]

    def agrees(self, state: int, whole: int) -> bool:
        """Return whether a state is another one, but for questions that are open in it."""
        return state == whole or all(
            read.fact.question and not state >> shift & mask
            for read, (shift, mask) in self.shifts.items() if (state ^ whole) >> shift & mask
        )

    def of(self, values: Mapping[Read, int]) -> int:
        """Return the state in which facts have some values; OPEN_QUESTION is none."""
        return sum(
            values[read] + read.fact.question << shift
            for read, (shift, _) in self.shifts.items()
        )

    def split(self, state: int, watch: int) -> list[int]:
        """Return a state with the open questions of a watch answered, in all ways."""
        return self._answered(state, self.asks[watch])

    def _answered(self, state: int, asked: Sequence[Read]) -> list[int]:
        known = frozenset(self.shifts)
        before = {
            read: OPEN_QUESTION if value is None else value
            for read, value in self.values(state).items()
        }
        found = []
        for after in answered(asked, before, known):
            whole = state
            for read in asked:
                if before[read] == OPEN_QUESTION:
                    whole |= (after[read] + 1) << self.shifts[read][0]
            found.append(whole)
        return found

    def values(self, state: int) -> dict[Read, int | None]:
        """Return the facts of a state; None is a question that nobody asked."""
        found: dict[Read, int | None] = {}
        for read, (shift, mask) in self.shifts.items():
            value = state >> shift & mask
            found[read] = value if not read.fact.question else value - 1 if value else None
        return found


def pack(machine: Machine, watches: Sequence[Watch]) -> Packed:
    """Return a machine as generated functions, with the watches of the rules built in."""
    given = {read: value for read, value in machine.given.items()
             if read not in machine.variables}
    watches = [replace(one, when=assuming(one.when, given)) for one in watches]
    known = frozenset(machine.variables)
    reduced = _reduced(machine, watches, known)
    where = reduced.asked()
    shifts: dict[Read, tuple[int, int]] = {}
    width = places = 0
    for read in sorted(machine.variables, key=lambda one: one not in where):
        bits = max(1, (machine.tops[read] + read.fact.question).bit_length())
        shifts[read] = (width, (1 << bits) - 1)
        width += bits
        if read in where:
            places = (1 << width) - 1
    start = 0
    for read, value in machine.given.items():
        if read in shifts:
            start |= (value + 1) << shifts[read][0]
    asks = {
        index: tuple(questions([fold_known(watch.when, known)], known))
        for index, watch in enumerate(watches)
    }
    code = Code(machine, watches, shifts, reduced)
    return Packed(start, places, shifts, asks, code, reduced, code.broken(), {})


def _reduced(
    machine: Machine, watches: Sequence[Watch], known: frozenset[Read]
) -> Reduction:
    """Return what a search can do without."""
    at_step: dict[int, list[tuple[int, Expr, bool]]] = {}
    in_states: list[tuple[int, Expr, bool]] = []
    for index, watch in enumerate(watches):
        condition = index, fold_known(watch.when, known), bool(watch.waived)
        if watch.at is None:
            in_states.append(condition)
        else:
            at_step.setdefault(watch.at, []).append(condition)
    return Reduction(machine, at_step, in_states)
