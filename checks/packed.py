# SPDX-License-Identifier: GPL-2.0-only
"""A machine as generated Python over states packed into one integer.

Every expression of the machine becomes source text once; a group is what can happen at one
place of one process. A question takes one more value, 0, for "not asked yet".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from checks.hardware import OPEN_QUESTION, answered, answers, asked_under, questions
from checks.known import conjuncts
from checks.machine import Machine, Transition
from checks.reduce import Alone, Place, alone
from generator.expr import FALSE, Bin, Expr, Not, Num, Pick, Read, assuming, fold_known

Successors = list[tuple[int, int]]  # (transition, state)
Broken = list[tuple[int, int, int]]  # (watch, transition or -1, state)
Group = Callable[[int, Successors, Broken], None]


@dataclass(frozen=True)
class Watch:
    """A condition that breaks a rule: before transition `at`, or in any state (`at` None)."""

    rule: str
    when: Expr
    message: str
    at: int | None
    waived: str = ""


Holds = Callable[[int], Any]  # a condition that breaks a rule, for some answer to what is open


@dataclass(frozen=True)
class Spot:
    """What can happen where the processes are: `groups` of steps.

    Of those `alone`, one may be taken at once, unless a condition holds before or after.
    """

    groups: tuple[Group, ...]
    alone: tuple[tuple[Group, tuple[tuple[int, Holds], ...]], ...]


@dataclass(frozen=True)
class Packed:
    """Generated functions of a machine.

    The lowest bits of a state, `places`, say where processes are: their counters, and what else
    `lonely` asks for. `spots` has what can happen there as soon as `spot` was asked. `broken`
    reports the state watches of a state.
    """

    start: int
    places: int
    spots: dict[int, Spot]
    environment: Group
    broken: Callable[[int], list[int]]
    shifts: Mapping[Read, tuple[int, int]]
    asks: Mapping[int, tuple[Read, ...]]  # watch -> the questions that it depends on
    at: Mapping[Read, Mapping[int, Group]]
    lonely: Mapping[Place, Alone]
    conditions: Mapping[int, Holds]  # watch -> whether it holds

    def spot(self, state: int) -> Spot:
        """Return what can happen where the processes of a state are."""
        places = state & self.places
        found = self.spots.get(places)
        if found is None:
            found = self.spots[places] = self._spot(state)
        return found

    def _spot(self, state: int) -> Spot:
        where = {read: state >> shift & mask for read, (shift, mask) in self.shifts.items()}
        groups = {pc: self.at[pc][where[pc]] for pc in self.at if where[pc] in self.at[pc]}
        alone = []
        for pc, group in groups.items():
            one = self.lonely.get((pc, where[pc]))
            if one is not None and not any(
                tuple(where[read] for read in seen) in bad for seen, bad in one.bad
            ):
                alone.append(
                    (group, tuple((index, self.conditions[index]) for index in one.look))
                )
        return Spot(tuple(groups.values()), tuple(alone))

    def at_once(self, state: int) -> Successors | None:
        """Return steps that may be taken before anybody else moves, if there are any."""
        return next(self.each_at_once(state), None)

    def each_at_once(self, state: int) -> Iterator[Successors]:
        """Yield the steps of each process that may be taken before anybody else moves.

        Where that depends on what is open, yield the state with it answered: transition -1.
        """
        for group, look in self.spot(state).alone:
            mine: Successors = []
            bad: Broken = []
            group(state, mine, bad)
            if bad:  # where a rule breaks, everybody else's steps are looked at too
                asked = list(dict.fromkeys(
                    read for _, _, whole in bad for read in self._open(state, whole)
                ))
                if asked:
                    yield [(-1, whole) for whole in self._answered(state, asked)]
            elif mine:
                seen = [index for index, holds in look
                        if holds(state) or any(holds(after) for _, after in mine)]
                asked = list(dict.fromkeys(read for index in seen for read in self.asks[index]))
                split = self._answered(state, asked) if asked else [state]
                if not seen:
                    yield mine
                elif split != [state]:
                    yield [(-1, whole) for whole in split]

    def _open(self, state: int, whole: int) -> list[Read]:
        """Return the questions that are answered in one of two states only."""
        return [
            read for read, (shift, mask) in self.shifts.items()
            if read.fact.question and (state ^ whole) >> shift & mask
        ]

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


class _Text:
    """Expressions as source text over the packed state `s`."""

    def __init__(self, shifts: Mapping[Read, tuple[int, int]]) -> None:
        self.shifts = shifts

    def of(self, expr: Expr) -> str:
        match expr:
            case Num(value=value):
                return str(value)
            case Read():
                shift, mask = self.shifts[expr]
                raw = f"(s>>{shift}&{mask})"
                return f"({raw}-1)" if expr.fact.question else raw
            case Not(of=of):
                return f"(not {self.of(of)})"
            case Pick(when=when, then=then, other=other):
                return f"({self.of(then)} if {self.of(when)} else {self.of(other)})"
            case Bin(op=op, left=left, right=right):
                a, b = self.of(left), self.of(right)
                match op:
                    case "min" | "max":
                        return f"{op}({a},{b})"
                    case "has":
                        return f"(({a}>>{b})&1)"
                    case "with":
                        return f"({a}|(1<<{b}))"
                    case "without":
                        return f"({a}&~(1<<{b}))"
                return f"({a} {op} {b})"
        raise TypeError(f"not an expanded expression: {expr!r}")


def pack(machine: Machine, watches: Sequence[Watch]) -> Packed:
    """Return a machine as generated functions, with the watches of the rules built in."""
    given = {read: value for read, value in machine.given.items()
             if read not in machine.variables}
    watches = [replace(one, when=assuming(one.when, given)) for one in watches]
    shifts: dict[Read, tuple[int, int]] = {}
    width = places = 0
    lonely = _alone(machine, watches, frozenset(machine.variables))
    where: set[Read | None] = {one.pc for one in machine.transitions}
    where.update(read for one in lonely.values() for seen, _ in one.bad for read in seen)
    for read in sorted(machine.variables, key=lambda one: one not in where):
        if read not in where and not places:
            places = (1 << width) - 1
        bits = max(1, (machine.tops[read] + read.fact.question).bit_length())
        shifts[read] = (width, (1 << bits) - 1)
        width += bits
    text = _Text(shifts)
    source: list[str] = []
    groups: dict[tuple[Read | None, int], list[int]] = {}
    for number, one in enumerate(machine.transitions):
        groups.setdefault((one.pc, one.src), []).append(number)
    by_transition: dict[int, list[int]] = {}
    for index, watch in enumerate(watches):
        if watch.at is not None:
            by_transition.setdefault(watch.at, []).append(index)
    known = frozenset(shifts)
    for name, members in enumerate(groups.values()):
        source += _group(machine, f"g{name}", members, by_transition, watches, text, known)
    source += _conditions(watches, text, known)
    source += _broken(watches, text, known)
    space: dict[str, Any] = {}
    exec(compile("\n".join(source), "<machine>", "exec"), space)  # our own text, built above
    made: list[Group] = [space[f"g{name}"] for name in range(len(groups))]
    at: dict[Read, dict[int, Group]] = {}
    environment: Group = _nothing
    for (pc, src), group in zip(groups, made, strict=True):
        if pc is None:
            environment = group
        else:
            at.setdefault(pc, {})[src] = group
    start = 0
    for read, value in machine.given.items():
        if read in shifts:
            start |= (value + 1) << shifts[read][0]
    open_ = {
        index: tuple(questions([fold_known(watch.when, known)], known))
        for index, watch in enumerate(watches)
    }
    broken: Callable[[int], list[int]] = space["broken"]
    conditions: dict[int, Holds] = {
        index: space[f"w{index}"] for index in range(len(watches)) if f"w{index}" in space
    }
    return Packed(start, places or (1 << width) - 1, {}, environment, broken, shifts, open_, at,
                  lonely, conditions)


def _nothing(state: int, out: Successors, bad: Broken) -> None:
    """Stand for an environment that does nothing."""


def _group(
    machine: Machine, name: str, members: Sequence[int], by_transition: Mapping[int, list[int]],
    watches: Sequence[Watch], text: _Text, known: frozenset[Read],
) -> list[str]:
    """Return the function of one place: ask, look where rules break, then take the steps.

    A question that only a rule asks is answered in the state only where an answer breaks it.
    """
    lines = [f"def {name}(s, out, bad):"]
    exprs: list[Expr] = []
    for number in members:
        one = machine.transitions[number]
        exprs += [one.when, *(value for _, value in one.gives)]
    asked = questions(exprs, known)
    for read in asked:
        lines += _ask(read, f"{name}(s|{{}}, out, bad)", text, known, "    ")
    breaks: dict[int, list[int]] = {}
    for number in members:
        for index in by_transition.get(number, ()):
            if fold_known(watches[index].when, known) == FALSE:
                continue
            breaks.setdefault(number, []).append(index)
            more = [r for r in questions([watches[index].when], known) if r not in asked]
            if more and not watches[index].waived:
                lines.append(f"    if {text.of(machine.transitions[number].when)} and w{index}(s):")
                for read in more:
                    lines += _ask(read, f"{name}(s|{{}}, out, bad)", text, known, "        ")
    for number in members:
        one = machine.transitions[number]
        lines.append(f"    if {text.of(one.when)}:")
        stops = []
        for index in breaks.get(number, ()):
            lines.append(f"        b{index} = w{index}(s)")
            lines.append(f"        if b{index}: bad.append(({index},{number},s))")
            if not watches[index].waived:
                stops.append(f"b{index}")
        after = f"out.append(({number},{_next(one, text)}))"
        if stops:
            lines.append(f"        if not ({' or '.join(stops)}): {after}")
        else:
            lines.append(f"        {after}")
    return lines


def _ask(
    read: Read, again: str, text: _Text, known: frozenset[Read], indent: str
) -> list[str]:
    """Return the lines that do `again` for every answer to a question that is open."""
    shift, mask = text.shifts[read]
    call = again.format(f"a<<{shift}")
    return [
        f"{indent}if not s>>{shift}&{mask}:",
        f"{indent}    for a in {_stored(read, text, known)}: {call}",
        f"{indent}    return",
    ]


def _stored(read: Read, text: _Text, known: frozenset[Read]) -> str:
    """Return the answers as stored, one more than the value; 1 where the question is senseless."""
    all_ = str(tuple(value + 1 for value in answers(read)))
    under = asked_under(read, known)
    if under is None or read.fact.needs is None:
        return all_
    shift, mask = text.shifts[under]
    wanted = tuple(value + 1 for value in read.fact.needs[1])
    return f"({all_} if (s>>{shift}&{mask}) in {wanted} else (1,))"


def _conditions(watches: Sequence[Watch], text: _Text, known: frozenset[Read]) -> list[str]:
    """Return one function per watch: whether some answer to what is open breaks the rule."""
    lines = []
    for index, watch in enumerate(watches):
        when = fold_known(watch.when, known)
        if when == FALSE:
            continue
        lines.append(f"def w{index}(s):")
        asked = questions([when], known)
        sure = [part for part in conjuncts(when) if not questions([part], known)]
        if asked and sure:
            lines.append(f"    if not ({' and '.join(text.of(part) for part in sure)}): return 0")
        for read in asked:
            shift, mask = text.shifts[read]
            lines.append(f"    if not s>>{shift}&{mask}:")
            lines.append(
                f"        return any(w{index}(s|a<<{shift}) for a in {_stored(read, text, known)})"
            )
        lines.append(f"    return {text.of(when)}")
    return lines


def _next(one: Transition, text: _Text) -> str:
    clear = const = 0
    parts: list[str] = []
    for target, value in one.gives:
        shift, mask = text.shifts[target]
        if value == target:
            continue
        clear |= mask << shift
        if isinstance(value, Num):
            const |= (value.value + target.fact.question) << shift
        else:
            parts.append(f"(int({text.of(value)})<<{shift})")
    state = f"s&~{clear}" if clear else "s"
    if const:
        parts.insert(0, str(const))
    return f"({state})|" + "|".join(parts) if parts else f"({state})"


def _broken(watches: Sequence[Watch], text: _Text, known: frozenset[Read]) -> list[str]:
    lines = ["def broken(s):", "    bad = []"]
    for index, watch in enumerate(watches):
        when = fold_known(watch.when, known)
        if watch.at is not None or when == FALSE:
            continue
        asked = questions([when], known)
        sure = [part for part in conjuncts(when) if not questions([part], known)]
        condition = " and ".join([*map(text.of, sure), f"w{index}(s)"]) if asked else text.of(when)
        lines.append(f"    if {condition}: bad.append({index})")
    lines.append("    return bad")
    return lines


def _alone(
    machine: Machine, watches: Sequence[Watch], known: frozenset[Read]
) -> dict[tuple[Read | None, int], Alone]:
    """Return the places whose steps may be taken before anybody else moves."""
    at_step: dict[int, list[tuple[int, Expr, bool]]] = {}
    in_states: list[tuple[int, Expr, bool]] = []
    for index, watch in enumerate(watches):
        condition = index, fold_known(watch.when, known), bool(watch.waived)
        if watch.at is None:
            in_states.append(condition)
        else:
            at_step.setdefault(watch.at, []).append(condition)
    return alone(machine, at_step, in_states)
