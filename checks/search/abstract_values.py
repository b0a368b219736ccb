# SPDX-License-Identifier: GPL-2.0-only
"""The values that variables can have at each place of a process, without a search.

They are computed by abstract interpretation: each process is followed by itself, and at each of
its places every variable has a set of values. A variable that only this process writes has the
values that its steps give; one that others write as well keeps them as long as no step of theirs
that is possible here writes another.

Knowledge of all variables is one integer, with a field of bits for each. A variable with the values
0 to 3, of which 0 and 2 are possible at a place:

    bit of the field    4   3   2   1   0
                      +---+---+---+---+---+
                      | 0 | 0 | 1 | 0 | 1 |
                      +---+---+---+---+---+
                    guard   `---values---'

So what is known where two ways join is the `|` of what they bring, and `&` is what two have in
common. The guard bit is always 0. `any` has a 1 for every value of every field, `guards` one for
every guard: the sum `known + any` carries into the guard of each field that has a value, and never
further. One addition tells whether some field is empty: then the two cannot both be true.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import product
from math import prod

from checks.machine.machine import Machine
from checks.machine.step import IDLE, Transition
from generator.expr import Bin, Expr, Num, Pick, Read
from generator.meaning import computed, evaluate
from generator.reads import reads

MOST = 64  # combinations of values that are tried out
Known = int
Node = tuple[int, int]  # a place of a process, and what others can see of its variables there
Computed = tuple[Read, Expr, int]  # a variable, its value, and the fields that the value reads
Leaf = tuple[int, int]  # the field of a variable, and the values for which a condition holds


@dataclass(frozen=True)
class Test:
    """A condition as far as single variables decide it: all `leaves`, and one of each `either`."""

    leaves: tuple[Leaf, ...]
    either: tuple[tuple[Test, ...], ...]

    def possible(self, known: Known) -> bool:
        """Return whether it can hold."""
        for field, allowed in self.leaves:
            if not known & field & allowed:
                return False
        return all(any(one.possible(known) for one in some) for some in self.either)


@dataclass(frozen=True, eq=False)
class _Compiled:
    """A step over knowledge: what it needs, what it makes certain, what it computes."""

    one: Transition
    number: int
    goes: int
    test: Test
    clear: int
    certain: int
    computed: tuple[Computed, ...]


@dataclass(frozen=True)
class _Other:
    """A value that somebody else's step gives a variable: its bit, 0 where it is computed."""

    field: Known
    bit: Known
    step: _Compiled
    gives: Computed


class Knowledge:
    """Per place of every process, the values that variables can have there."""

    def __init__(self, machine: Machine, never: Sequence[Expr]) -> None:
        """Follow every process from its start; `never` does not hold where search goes on."""
        self.machine = machine
        self.pcs = tuple(dict.fromkeys(
            one.pc for one in machine.transitions if one.pc is not None
        ))
        self.fields: dict[Read, tuple[int, int]] = {}
        self.any = self.guards = width = 0
        for read in machine.variables:
            if read not in self.pcs:
                values = machine.tops[read] + 1
                self.fields[read] = (width, (1 << values) - 1)
                self.any |= (1 << values) - 1 << width
                self.guards |= 1 << width + values
                width += values + 1
        self.memo: dict[tuple[int, int], bool] = {}
        self.worth: dict[tuple[Read, int, int], Known] = {}
        self.listed: dict[int, tuple[int, ...]] = {}
        self.asked: dict[int, tuple[Expr, Known]] = {}
        self.assumed: dict[tuple[int, Known], Expr] = {}
        self.never = [self._test(one) for one in never]
        self.steps = [self._compiled(number, one) for number, one in
                      enumerate(machine.transitions)]
        self.writers: dict[Read, list[_Compiled]] = {}
        for step in self.steps:
            for target, _ in step.one.gives:
                self.writers.setdefault(target, []).append(step)
        self.tell: dict[tuple[Read, Read], tuple[Read, ...]] = {}
        self.nodes: dict[tuple[Read, int], dict[Node, Known]] = {}
        self.into: dict[tuple[Read, int], dict[Node, list[tuple[Node, _Compiled]]]] = {}
        self.found: dict[Read, dict[int, Known]] = {}
        for pc in self.pcs:
            self._follow(pc, 0)
            places: dict[int, Known] = {}
            for (place, _), known in self.nodes[pc, 0].items():
                places[place] = places.get(place, 0) | known
            self.found[pc] = places

    def at(self, pc: Read, src: int) -> Known:
        """Return what is known while a process is at a place."""
        return self.found.get(pc, {}).get(src, self.any)

    def seen(self, pc: Read, by: Read) -> tuple[Read, ...]:
        """Return the variables that one process alone writes, by constants, and another asks for.

        They say more about where the one is than its counter does.
        """
        if (pc, by) not in self.tell:
            asked = frozenset().union(*(
                reads(step.one.when) for step in self.steps if step.one.pc == by
            ))
            self.tell[pc, by] = tuple(
                read for read in self.machine.variables
                if read in asked and read != pc and not read.fact.question and all(
                    step.one.pc == pc and isinstance(dict(step.one.gives)[read], Num)
                    for step in self.writers.get(read, ())
                )
            )
        return self.tell[pc, by]

    def mask(self, some: Iterable[Read]) -> int:
        """Return the fields of some variables."""
        found = 0
        for read in some:
            offset, mask = self.fields[read]
            found |= mask << offset
        return found

    def values(self, read: Read, known: Known) -> tuple[int, ...]:
        """Return the values that a variable can have."""
        offset, mask = self.fields[read]
        bits = known >> offset & mask
        found = self.listed.get(bits)
        if found is None:
            found = self.listed[bits] = tuple(
                value for value in range(bits.bit_length()) if bits >> value & 1)
        return found

    def clashes(self, one: Known, other: Known) -> bool:
        """Return whether two cannot both be true."""
        return (one & other) + self.any & self.guards != self.guards

    def follow(self, pc: Read, some: tuple[Read, ...]) -> int:
        """Return the fields of some variables, which tell places of a process apart from now on.

        They are half of the key to `nodes` and `into`.
        """
        fields = self.mask(some)
        if (pc, fields) not in self.nodes:
            self._follow(pc, fields)
        return fields

    def can(self, number: int, known: Known) -> bool:
        """Return whether another process can take a step, as far as is known."""
        key = number, known
        found = self.memo.get(key)
        if found is None:
            step = self.steps[number]
            found = self.memo[key] = self._possible(step, known)
        return found

    def _possible(self, step: _Compiled, known: Known) -> bool:
        if step.one.pc is None:
            return step.test.possible(known)
        there = known & self.found.get(step.one.pc, {}).get(step.one.src, self.any)
        return there + self.any & self.guards == self.guards and step.test.possible(there)

    def _follow(self, pc: Read, fields: int) -> None:
        mine: dict[int, list[_Compiled]] = {}
        names: dict[Read, None] = {}
        for step in self.steps:
            if step.one.pc != pc:
                continue
            mine.setdefault(step.one.src, []).append(step)
            names.update(dict.fromkeys(
                target for target, _ in step.one.gives if target != pc
            ))
            names.update(dict.fromkeys(sorted(reads(step.one.when), key=lambda read: read.key)))
        tracked = [read for read in names if not read.fact.question]
        start = self.any & ~self.mask(tracked)
        for read in tracked:
            start |= 1 << self.fields[read][0]
        # A question that was answered here may be asked anew at the end of another's life.
        others = [
            self._other(read, step)
            for read in names for step in self.writers.get(read, ()) if step.one.pc != pc
        ]
        followed = self.mask(tracked)
        first = self._settled(self._nothing_left(start, followed), others)
        nodes: dict[Node, Known] = {(IDLE, first & fields): first}
        into: dict[Node, list[tuple[Node, _Compiled]]] = {}
        todo = [(IDLE, first & fields)]
        waiting = set(todo)
        settled: dict[Known, Known] = {}
        while todo:  # in the order of the text, so that what joins is known before one walks on
            node = heappop(todo)
            waiting.discard(node)
            known = nodes[node]
            for step in mine.get(node[0], ()):
                there = self._taken(step, known)
                if there is None:
                    continue
                if step.goes == IDLE:
                    there = self._nothing_left(there, followed)
                goes = step.goes, there & fields
                edge = node, step
                if edge not in into.setdefault(goes, []):
                    into[goes].append(edge)
                old = nodes.get(goes)
                if old is not None and old | there == old:
                    continue
                there = there if old is None else old | there
                if there not in settled:
                    settled[there] = self._settled(there, others)
                nodes[goes] = settled[there]
                if goes not in waiting:
                    heappush(todo, goes)
                    waiting.add(goes)
        self.nodes[pc, fields], self.into[pc, fields] = nodes, into

    def _taken(self, step: _Compiled, known: Known) -> Known | None:
        if not step.test.possible(known):
            return None
        for field, allowed in step.test.leaves:
            known &= allowed | ~field
        there = known & ~step.clear | step.certain
        for one in step.computed:
            there |= self._computed(one, known)
        return there

    def _other(self, read: Read, step: _Compiled) -> _Other:
        gives = next((one for one in step.computed if one[0] == read), None)
        if gives is None:
            value = dict(step.one.gives)[read]
            assert isinstance(value, Num)
            return _Other(self.mask([read]), 1 << self.fields[read][0] + value.value, step,
                          (read, value, 0))
        return _Other(self.mask([read]), 0, step, gives)

    def _settled(self, known: Known, others: Sequence[_Other]) -> Known:
        """Return what is still known when others may have moved."""
        changed = True
        while changed:
            changed = False
            for one in others:
                if known & one.field == one.field or known & one.bit or not self._possible(
                    one.step, known
                ):
                    continue
                more = known | (one.bit or self._computed(one.gives, known))
                if more != known:
                    known, changed = more, True
        return known

    def _computed(self, one: Computed, known: Known) -> Known:
        """Return the field of a variable with the values that an expression can have."""
        target, value, asked = one
        key = target, id(value), known & asked
        found = self.worth.get(key)
        if found is None:
            found = self.worth[key] = self._worth(target, value, known)
        return found

    def _worth(self, target: Read, value: Expr, known: Known) -> Known:
        offset, mask = self.fields[target]
        if isinstance(value, Num) and value.value >= 0:
            return 1 << offset + value.value
        if isinstance(value, Num) or target.fact.question:
            return mask << offset
        if isinstance(value, Read) and value in self.fields:
            there, other = self.fields[value]
            return (known >> there & other & mask) << offset
        states = self.states(reads(value), known, MOST)
        if states is not None:
            some = {evaluate(value, state) for state in states}
            if all(0 <= one < mask.bit_length() for one in some):
                return sum(1 << offset + one for one in some)
            return mask << offset  # not in a state in which the step is taken, or anything
        if isinstance(value, Pick):
            return self._worth(target, value.then, known) | self._worth(
                target, value.other, known)
        return mask << offset

    def states(
        self, names: Iterable[Read], known: Known, most: int
    ) -> Iterator[dict[Read, int]] | None:
        """Return all values that some variables can have; None where that are more than `most`."""
        order = sorted(names, key=lambda read: read.key)
        values = [self.values(read, known) for read in order]
        if prod(map(len, values)) > most:
            return None
        return (dict(zip(order, one, strict=True)) for one in product(*values))

    def _nothing_left(self, known: Known, followed: int) -> Known:
        """Return what is known where the search would have ended if something were left.

        Of the fields that are `followed` only: nobody looks at what others do to the rest.
        """
        for test in self.never:
            if test.either:
                continue
            open_ = [(field, allowed) for field, allowed in test.leaves
                     if known & field & ~allowed]
            if len(open_) == 1:
                field, allowed = open_[0]
                known &= ~(field & followed & allowed)
        return known

    def _compiled(self, number: int, one: Transition) -> _Compiled:
        goes = one.src
        clear = certain = 0
        computed = []
        for target, value in one.gives:
            if target == one.pc:
                assert isinstance(value, Num)
                goes = value.value
                continue
            offset, mask = self.fields[target]
            clear |= mask << offset
            if isinstance(value, Num) and value.value >= 0:
                certain |= 1 << offset + value.value
            else:
                computed.append((target, value, self.mask(reads(value))))
        return _Compiled(one, number, goes, self._test(one.when), clear, certain, tuple(computed))

    def _test(self, expr: Expr) -> Test:
        leaves: list[Leaf] = []
        either: list[tuple[Test, ...]] = []
        for part in conjuncts(expr):
            names = reads(part)
            if len(names) == 1:
                (name,) = names
                offset, mask = self.fields[name]
                allowed = sum(
                    1 << offset + value for value in range(mask.bit_length())
                    if evaluate(part, {name: value})
                )
                leaves.append((mask << offset, allowed))
            elif not names:
                if not evaluate(part, {}):
                    leaves.append((0, 0))
            elif isinstance(part, Bin) and part.op == "or":
                either.append((self._test(part.left), self._test(part.right)))
            else:
                either.append((Test((), ()),))  # more than single variables can tell
        return Test(tuple(leaves), tuple(either))

    def assuming(self, expr: Expr, known: Known) -> Expr:
        """Return an expression in which what has one value is a number, computed as far as goes."""
        asked = self.asked.get(id(expr))
        if asked is None:  # with the expression, whose identity stays its own then
            asked = self.asked[id(expr)] = expr, self.mask(reads(expr))
        key = id(expr), known & asked[1]
        found = self.assumed.get(key)
        if found is None:
            found = self.assumed[key] = self._assuming(expr, known)
        return found

    def _assuming(self, expr: Expr, known: Known) -> Expr:
        def value(read: Read) -> Expr:
            offset, mask = self.fields[read]
            bits = known >> offset & mask
            return read if bits & bits - 1 else Num(bits.bit_length() - 1)

        return computed(expr, value)


def conjuncts(expr: Expr) -> list[Expr]:
    """Return the parts that must all hold for an expression to hold."""
    if isinstance(expr, Bin) and expr.op == "and":
        return conjuncts(expr.left) + conjuncts(expr.right)
    return [expr]


