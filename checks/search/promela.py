# SPDX-License-Identifier: GPL-2.0-only
"""Machines and the watches of rules as one Promela model, for SPIN.

Every process becomes a proctype whose places are labels; what hardware answers is chosen where
a step or a rule asks for it, as a step of its own. A question is kept as its answer plus one,
0 while nobody asked. A rule that an open question decides has it answered before anybody goes
on; a state that breaks a rule is left by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from checks.machine.machine import Machine
from checks.machine.questions import answers, asked_under, questions
from checks.machine.step import IDLE, Transition
from checks.search.machine_as_c import Watch
from generator.expr import FALSE, TRUE, Bin, Expr, Not, Num, Pick, Read
from generator.meaning import assuming, fold_known
from generator.reads import reads
from generator.rendering.templates import text_of

Slot = tuple[int, str, str]


@dataclass(frozen=True)
class Option:
    """One way to go on: `when` it can, in C, and what it `does`, all at once."""

    when: str
    does: tuple[str, ...]


@dataclass(frozen=True)
class Location:
    """A label, what can be done there without leaving it, and what leads to other labels."""

    label: str
    stays: tuple[Option, ...]
    leaves: tuple[tuple[str, tuple[Option, ...]], ...] = ()


@dataclass(frozen=True)
class Process:
    """A proctype; its steps are `provided` that this does not hold."""

    name: str
    places: tuple[Location, ...]
    provided: str = ""


@dataclass(frozen=True)
class Part:
    """The processes of one machine and what is given beforehand."""

    processes: tuple[Process, ...]
    given: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Promela:
    """A model of several machines, of which one is chosen first.

    The rest says what numbers in pan's output mean: a machine, by its position, and a
    transition of it, a watch of it, or a rule and the reason for which it is waived.
    """

    text: str
    steps: tuple[tuple[int, int], ...]
    watches: tuple[tuple[int, Slot], ...]
    slots: tuple[Slot, ...]


@dataclass
class _Numbers:
    """What the parts share: numbers of steps, watches and rules."""

    first: bool
    variables: list[tuple[str, int]] = field(default_factory=list)
    steps: list[tuple[int, int]] = field(default_factory=list)
    watches: list[tuple[int, Slot]] = field(default_factory=list)
    slots: dict[Slot, int] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)  # a condition in C -> its name
    temporaries: int = 0


def promela(
    machines: Sequence[tuple[Machine, Sequence[Watch]]], *, first: bool = False
) -> Promela:
    """Return a model; with `first`, its search ends at the first violation that is not waived."""
    numbers = _Numbers(first)
    parts = [
        _Part(position, machine, watches, numbers).part()
        for position, (machine, watches) in enumerate(machines)
    ]
    text = text_of(
        "promela/model.pml.j2", parts=parts, variables=numbers.variables,
        steps=len(numbers.steps), slots=tuple(numbers.slots), temporaries=numbers.temporaries,
        functions=tuple(numbers.functions.items()),
    )
    return Promela(text, tuple(numbers.steps), tuple(numbers.watches), tuple(numbers.slots))


class _Part:
    """One machine on its way into a model."""

    def __init__(
        self, position: int, machine: Machine, watches: Sequence[Watch], numbers: _Numbers
    ) -> None:
        self.position, self.machine, self.numbers = position, machine, numbers
        self.known = frozenset(machine.variables)
        self.first_step, self.first_watch = len(numbers.steps), len(numbers.watches)
        numbers.steps += [(position, number) for number in range(len(machine.transitions))]
        numbers.watches += [
            (number, (position, watch.rule, watch.waived)) for number, watch in enumerate(watches)
        ]
        self.pcs = {one.pc for one in machine.transitions if one.pc is not None}
        gone = {read: value for read, value in machine.given.items() if read not in self.known}
        folded = [fold_known(assuming(watch.when, gone), self.known) for watch in watches]
        self.in_states: list[tuple[int, Watch, Expr]] = []
        self.at_step: dict[int, list[tuple[int, Watch, Expr]]] = {}
        for number, (watch, when) in enumerate(zip(watches, folded, strict=True)):
            if when == FALSE:
                continue
            numbers.slots.setdefault((position, watch.rule, watch.waived), len(numbers.slots))
            if watch.at is None:
                self.in_states.append((number, watch, when))
            else:
                self.at_step.setdefault(watch.at, []).append((number, watch, when))
        self.names = self._named(folded)

    def _named(self, watched: Sequence[Expr]) -> dict[Read, str]:
        """Give every variable a name; places of processes are labels, unless they are read."""
        machine = self.machine
        looked = set().union(*map(reads, watched))
        for one in machine.transitions:
            looked.update(*map(reads, (one.when, *(value for _, value in one.gives))))
            others = self.pcs.difference([one.pc]).intersection(dict(one.gives))
            assert not others, "a label is nobody's but its own process's to change"
        names: dict[Read, str] = {}
        for read in machine.variables:
            if read in self.pcs and read not in looked:
                continue
            plain = re.sub(r"\W+", "_", f"m{self.position}_{read.of.name}_{read.fact.name}")
            name, more = plain, 2
            while name in names.values():
                name, more = f"{plain}_{more}", more + 1
            names[read] = name
            top = machine.tops[read] + read.fact.question
            self.numbers.variables.append((name, max(1, top.bit_length())))
        return names

    def part(self) -> Part:
        """Return the processes of the machine, and one that looks at its states."""
        stop = " || ".join(
            self.called(self.may(when)) for _, watch, when in self.in_states if not watch.waived
        )
        groups: dict[tuple[Read | None, int], list[int]] = {}
        for number, one in enumerate(self.machine.transitions):
            groups.setdefault((one.pc, one.src), []).append(number)
        processes = []
        for number, pc in enumerate(dict.fromkeys(pc for pc, _ in groups)):
            labels = dict.fromkeys([IDLE] if pc is not None else [0])
            for (of, src), members in groups.items():
                if of == pc:
                    labels[src] = None
                    labels.update(dict.fromkeys(self.goes(self.machine.transitions[one])
                                                for one in members))
            places = tuple(self.place(src, groups.get((pc, src), [])) for src in labels)
            processes.append(Process(f"m{self.position}_process_{number}", places, stop))
        if self.in_states:
            options = [option for one in self.in_states for option in self.breaks(*one)]
            processes.append(
                Process(f"m{self.position}_rules", (Location("L0", tuple(options)),))
            )
        given = tuple(
            (self.names[read], value + read.fact.question)
            for read, value in self.machine.given.items() if read in self.known
        )
        return Part(tuple(processes), given)

    def goes(self, one: Transition) -> int:
        """Return the place that a step leads to."""
        for target, value in one.gives:
            if target == one.pc:
                assert isinstance(value, Num)
                return value.value
        return one.src

    def place(self, src: int, members: Sequence[int]) -> Location:
        """Return what can happen at a place: hardware answers, rules break, steps are taken."""
        exprs: list[Expr] = []
        for number in members:
            one = self.machine.transitions[number]
            exprs += [one.when, *(value for _, value in one.gives)]
        asked = questions(exprs, self.known)
        stays = list(self.asks(asked, ""))
        leaves: dict[str, list[Option]] = {}
        answered = [self.closed(read) for read in asked]
        for number in members:
            one = self.machine.transitions[number]
            when = "" if one.when == TRUE else self.called(self.text(one.when, "now."))
            can = _all(*answered, when)
            stops = []
            for index, watch, condition in self.at_step.get(number, []):
                breaks = self.called(self.may(condition))
                stays += self.breaks(index, watch, condition, can)
                if not watch.waived:
                    stops.append(f"!{breaks}")
            does = (f"c_code {{ took({self.first_step + number}); }}", *self.gives(one))
            goes = self.goes(one)
            (stays if goes == src else leaves.setdefault(f"L{goes}", [])).append(
                Option(_all(can, *stops), does)
            )
        return Location(f"L{src}", tuple(stays),
                     tuple((label, tuple(options)) for label, options in leaves.items()))

    def breaks(
        self, index: int, watch: Watch, when: Expr, can: str = ""
    ) -> Iterator[Option]:
        """Yield the answers that a rule wants, and that it breaks when there are all."""
        slot = self.numbers.slots[self.position, watch.rule, watch.waived]
        new = f"!seen[{slot}]"
        may = _all(can, self.called(self.may(when)))
        asked = questions([when], self.known)
        # What is waived stops nobody: it need not be known more than once.
        yield from self.asks(asked, _all(may, new) if watch.waived else may)
        closed = [self.closed(read) for read in asked]
        last = int(self.numbers.first and not watch.waived)
        broke = f"c_code {{ broke({slot}, {self.first_watch + index}, {last}); }}"
        yield Option(_all(may, *closed, new), (broke, "assert(false)"))

    def asks(self, asked: Sequence[Read], can: str) -> Iterator[Option]:
        """Yield every answer to the first open one of some questions."""
        before: list[str] = []
        for read in asked:
            name = self.names[read]
            here = _all(can, *before, f"now.{name} == 0")
            under = asked_under(read, self.known)
            if under is not None and read.fact.needs is not None:
                sense = " || ".join(f"now.{self.names[under]} == {value + 1}"
                                    for value in read.fact.needs[1])
                yield Option(_all(here, f"!({sense})"), (f"{name} = 1",))
                here = _all(here, f"({sense})")
            for value in answers(read):
                yield Option(here, (f"{name} = {value + 1}",))
            before.append(self.closed(read))

    def closed(self, read: Read) -> str:
        return f"now.{self.names[read]} != 0"

    def gives(self, one: Transition) -> tuple[str, ...]:
        """Return the assignments of a step; all values are read before any is written."""
        left = {
            target: value for target, value in one.gives
            if target in self.names and value != target
        }
        first: list[str] = []
        then: list[str] = []
        after: list[str] = []
        while left:
            # Who is read by nobody any more can be written.
            free = [target for target in left if not any(
                target in reads(value) for other, value in left.items() if other != target
            )]
            if not free:  # two facts that change places
                target = next(iter(left))
                name = f"t{len(first)}"
                first.append(f"{name} = {self.kept(target, left.pop(target))}")
                after += [f"{self.names[target]} = {name}", f"{name} = 0"]
            for target in free:
                then.append(f"{self.names[target]} = {self.kept(target, left.pop(target))}")
        self.numbers.temporaries = max(self.numbers.temporaries, len(first))
        return (*first, *then, *after)

    def kept(self, target: Read, value: Expr) -> str:
        """Return a value as it is kept in a variable."""
        if isinstance(value, Num):
            return str(value.value + target.fact.question)
        return f"{self.text(value)} + 1" if target.fact.question else self.text(value)

    def may(self, expr: Expr, holds: bool = True) -> str:
        """Return in C whether an expression may hold, or not hold, whatever is answered.

        Exact where no question in it is open; where one is, any comparison with it may go
        both ways.
        """
        match expr:
            case Not(of=of):
                return self.may(of, not holds)
            case Bin(op="and" | "or" as op, left=left, right=right):
                joint = "&&" if (op == "and") == holds else "||"
                return f"({self.may(left, holds)} {joint} {self.may(right, holds)})"
        text = self.text(expr, "now.") if holds else f"!({self.text(expr, 'now.')})"
        asked = [read for read in reads(expr) if read.fact.question]
        open_ = sorted(f"!({self.closed(read)})" for read in asked)
        return f"({' || '.join([*open_, text])})"

    def called(self, text: str) -> str:
        """Return a call of a C function that returns what a condition says."""
        name = self.numbers.functions.setdefault(text, f"c{len(self.numbers.functions)}")
        return f"{name} ()"  # without the blank SPIN suspects a side effect

    def text(self, expr: Expr, of: str = "") -> str:
        """Return an expression whose questions are answered: in Promela, or in C `of` a struct."""
        match expr:
            case Num(value=value):
                return str(value)
            case Read():
                name = f"{of}{self.names[expr]}"
                return f"({name} - 1)" if expr.fact.question else name
            case Not(of=inner):
                return f"!({self.text(inner, of)})"
            case Pick(when=when, then=then, other=other):
                mark = "?" if of else "->"
                # Compared with 0: tcc miscompiles a condition that is conditional itself.
                return (f"({self.text(when, of)} != 0 {mark} {self.text(then, of)} : "
                        f"{self.text(other, of)})")
            case Bin(op=op, left=left, right=right):
                a, b = self.text(left, of), self.text(right, of)
                if op in _WORDS:
                    return _WORDS[op].format(a=a, b=b, then="?" if of else "->")
                return f"({a} {op} {b})"
        raise TypeError(f"not an expanded expression: {expr!r}")


_WORDS: Mapping[str, str] = {
    "and": "({a} && {b})",
    "or": "({a} || {b})",
    "min": "({a} < {b} {then} {a} : {b})",
    "max": "({a} > {b} {then} {a} : {b})",
    "has": "(({a} >> {b}) & 1)",
    "with": "({a} | (1 << {b}))",
    "without": "({a} & ~(1 << {b}))",
}


def _all(*parts: str) -> str:
    """Return the conjunction of conditions in C."""
    return " && ".join(part for part in parts if part) or "1"
