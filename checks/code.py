# SPDX-License-Identifier: GPL-2.0-only
"""A machine as generated Python over states packed into one integer: the text.

Every expression of the machine becomes source text; a function is what can happen at one
place of one process. Nothing is compiled before somebody is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.hardware import answers, asked_under, questions
from checks.known import conjuncts
from checks.machine import Machine, Transition
from checks.reduce import Place, Reduction
from generator.expr import FALSE, Bin, Expr, Not, Num, Pick, Read, fold_known

Successors = list[tuple[int, int]]  # (transition, state)
Broken = list[tuple[int, int, int]]  # (watch, transition or -1, state)
Single = Callable[[int, Successors, Broken], None]  # every step by itself
Run = Callable[[int, list[int], Broken], None]  # steps with what must follow on them
Holds = Callable[[int], Any]  # a condition that breaks a rule, for some answer to what is open


@dataclass(frozen=True)
class Watch:
    """A condition that breaks a rule: before transition `at`, or in any state (`at` None)."""

    rule: str
    when: Expr
    message: str
    at: int | None
    waived: str = ""


class Code:
    """The functions of a machine; those of places are made when they are asked for.

    A run goes on where nobody can tell (`follows`): with the only way on from where only
    one step leads to. `taken` notes the steps that runs take.
    """

    def __init__(
        self, machine: Machine, watches: Sequence[Watch],
        shifts: Mapping[Read, tuple[int, int]], reduced: Reduction,
    ) -> None:
        """Sort the steps of a machine by their places."""
        self.machine, self.watches = machine, watches
        self.text = _Text(shifts)
        self.known = frozenset(shifts)
        self.members: dict[Place, list[int]] = {}
        for number, one in enumerate(machine.transitions):
            self.members.setdefault((one.pc, one.src), []).append(number)
        self.processes = tuple(dict.fromkeys(pc for pc, _ in self.members))
        self.names = {place: str(name) for name, place in enumerate(self.members)}
        self.at_step: dict[int, list[int]] = {}
        for index, watch in enumerate(watches):
            when = fold_known(watch.when, self.known)
            if watch.at is not None and when != FALSE and reduced.can_break(watch.at, when):
                self.at_step.setdefault(watch.at, []).append(index)
        self.taken = bytearray(len(machine.transitions))
        self.space: dict[str, Any] = {"t": self.taken}
        self.reduced = reduced
        self.into: dict[Place, int] = {}  # how many steps lead to a place
        for one in machine.transitions:
            goes = _goes(one)
            self.into[goes] = self.into.get(goes, 0) + 1
        self._make([*_conditions(watches, self.text, self.known),
                    *_broken(watches, self.text, self.known)])

    def single(self, place: Place) -> Single:
        """Return the function that takes every step from a place by itself."""
        name = f"g{self.names[place]}"
        if name not in self.space:
            self._make(self._group(name, place, runs=False))
        found: Single = self.space[name]
        return found

    def run(self, place: Place) -> Run:
        """Return the function that takes every step from a place, and what follows on it."""
        name = f"f{self.names[place]}"
        if name not in self.space:
            lines: list[str] = []
            todo = [place]
            while todo:
                one = todo.pop()
                lines += self._group(f"f{self.names[one]}", one, runs=True)
                todo += [
                    then for number in self.members[one]
                    if (then := self.follows(number)) is not None
                ]
            self._make(lines)
        found: Run = self.space[name]
        return found

    def broken(self) -> Callable[[int], list[int]]:
        """Return the function that reports the watches of a state."""
        found: Callable[[int], list[int]] = self.space["broken"]
        return found

    def condition(self, index: int) -> Holds:
        """Return the function that says whether a watch holds, for some answer to what is open."""
        found: Holds = self.space[f"w{index}"]
        return found

    def _make(self, lines: Sequence[str]) -> None:
        exec(compile("\n".join(lines), "<machine>", "exec"), self.space)  # our own text

    def free(self, place: Place) -> bool:
        """Return whether no condition has to be looked at where steps are taken at once."""
        one = self.reduced.alone(place)
        return one is not None and not one.look and not any(
            number in self.at_step for number in self.members[place]
        )

    def follows(self, number: int) -> Place | None:
        """Return from where steps follow on one at once, whatever the state."""
        place = _goes(self.machine.transitions[number])
        if place[0] is None or self.into[place] != 1 or place not in self.members:
            return None
        one = self.reduced.alone(place)
        if one is None or one.bad or not self.free(place) or self._asked(place):
            return None
        return place

    def _asked(self, place: Place) -> list[Read]:
        exprs: list[Expr] = []
        for number in self.members[place]:
            one = self.machine.transitions[number]
            exprs += [one.when, *(value for _, value in one.gives)]
        return questions(exprs, self.known)

    def _group(self, name: str, place: Place, *, runs: bool) -> list[str]:
        """Return the function of one place: ask, look where rules break, then take the steps.

        A question that only a rule asks is answered in the state only where an answer breaks it.
        """
        text, known, watches = self.text, self.known, self.watches
        lines = [f"def {name}(s, out, bad):"]
        asked = self._asked(place)
        for read in asked:
            lines += _ask(read, f"{name}(s|{{}}, out, bad)", text, known, "    ")
        for number in self.members[place]:
            when = text.of(self.machine.transitions[number].when)
            for index in self.at_step.get(number, ()):
                more = [r for r in questions([watches[index].when], known) if r not in asked]
                if more and not watches[index].waived:
                    lines.append(f"    if {when} and w{index}(s):")
                    for read in more:
                        lines += _ask(read, f"{name}(s|{{}}, out, bad)", text, known, " " * 8)
        for number in self.members[place]:
            one = self.machine.transitions[number]
            indent = " " * 4
            if one.when != Num(1):
                lines.append(f"    if {text.of(one.when)}:")
                indent += " " * 4
            stops = []
            for index in self.at_step.get(number, ()):
                lines.append(f"{indent}b{index} = w{index}(s)")
                lines.append(f"{indent}if b{index}: bad.append(({index},{number},s))")
                if not watches[index].waived:
                    stops.append(f"b{index}")
            if stops:
                lines.append(f"{indent}if not ({' or '.join(stops)}):")
                indent += " " * 4
            after = _next(one, text)
            if not runs:
                lines.append(f"{indent}out.append(({number},{after}))")
                continue
            lines.append(f"{indent}t[{number}] = 1")
            then = self.follows(number)
            if then is not None:
                lines += [f"{indent}a = {after}", f"{indent}n = len(out)",
                          f"{indent}f{self.names[then]}(a, out, bad)",
                          f"{indent}if len(out) == n: out.append(a)"]  # what follows has to wait
            else:
                lines.append(f"{indent}out.append({after})")
        return lines


def _goes(one: Transition) -> Place:
    for target, value in one.gives:
        if target == one.pc and isinstance(value, Num):
            return one.pc, value.value
    return one.pc, one.src


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
