# SPDX-License-Identifier: GPL-2.0-only
"""Liveness: a variable is set to 0 where no later step reads it, so that equal states merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from checks.machine.machine import UNASKED, Machine
from checks.machine.questions import answers, questions
from checks.machine.step import IDLE, RUNNING, Transition
from checks.search.machine_as_c import Watch
from generator.expr import Expr, Num, Pick, Read, num
from generator.meaning import assuming, fold_known
from generator.reads import reads


def forget(
    machine: Machine, watches: Sequence[Watch], kept: frozenset[Read] = frozenset()
) -> Machine:
    """Return the machine with every variable set to 0 where it is dead.

    A variable is dead at a place of a process when each way from there writes it before reading
    it. It qualifies when that process alone reads and writes it and no rule looks at it in every
    state.
    Facts that are always 0, or that nothing looks at, go first, and so do questions with one
    answer only: they become numbers. What is `kept` is looked at wherever a process is at rest.
    """
    machine = answered_before(machine)
    watches = with_answers(machine, watches)
    machine = _looked_at(_without_constants(machine), watches, kept)
    known = frozenset(machine.variables)
    watched: set[Read] = set()
    at_step: dict[int, set[Read]] = {}
    for watch in watches:
        when = fold_known(watch.when, known)
        found = reads(when).union(questions([when], known))
        if watch.at is None:
            watched |= found
        else:
            at_step.setdefault(watch.at, set()).update(found)
    users: dict[Read, set[Read | None]] = {}
    for number, one in enumerate(machine.transitions):
        for read in _read(one, known) | at_step.get(number, set()):
            users.setdefault(read, set()).add(one.pc)
        for target, value in one.gives:
            if not (target.fact.question and value == UNASKED):
                users.setdefault(target, set()).add(one.pc)
    mine: dict[Read, list[Read]] = {}
    for read, who in users.items():
        pc = next(iter(who))
        if (len(who) == 1 and pc is not None and read not in watched and read != pc
                and read.fact not in machine.chosen):
            mine.setdefault(pc, []).append(read)
    live = {
        pc: _liveness(machine, pc, names, at_step, known, kept) for pc, names in mine.items()
    }
    return replace(
        machine, transitions=tuple(_cleared(one, mine, live) for one in machine.transitions)
    )


def answered_before(machine: Machine) -> Machine:
    """Return the machine with the questions that have one answer only as numbers.

    They are among its `given` still, and none of its variables.
    """
    given = dict(machine.given)
    asked = [read for read in machine.variables if read.fact.question and read not in given
             and read.fact not in machine.chosen]
    for read in sorted(asked, key=lambda one: one.fact.needs is not None):
        under = None if read.fact.needs is None else read.fact.needs[0](read.of)
        if under in given and read.fact.needs is not None:
            possible = answers(read) if given[under] in read.fact.needs[1] else (0,)
        else:  # where it makes no sense, 0 is the answer
            possible = answers(read) if under not in machine.variables else (0, *answers(read))
        if len(set(possible)) == 1:
            given[read] = possible[0]
    return replace(
        machine,
        given=given,
        variables=tuple(read for read in machine.variables if read not in given),
        transitions=tuple(
            one.changed(assuming(one.when, given), tuple(
                (target, assuming(value, given)) for target, value in one.gives
                if target not in given
            ))
            for one in machine.transitions
        ),
    )


def with_answers(machine: Machine, watches: Sequence[Watch]) -> tuple[Watch, ...]:
    """Return the conditions of rules with what a machine's hardware answers in any case."""
    return tuple(one.assuming(machine.given) for one in watches)


def _without_constants(machine: Machine) -> Machine:
    """Return the machine without the facts that no step ever gives another value than 0."""
    pcs = {one.pc for one in machine.transitions}
    known = frozenset(
        read for read in machine.variables if read.fact.question or read in pcs
    )
    changed = True
    while changed:
        changed = False
        for one in machine.transitions:
            for target, value in one.gives:
                if target not in known and not _zero(fold_known(value, known)):
                    known |= {target}
                    changed = True
    return replace(
        machine,
        variables=tuple(read for read in machine.variables if read in known),
        transitions=tuple(
            one.changed(fold_known(one.when, known), tuple(
                (target, fold_known(value, known)) for target, value in one.gives
                if target in known
            ))
            for one in machine.transitions
        ),
    )


def _zero(expr: Expr) -> bool:
    match expr:
        case Num(value=value):
            return value == 0
        case Pick(then=then, other=other):
            return _zero(then) and _zero(other)
    return False


def _looked_at(
    machine: Machine, watches: Sequence[Watch], kept: frozenset[Read]
) -> Machine:
    """Return the machine in which only what a condition or a rule depends on is kept up."""
    known = frozenset(machine.variables)
    conditions = [fold_known(watch.when, known) for watch in watches]
    conditions += [one.when for one in machine.transitions]
    needed: set[Read] = {one.pc for one in machine.transitions if one.pc is not None}
    needed |= kept & known
    needed = needed.union(questions(conditions, known), *(reads(expr) for expr in conditions))
    changed = True
    while changed:
        more = [
            value for one in machine.transitions for target, value in one.gives if target in needed
        ]
        wider = needed.union(questions(more, known), *(reads(value) for value in more))
        changed, needed = wider != needed, wider
    return replace(machine, transitions=tuple(
        one.changed(one.when, tuple(give for give in one.gives if give[0] in needed))
        for one in machine.transitions
    ))


def _read(one: Transition, known: frozenset[Read]) -> set[Read]:
    """Return what a step reads: questions come with those that they make sense under."""
    exprs = [one.when, *(value for _, value in one.gives)]
    return set().union(*(reads(expr) for expr in exprs), questions(exprs, known))


def _liveness(
    machine: Machine, pc: Read, names: Sequence[Read], at_step: Mapping[int, set[Read]],
    known: frozenset[Read], kept: frozenset[Read],
) -> dict[int, frozenset[Read]]:
    """Return, per place of a process, which of `names` may be read before being written."""
    candidates = frozenset(names)
    steps: list[tuple[int, int, frozenset[Read], frozenset[Read]]] = []
    for number, one in enumerate(machine.transitions):
        if one.pc == pc:
            used = frozenset(_read(one, known) | at_step.get(number, set())) & candidates
            killed = frozenset(target for target, _ in one.gives) & candidates
            steps.append((one.src, one.ends_at(), used, killed))
    live = dict.fromkeys(resting(machine, pc), candidates & kept)
    changed = True
    while changed:
        changed = False
        for src, dst, used, killed in reversed(steps):
            now = live.get(src, frozenset()) | used | (live.get(dst, frozenset()) - killed)
            if now != live.get(src, frozenset()):
                live[src] = now
                changed = True
    return live


def resting(machine: Machine, pc: Read) -> frozenset[int]:
    """Return the places where a process waits: unbound, bound, or at its very end."""
    mine = [one for one in machine.transitions if one.pc == pc]
    ends = {one.ends_at() for one in mine}
    return frozenset({IDLE, RUNNING} | (ends - {one.src for one in mine}))


def _cleared(
    one: Transition, mine: Mapping[Read, Sequence[Read]],
    live: Mapping[Read, Mapping[int, frozenset[Read]]],
) -> Transition:
    dst = one.goes_to()
    if one.pc is None or one.pc not in mine or dst is None:
        return one
    needed = live[one.pc].get(dst, frozenset())
    dead = [read for read in mine[one.pc] if read not in needed]
    zero: dict[Read, Expr] = {read: UNASKED if read.fact.question else num(0) for read in dead}
    kept = [(target, value) for target, value in one.gives if target not in zero]
    return one.changed(one.when, (*kept, *zero.items()))
