# SPDX-License-Identifier: GPL-2.0-only
"""Partial-order reduction: the steps of a process that are taken at once, before anybody else's.

Such a step commutes with every step that others can take first, and no rule can tell the states
around it apart, so of all orders one is enough. The steps of a process at a place are a persistent
set then. What others can do first depends on where they are, so the answer is a table: places of
others from which something can come that does not commute. Every cycle of a process leads through
IDLE or RUNNING, where nothing is taken at once, so nobody is put off for ever (the cycle proviso).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from checks.machine.machine import Machine
from checks.machine.step import IDLE, RUNNING, Transition
from checks.search.abstract_values import Knowledge, Known, Node
from generator.expr import FALSE, Expr, Read
from generator.meaning import evaluate
from generator.reads import reads

Location = tuple[Read | None, int]  # a process, by its counter, and where it is
Condition = tuple[int, Expr, bool]  # number, when a rule breaks, whether that is waived
MOST = 300  # combinations of values that are tried out


@dataclass(frozen=True)
class Alone:
    """A place whose steps may be taken at once.

    Unless another process is at one of `bad`, or one of the conditions `look` on states holds
    before or after. The places of a process are told apart by its counter and variables.
    """

    bad: tuple[tuple[tuple[Read, ...], frozenset[tuple[int, ...]]], ...]
    look: tuple[int, ...]


@dataclass(frozen=True)
class _Uses:
    """What a step looks at and changes, its own counter left out."""

    when: frozenset[Read]
    values: frozenset[Read]
    rules: frozenset[Read]
    gives: Mapping[Read, Expr]
    looked: frozenset[Read]  # all of these
    changed: Known  # the fields that it gives, and the values that they can have then
    then: Known


class Reduction:
    """What a search can leave out, found out place by place when somebody is there."""

    def __init__(
        self, machine: Machine, at_step: Mapping[int, Sequence[Condition]],
        in_states: Sequence[Condition],
    ) -> None:
        """Take a machine, and rules as conditions.

        Behind a condition of `in_states` that is not waived the search does not go on.
        """
        self.machine = machine
        self.known = Knowledge(machine, [when for _, when, waived in in_states if not waived])
        self.at_step = {number: self._that_can_break(number, some)
                        for number, some in at_step.items()}
        self.uses = [self._used(number, one) for number, one in enumerate(machine.transitions)]
        self.looks_at: dict[Read, list[Condition]] = {}
        for condition in in_states:
            for read in reads(condition[1]):
                self.looks_at.setdefault(read, []).append(condition)
        self.readers: dict[Read, int] = {}  # sets of steps, as bits
        self.writers: dict[Read, int] = {}
        self.of_process: dict[Read | None, int] = {}
        for number, uses in enumerate(self.uses):
            pc = machine.transitions[number].pc
            self.of_process[pc] = self.of_process.get(pc, 0) | 1 << number
            for read in uses.looked:
                self.readers[read] = self.readers.get(read, 0) | 1 << number
            for read in uses.gives:
                self.writers[read] = self.writers.get(read, 0) | 1 << number
        self.members: dict[Location, list[int]] = {}
        for number, one in enumerate(machine.transitions):
            self.members.setdefault((one.pc, one.src), []).append(number)

        self.places: dict[Location, Alone | None] = {}

    def alone(self, place: Location) -> Alone | None:
        """Return when steps from a place may be taken at once; None for never."""
        if place not in self.places:
            pc, src = place
            never = pc is None or src in (IDLE, RUNNING)
            self.places[place] = None if never else self._place(pc, src, self.members[place])
        return self.places[place]

    def can_break(self, number: int, index: int) -> bool:
        """Return whether a condition of a step can hold where the step is taken."""
        return any(one == index for one, _, _ in self.at_step.get(number, ()))

    def _used(self, number: int, one: Transition) -> _Uses:
        gives = {target: value for target, value in one.gives if target != one.pc}
        when = reads(one.when)
        values = frozenset().union(*map(reads, gives.values()))
        asked = frozenset().union(*(reads(when) for _, when, _ in self.at_step.get(number, ())))
        step = self.known.steps[number]
        then = step.certain | self.known.mask(target for target, _, _ in step.computed)
        return _Uses(when, values, asked, gives, when | values | asked, step.clear, then)

    def _that_can_break(self, number: int, some: Sequence[Condition]) -> list[Condition]:
        """Return the conditions that can hold where a step is taken, as far as they are open."""
        one = self.machine.transitions[number]
        known = self.known.any if one.pc is None else self.known.at(one.pc, one.src)
        there = ((index, self.known.assuming(when, known), waived) for index, when, waived in some)
        return [condition for condition in there if condition[1] != FALSE]

    def _place(self, pc: Read | None, src: int, members: Sequence[int]) -> Alone | None:
        assert pc is not None
        known = self.known.at(pc, src)
        look: dict[int, Expr] = {}
        clash: set[int] = set()
        for number in members:
            step = self.machine.transitions[number]
            for condition in self._seen(number, known):
                look[condition[0]] = condition[1]
            for other in self._near(number, pc):
                if (other not in clash and self.known.can(other, known)
                        and not self._independent(step, number, other, known)):
                    if self.machine.transitions[other].pc is None:
                        return None
                    clash.add(other)
        for when in look.values():
            for read in reads(self.known.assuming(when, known)):
                for other in _bits(self.writers.get(read, 0) & ~self.of_process[pc]):
                    if self.known.can(other, known):
                        if self.machine.transitions[other].pc is None:
                            return None
                        clash.add(other)
        return Alone(self._before(pc, clash, known), tuple(look))

    def _near(self, number: int, pc: Read) -> Iterator[int]:
        """Yield the steps of others that have to do with what a step reads or writes."""
        uses = self.uses[number]
        found = 0
        for read in uses.gives:
            found |= self.readers.get(read, 0) | self.writers.get(read, 0)
        for read in uses.looked:
            found |= self.writers.get(read, 0)
        return _bits(found & ~self.of_process[pc])

    def _before(
        self, by: Read, clash: set[int], known: Known
    ) -> tuple[tuple[tuple[Read, ...], frozenset[tuple[int, ...]]], ...]:
        """Return the places from which others can come to one of some steps."""
        sources: dict[Read, set[int]] = {}
        for other in sorted(clash):
            one = self.machine.transitions[other]
            assert one.pc is not None
            sources.setdefault(one.pc, set()).add(one.src)
        found = []
        for pc, places in sources.items():
            some = self.known.seen(pc, by)
            fields = self.known.follow(pc, some)
            nodes, into = self.known.nodes[pc, fields], self.known.into[pc, fields]
            todo = [node for node, there in nodes.items()
                    if node[0] in places and not self.known.clashes(known, there)]
            bad: set[Node] = set(todo)
            while todo:
                for node, step in into.get(todo.pop(), ()):
                    if node not in bad and step.test.possible(
                        known & nodes[node]
                    ) and not self.known.clashes(known, nodes[node]):
                        bad.add(node)
                        todo.append(node)
            found.append(((pc, *some), frozenset(
                (place, *(self.known.values(read, seen)[0] for read in some))
                for place, seen in bad
            )))
        return tuple(found)

    def _seen(self, number: int, known: Known) -> Iterator[Condition]:
        """Yield the conditions on states that a step may change."""
        step, uses = self.machine.transitions[number], self.uses[number]
        conditions = {
            condition[0]: condition
            for target in uses.gives for condition in self.looks_at.get(target, ())
        }
        for condition in conditions.values():
            if not self._same(condition, step, uses, known):
                yield condition

    def _same(
        self, condition: Condition, step: Transition, uses: _Uses, known: Known
    ) -> bool:
        _, when, waived = condition
        if self._unchanged([when], uses, known):
            return True
        changed = {target: value for target, value in uses.gives.items() if target in reads(when)}
        when = self.known.assuming(when, known | self.known.mask(changed))
        can = self.known.assuming(step.when, known)
        states = self._states([can, when, *changed, *changed.values()], known)
        if states is None:
            return False
        for state in states:
            if not evaluate(can, state):
                continue
            before = bool(evaluate(when, state))
            then = bool(evaluate(when, _after(state, changed)))
            if before != then and (before or not waived):
                return False
        return True

    def _unchanged(self, exprs: Iterable[Expr], uses: _Uses, known: Known) -> bool:
        """Return whether expressions are the same before and after a step, in the same words."""
        there = known & ~uses.changed | uses.then
        for expr in exprs:
            if reads(expr).isdisjoint(uses.gives):
                continue
            after = self.known.assuming(expr, there)
            if not reads(after).isdisjoint(uses.gives) or after != self.known.assuming(
                expr, known
            ):
                return False
        return True

    def _states(
        self, exprs: Sequence[Expr], known: Known
    ) -> Iterator[dict[Read, int]] | None:
        """Return all values that what expressions read can have; None where they are too many."""
        return self.known.states(frozenset().union(*map(reads, exprs)), known, MOST)

    def _independent(self, step: Transition, number: int, other: int, known: Known) -> bool:
        """Return whether a step may as well be taken before somebody else's."""
        one = self.machine.transitions[other]
        assert step.pc is not None
        ours, theirs = self.uses[number], self.uses[other]
        touched = (ours.gives.keys() & (theirs.looked | theirs.gives.keys())) | (
            theirs.gives.keys() & ours.looked)
        if any(read.fact.question for read in touched):
            return False
        if one.pc is not None:
            known &= self.known.at(one.pc, one.src)
        if theirs.gives.keys().isdisjoint(ours.looked | ours.gives.keys()) and self._unchanged(
            (one.when, *theirs.gives.values(),
             *(when for _, when, _ in self.at_step.get(other, ()))), ours, known
        ):
            return True
        compared = {
            target for target in {**ours.gives, **theirs.gives}
            if (target in ours.gives and target in theirs.gives)
            or (target in ours.gives and reads(ours.gives[target]) & theirs.gives.keys())
            or (target in theirs.gives
                and (one.pc is None or reads(theirs.gives[target]) & ours.gives.keys()))
        }
        our_rules = [when for _, when, _ in self.at_step.get(number, ())
                    if reads(when) & theirs.gives.keys()]
        their_rules = [(when, waived) for _, when, waived in self.at_step.get(other, ())
                       if one.pc is None or reads(when) & ours.gives.keys()]
        exprs = [step.when, one.when, *our_rules, *(when for when, _ in their_rules), *compared]
        # what the one gives may be what the other computes with, and not what it compares
        looked: set[Read] = set().union(*map(reads, exprs), *(
            reads(gives[target]) for target in compared for gives in (ours.gives, theirs.gives)
            if target in gives))
        our = {target: value for target, value in ours.gives.items() if target in looked}
        their = {target: value for target, value in theirs.gives.items() if target in looked}
        states = self._states([*exprs, *our.values(), *their.values()], known)
        return states is not None and all(
            _commute(state, (step.when, our), (one.when, their), our_rules, their_rules, compared,
                     one.pc is None)
            for state in states
        )


def _bits(some: int) -> Iterator[int]:
    while some:
        yield (some & -some).bit_length() - 1
        some &= some - 1


def _after(state: Mapping[Read, int], gives: Mapping[Read, Expr]) -> dict[Read, int]:
    changed = {
        target: evaluate(value, state) for target, value in gives.items() if target in state
    }
    return {**state, **changed}


_Step = tuple[Expr, Mapping[Read, Expr]]


def _commute(
    state: Mapping[Read, int], ours: _Step, theirs: _Step, our_rules: Sequence[Expr],
    their_rules: Sequence[tuple[Expr, bool]], compared: set[Read], outside: bool,
) -> bool:
    """Return whether two steps lead to the same in either order, from one state.

    `ours` is the one to be taken at once, `theirs` of another process, or of the environment where
    `outside`. One of the environment need not be possible afterwards, if taking ours first gives
    the same state without it.
    """
    if not evaluate(theirs[0], state):
        return True
    can = bool(evaluate(ours[0], state))
    then = _after(state, theirs[1])
    if bool(evaluate(ours[0], then)) != can:
        return False
    if not can:
        return True
    if any(evaluate(rule, then) and not evaluate(rule, state) for rule in our_rules):
        return False
    first = _after(state, ours[1])
    last = _after(then, ours[1])
    if evaluate(theirs[0], first):
        both = _after(first, theirs[1])
        if all(both[read] == last[read] for read in compared):
            for rule, waived in their_rules:
                before, after = bool(evaluate(rule, state)), bool(evaluate(rule, first))
                if before != after and (before or not waived):
                    return False
            return True
    return outside and all(first[read] == last[read] for read in compared) and not any(
        evaluate(rule, state) for rule, _ in their_rules
    )
