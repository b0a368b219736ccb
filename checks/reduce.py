# SPDX-License-Identifier: GPL-2.0-only
"""Which steps of a process may be taken at once, before anybody else moves.

Such a step commutes with every step that others can take before it, and no rule can tell the
states around it apart. Every cycle of a process leads through IDLE or RUNNING, where it is
never taken at once, so nothing is put off for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from checks.machine import IDLE, RUNNING, Machine, Transition
from generator.expr import Bin, Expr, Not, Num, Pick, Read, folded, reads

Place = tuple[Read | None, int]  # a process, by its counter, and where it is
Sets = dict[Read, set[Read | None]]


@dataclass
class _Uses:
    """Who reads and writes each variable, and what looks at it."""

    readers: Sets = field(default_factory=dict)
    writers: Sets = field(default_factory=dict)
    whens: dict[Read, list[tuple[Read | None, Expr]]] = field(default_factory=dict)
    values: dict[Read, list[tuple[Read | None, Expr]]] = field(default_factory=dict)
    states: dict[Read, list[Expr]] = field(default_factory=dict)


def local(
    machine: Machine, groups: Mapping[Place, Sequence[int]],
    at_step: Mapping[int, Sequence[Expr]], in_states: Sequence[Expr], never: Sequence[Expr],
) -> frozenset[Place]:
    """Return the places whose steps may be taken at once; rules are given as conditions.

    `never` are those of `in_states` behind which the search does not go on.
    """
    uses = _uses(machine, at_step, in_states)
    constants: dict[Read, dict[int, Mapping[Read, int]]] = {}
    found = set()
    for (pc, src), members in groups.items():
        if pc is None or src in (IDLE, RUNNING):
            continue
        if pc not in constants:
            constants[pc] = _constants(machine, pc, uses, never)
        known = constants[pc].get(src, {})
        if all(
            _alone(machine.transitions[number], pc, at_step.get(number, ()), uses, known)
            for number in members
        ):
            found.add((pc, src))
    return frozenset(found)


def _uses(
    machine: Machine, at_step: Mapping[int, Sequence[Expr]], in_states: Sequence[Expr]
) -> _Uses:
    uses = _Uses()
    for number, one in enumerate(machine.transitions):
        for read in reads(one.when):
            uses.readers.setdefault(read, set()).add(one.pc)
            uses.whens.setdefault(read, []).append((one.pc, one.when))
        for value in (*(value for _, value in one.gives), *at_step.get(number, ())):
            for read in reads(value):
                uses.readers.setdefault(read, set()).add(one.pc)
                uses.values.setdefault(read, []).append((one.pc, value))
        for target, _ in one.gives:
            uses.writers.setdefault(target, set()).add(one.pc)
    for when in in_states:
        for read in reads(when):
            uses.states.setdefault(read, []).append(when)
    return uses


def _alone(
    one: Transition, pc: Read, rules: Sequence[Expr], uses: _Uses,
    known: Mapping[Read, int],
) -> bool:
    """Return whether a step reads what nobody else writes, and nobody minds what it writes."""
    mine = {pc}
    looked = set(reads(one.when)).union(
        *(reads(value) for _, value in one.gives), *(reads(rule) for rule in rules)
    )
    if any(not uses.writers.get(read, set()) <= mine for read in looked):
        return False
    changed = frozenset(target for target, _ in one.gives)
    if any(not uses.writers[target] <= mine for target in changed):
        return False
    after = {read: value for read, value in known.items() if read not in changed}
    after |= {target: value.value for target, value in one.gives
              if isinstance(value, Num) and not target.fact.question}
    return all(_unminded(target, changed, pc, uses, known, after) for target in changed - mine)


def _unminded(
    target: Read, changed: frozenset[Read], pc: Read, uses: _Uses,
    before: Mapping[Read, int], after: Mapping[Read, int],
) -> bool:
    """Return whether whoever looks at a fact sees the same before and after a step.

    The process is where it is as long as it has not taken the step, so its own variables are
    what they are there. What could not happen before may be what the step enables: it could
    not have come first.
    """

    def same(expr: Expr) -> bool:
        was = assuming(expr, before)
        return was == assuming(expr, after) and not reads(was) & changed

    return all(
        assuming(when, before) == Num(0) or same(when)
        for who, when in uses.whens.get(target, ()) if who != pc
    ) and all(
        same(expr)
        for expr in (
            *(expr for who, expr in uses.values.get(target, ()) if who != pc),
            *uses.states.get(target, ()),
        )
    )


def _constants(
    machine: Machine, pc: Read, uses: _Uses, never: Sequence[Expr]
) -> dict[int, Mapping[Read, int]]:
    """Return, per place of a process, those of its own variables that have one value there.

    Where its driver is unbound, what a rule says is not left behind is 0: or else the search
    ends there.
    """
    own = {
        read for read, who in uses.writers.items()
        if who <= {pc} and read != pc and not read.fact.question
    }
    steps: dict[int, list[Transition]] = {}
    for one in machine.transitions:
        if one.pc == pc:
            steps.setdefault(one.src, []).append(one)
    found: dict[int, Mapping[Read, int]] = {IDLE: dict.fromkeys(own, 0)}
    todo = [IDLE]
    while todo:
        src = todo.pop()
        for one in steps.get(src, ()):
            gives = dict(one.gives)
            goes = gives.get(pc, Num(src))
            assert isinstance(goes, Num)
            there = {read: value for read, value in found[src].items() if read not in gives}
            there |= {read: value.value for read, value in one.gives
                      if isinstance(value, Num) and read in own}
            old = found.get(goes.value)
            new = there if old is None else {
                read: value for read, value in old.items() if there.get(read) == value
            }
            if goes.value == IDLE:
                new = {**new, **{
                    left.left: 0 for left in (assuming(expr, new) for expr in never)
                    if isinstance(left, Bin) and left.op == "!=" and left.right == Num(0)
                    and isinstance(left.left, Read) and left.left in own
                }}
            if new != old:
                found[goes.value] = new
                todo.append(goes.value)
    return found


def assuming(expr: Expr, values: Mapping[Read, int]) -> Expr:
    """Return an expression in which some facts have values, computed as far as that allows."""
    match expr:
        case Read():
            return Num(values[expr]) if expr in values else expr
        case Not(of=of):
            inner = assuming(of, values)
            return Num(int(not inner.value)) if isinstance(inner, Num) else Not(inner)
        case Pick(when=when, then=then, other=other):
            test = assuming(when, values)
            if isinstance(test, Num):
                return assuming(then if test.value else other, values)
            return Pick(test, assuming(then, values), assuming(other, values))
        case Bin(op=op, left=left, right=right):
            return folded(op, assuming(left, values), assuming(right, values))
    return expr
