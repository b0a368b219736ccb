# SPDX-License-Identifier: GPL-2.0-only
"""A machine as C over states packed into a few words: the text.

Every expression of the machine becomes C; a function is what can happen at one place of one
process. The search itself is templates/explorer/explorer.c.in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from string import Template

from checks.machine.machine import Machine
from checks.machine.questions import answers, asked_under, questions
from checks.search.abstract_values import conjuncts
from checks.search.lives import BEGINS
from checks.search.partial_order import Alone, Location, Reduction
from generator.errors import ModelError
from generator.expr import FALSE, TRUE, Bin, Expr, Not, Num, Pick, Read
from generator.meaning import assuming, fold_known
from generator.system.house import HOUSE

_EXPLORER = HOUSE / "templates" / "explorer" / "explorer.c.in"
WORD = 64
_C = {"and": "&&", "or": "||"}


@dataclass(frozen=True)
class Watch:
    """A condition that breaks a rule: before transition `at`, or in any state (`at` None)."""

    rule: str
    when: Expr
    message: str
    at: int | None
    waived: str = ""

    def assuming(self, values: Mapping[Read, int]) -> Watch:
        """Return it where some facts have values."""
        when = assuming(self.when, values)
        return self if when is self.when else replace(self, when=when)


@dataclass(frozen=True)
class Field:
    """Where the value of a variable is: in a state as one number `shift` bits up, `mask` wide."""

    shift: int
    mask: int

    @property
    def word(self) -> int:
        """Return the word of C that has it."""
        return self.shift // WORD

    @property
    def within(self) -> int:
        """Return how far up in that word it is."""
        return self.shift % WORD


@dataclass(frozen=True)
class Code:
    """The C of a machine.

    `processes` has the counters, None for what comes from outside, in the order of the C.
    """

    text: str
    words: int
    processes: tuple[Read | None, ...]


def fields_of(machine: Machine) -> dict[Read, Field]:
    """Return where each variable of a machine is; none is in two words."""
    found: dict[Read, Field] = {}
    width = 0
    for read in machine.variables:
        bits = max(1, (machine.tops[read] + read.fact.question).bit_length())
        if width % WORD + bits > WORD:
            width += WORD - width % WORD
        found[read] = Field(width, (1 << bits) - 1)
        width += bits
    return found


@cache
def _explorer() -> Template:
    # of the standard library: what else renders templates takes as long to load as a small search
    return Template(_EXPLORER.read_text(encoding="utf-8"))


def code(
    machine: Machine, watches: Sequence[Watch], fields: Mapping[Read, Field], reduced: Reduction
) -> Code:
    """Return a machine as C, with the watches of the rules built in.

    Errors: ModelError where a step gives one fact two values.
    """
    return _Writer(machine, watches, fields, reduced).code()


BEHIND = "the search goes on behind it"  # the reason of waivers that only look what comes after
APART = frozenset({"N3"})  # behind what is broken, what a handler lacks is told for each of it


def way_of(machine: Machine, watch: Watch) -> str:
    """Return what tells the ways apart in which one rule breaks: a line, or what a state is told.

    A line may be of a block that is used in several entry points and contexts. A waiver is needed
    or not, by whatever way; behind what breaks, only the ways of a few are told apart.
    """
    if watch.waived and (watch.waived != BEHIND or watch.rule not in APART):
        return ""
    if watch.at is None:
        return watch.message
    step = machine.transitions[watch.at].step
    return " ".join((str(step.where), step.entry, step.context))


class _Writer:
    def __init__(
        self, machine: Machine, watches: Sequence[Watch], fields: Mapping[Read, Field],
        reduced: Reduction,
    ) -> None:
        self.machine, self.watches, self.fields, self.reduced = machine, watches, fields, reduced
        self.known = frozenset(fields)
        self.conditions = [fold_known(watch.when, self.known) for watch in watches]
        self.asks = tuple(tuple(questions([when], self.known)) for when in self.conditions)
        asked = [read for read in fields if read.fact.question]
        # One that means something only under another comes after it.
        self.questions = {read: number for number, read in enumerate(questions(asked, self.known))}
        self.members: dict[Location, list[int]] = {}
        for number, one in enumerate(machine.transitions):
            place = one.pc, one.src
            if one.pc is None or one.src in reduced.known.found[one.pc]:  # else nobody gets there
                self.members.setdefault(place, []).append(number)
        self.at_step: dict[int, list[int]] = {}
        for index, watch in enumerate(watches):
            if watch.at is not None and reduced.can_break(watch.at, index):
                self.at_step.setdefault(watch.at, []).append(index)
        self.tables: dict[str, str] = {}  # what is written once, however often it is needed
        self.names: dict[str, str] = {}

    def code(self) -> Code:
        processes = tuple(dict.fromkeys(pc for pc, _ in self.members))
        lonely = {place: self.reduced.alone(place) for place in self.members}
        looked = {index for one in lonely.values() if one is not None for index in one.look}
        wanted = looked.union(*self.at_step.values())
        wanted |= {index for index, watch in enumerate(self.watches)
                   if watch.at is None and self.asks[index]}
        # What a watch is reported for, once: a rule in one way, or one waiver of it.
        groups: dict[tuple[str, str, str], int] = {}
        group_of = tuple(
            groups.setdefault((watch.rule, watch.waived, way_of(self.machine, watch)), len(groups))
            for watch in self.watches
        )
        lines = [f"#define QUESTIONS {len(self.questions)}", ""]
        for index in sorted(wanted):
            lines += self._condition(index)
        lines += self._broken()
        places: list[str] = []
        for number, process in enumerate(processes):
            rows = []
            for name, place in enumerate(self.members):
                if place[0] == process:
                    lines += self._steps(f"steps{name}", place)
                    at = 0 if process is None else place[1]
                    rows.append(f"\t[{at}] = {{ steps{name}, {self._alone(lonely[place])} }},")
            top = 0 if process is None else self.fields[process].mask
            places += [f"static const struct place places{number}[{top + 1}] = {{", *rows, "};", ""]
        counters = [
            f"\t{{ -1, 0, 0, places{number} }}," if pc is None else
            f"\t{{ {self.fields[pc].word}, {self.fields[pc].within}, {self.fields[pc].mask}, "
            f"places{number} }},"
            for number, pc in enumerate(processes)
        ]
        functions = [f"\t[{index}] = holds{index}," for index in sorted(wanted)]
        body = [
            *lines,
            "static int (*const conditions[WATCHES + 1])(const struct state *s) = {",
            *functions, "\t0", "};", "",
            *_numbers("int", "group_of", group_of),
            *_numbers("char", "life_of", _lives(self.machine)),
            *_numbers("char", "is_waived", [int(bool(one.waived)) for one in self.watches]),
            *_numbers("short", "by_need", range(len(self.questions))),
            *self._asked_by(),
            "static int never(const struct state *s)", "{", "\treturn 1;", "}", "",
            *self.tables.values(), *places,
            "static const struct counter {", "\tint word, shift;", "\tu64 mask;",
            "\tconst struct place *places;", "} counters[] = {", *counters, "};", "",
        ]
        words = 1 + max((field.word for field in self.fields.values()), default=0)
        stored, rows = self._asked()
        text = _explorer().substitute(
            words=words, transitions=len(self.machine.transitions), watches=len(self.watches),
            processes=len(processes), stored="\n".join(stored), questions="\n".join(rows),
            body="\n".join(body),
        )
        return Code(text, words, processes)

    def _asked(self) -> tuple[list[str], list[str]]:
        """Return the tables of answers to questions, and that of the questions."""
        stored, rows = [], []
        for number, read in enumerate(self.questions):
            field, under, sense = self.fields[read], asked_under(read, self.known), 0
            if under is not None and read.fact.needs is not None:
                sense = sum(1 << value + 1 for value in read.fact.needs[1])
            above = -1 if under is None else self.questions[under]
            found = [value + 1 for value in answers(read)]
            stored.append(f"static const unsigned char stored{number}[] = "
                          f"{{ {', '.join(map(str, found))} }};")
            rows.append(f"\t{{ {field.word}, {field.within}, {above}, {field.mask}u, {sense}ull, "
                        f"{len(found)}, stored{number} }},")
        return stored, rows

    def _asked_by(self) -> list[str]:
        names: dict[tuple[int, ...], str] = {}
        rows = []
        for asked in self.asks:
            key = tuple(self.questions[read] for read in asked)
            rows.append(f"\t{names.setdefault(key, f'asked{len(names)}')},")
        tables = [f"static const short {name}[] = {{ {', '.join(map(str, (*key, -1)))} }};"
                  for key, name in names.items()]
        return [*tables, "static const short *const asked_by[WATCHES + 1] = {", *rows, "\t0", "};",
                ""]

    def _condition(self, index: int) -> list[str]:
        """Return the function that says whether a watch holds, for some answer to what is open."""
        when = self.conditions[index]
        lines = [f"static int holds{index}(const struct state *s)", "{"]
        sure = [part for part in conjuncts(when) if not questions([part], self.known)]
        if self.asks[index]:
            for part in sure:
                lines.append(f"\tif (!{self._of(part)})\n\t\treturn 0;")
        for read in self.asks[index]:
            lines.append(f"\tANY(holds{index}, {self.questions[read]})")
        return [*lines, f"\treturn {self._of(when)};", "}", ""]

    def _broken(self) -> list[str]:
        """Return the function that reports the watches of a state."""
        lines = ["static int broken_in(const struct state *s, short *broken)", "{", "\tint n = 0;",
                 ""]
        for index, when in enumerate(self.conditions):
            if self.watches[index].at is None and when != FALSE:
                test = f"holds{index}(s)" if self.asks[index] else self._of(when)
                lines.append(f"\tif ({test})\n\t\tbroken[n++] = {index};")
        return [*lines, "\treturn n;", "}", ""]

    def _steps(self, name: str, place: Location) -> list[str]:
        """Return the function of one place: ask, look where rules break, then take the steps.

        A question that only a rule asks is answered in the state only where an answer breaks it.
        """
        members = self.members[place]
        transitions = self.machine.transitions
        exprs: list[Expr] = []
        for number in members:
            exprs += [transitions[number].when, *(value for _, value in transitions[number].gives)]
        asked = questions(exprs, self.known)
        lines = [f"static void {name}(const struct state *s, struct steps *out,",
                 "\t\t   struct breaks *bad)", "{"]
        lines += [f"\tASK({name}, {self.questions[read]})" for read in asked]
        for number in members:
            when = self._of(transitions[number].when)
            for index in self.at_step.get(number, ()):
                more = [read for read in self.asks[index] if read not in asked]
                if more and not self.watches[index].waived:
                    lines += [f"\tif ({when} && holds{index}(s)) {{",
                              *(f"\tASK({name}, {self.questions[read]})" for read in more), "\t}"]
        for number in members:
            lines += self._step(number)
        return [*lines, "}", ""]

    def _step(self, number: int) -> Iterator[str]:
        one = self.machine.transitions[number]
        yield "\t{" if one.when == TRUE else f"\tif ({self._of(one.when)}) {{"
        yield "\t\tstruct state to = *s;\n\t\tint stop = 0;\n"
        for index in self.at_step.get(number, ()):
            yield f"\t\tif (holds{index}(s)) {{"
            yield f"\t\t\tadd_broken(bad, {index}, {number}, s);"
            if not self.watches[index].waived:
                yield "\t\t\tstop = 1;"
            yield "\t\t}"
        yield "\t\tif (!stop) {"
        clear: dict[int, int] = {}
        gives: dict[int, list[str]] = {}
        seen: set[Read] = set()
        for target, value in one.gives:
            if target in seen:
                raise ModelError(
                    one.step.where,
                    f"{one.step.text} gives {target.of.name}.{target.fact.name} "
                    "two values at once"
                )
            seen.add(target)
            if value == target:
                continue
            field = self.fields[target]
            clear[field.word] = clear.get(field.word, 0) | field.mask << field.within
            more = int(target.fact.question)
            if isinstance(value, Num):
                if value.value + more:
                    gives.setdefault(field.word, []).append(
                        f"{value.value + more << field.within}ull")
            else:
                stored = f"{self._of(value)} + 1" if more else self._of(value)
                gives.setdefault(field.word, []).append(f"(u64)({stored}) << {field.within}")
        for word, bits in clear.items():
            yield f"\t\t\tto.w[{word}] &= ~{bits}ull;"
        for word, parts in gives.items():
            yield f"\t\t\tto.w[{word}] |= {' | '.join(parts)};"
        yield f"\t\t\tadd_step(out, {number}, &to);\n\t\t}}\n\t}}"

    def _alone(self, one: Alone | None) -> str:
        """Return what says when the steps of a place may be taken at once."""
        if one is None:
            return "never, 0"
        tests = [
            f"{self._among(seen, bad)}" for seen, bad in one.bad if bad
        ]
        waits = look = "0"
        if tests:
            waits = self._once("waits", " || ".join(tests), lambda name, text: (
                f"static int {name}(const struct state *s)\n{{\n\treturn {text};\n}}\n"))
        if one.look:
            look = self._once("look", ", ".join(map(str, (*one.look, -1))), lambda name, text: (
                f"static const short {name}[] = {{ {text} }};\n"))
        return f"{waits}, {look}"

    def _among(self, seen: tuple[Read, ...], bad: frozenset[tuple[int, ...]]) -> str:
        """Return the test whether some variables have one of some combinations of values."""
        index, scale = "", 1
        scales = []
        for read in seen:
            field = self.fields[read]
            index += f" + {self._of(read)} * {scale}"
            scales.append(scale)
            scale *= field.mask + 1
        bits = [0] * (-(-scale // WORD))
        for values in bad:
            at = sum(value * by for value, by in zip(values, scales, strict=True))
            bits[at // WORD] |= 1 << at % WORD
        text = ", ".join(f"{word}ull" for word in bits)
        table = self._once("bits", text, lambda name, text: (
            f"static const u64 {name}[] = {{ {text} }};\n"))
        return f"among({table}, {index[3:]})"

    def _once(self, kind: str, text: str, made: Callable[[str, str], str]) -> str:
        """Return the name of something that is defined where it is needed first."""
        key = f"{kind} {text}"
        name = self.names.setdefault(key, f"{kind}{len(self.names)}")
        self.tables.setdefault(key, made(name, text))
        return name

    def _of(self, expr: Expr) -> str:
        match expr:
            case Num(value=value):
                return str(value)
            case Read():
                field = self.fields[expr]
                raw = f"F({field.word}, {field.within}, {field.mask})"
                return f"({raw} - 1)" if expr.fact.question else raw
            case Not(of=of):
                return f"!{self._of(of)}"
            case Pick(when=when, then=then, other=other):
                return f"pick({self._of(when)}, {self._of(then)}, {self._of(other)})"
            case Bin(op=op, left=left, right=right):
                a, b = self._of(left), self._of(right)
                match op:
                    case "min" | "max":
                        return f"{op}({a}, {b})"
                    case "has":
                        return f"({a} >> {b} & 1)"
                    case "with":
                        return f"({a} | 1 << {b})"
                    case "without":
                        return f"({a} & ~(1 << {b}))"
                return f"({a} {_C.get(op, op)} {b})"
        raise TypeError(f"not an expanded expression: {expr!r}")


def _lives(machine: Machine) -> Iterator[int]:
    """Yield of each transition which part of a life a driver's own step begins, or 0."""
    parts: dict[str, int] = {}
    for one in machine.transitions:
        part = "" if one.step.context else BEGINS.get(one.step.kind, "")
        yield parts.setdefault(part, len(parts) + 1) if part else 0


def _numbers(kind: str, name: str, values: Iterable[int]) -> list[str]:
    return [f"static const {kind} {name}[] = {{ {', '.join(map(str, (*values, 0)))} }};", ""]
