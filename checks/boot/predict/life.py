# SPDX-License-Identifier: GPL-2.0-only
"""What a design predicts on one hardware: a life without faults, walked through its machine.

    life = start(design, answers)
    life = bind(life, life.inst("port"))      facts after the probe, in every way it can go well

Nothing of the explorer is used but the machine: a step is taken by the meaning of the language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from checks.machine.instances import Inst
from checks.machine.machine import Machine, build
from checks.machine.questions import asked_under
from checks.machine.step import IDLE, RUNNING, Kind, Transition
from generator.design import Design
from generator.errors import ModelError
from generator.expr import Expr, Fact, Read
from generator.facts import BOUND, FAULTED, PHASE
from generator.meaning import evaluate, fold_known

State = Mapping[Read, int]
Answers = Mapping[tuple[str, str], str]  # (device, question) -> one of its values


@dataclass(frozen=True)
class Life:
    """A machine on hardware that has answered every question, and where its drivers are."""

    machine: Machine
    states: tuple[State, ...]

    def inst(self, name: str) -> Inst | None:
        """Return the instance of a name, None where the design has none."""
        return next((one for one in self.machine.view.instances if one.name == name), None)

    def values(self, fact: Fact, inst: Inst) -> frozenset[int]:
        """Return what a fact of a device can be, 0 where the machine does not have it."""
        return frozenset(state.get(fact(inst), 0) for state in self.states)

    def having(self, fact: Fact, inst: Inst, value: int) -> Life:
        """Return this life with a fact of a device as it may become."""
        read = fact(inst)
        return Life(self.machine, tuple({**state, read: value} for state in self.states
                                        if read in state))

    def holds(self, expr: Expr) -> bool:
        """Return whether an expression over instances holds however it came to this."""
        known = frozenset(self.machine.variables)
        return all(bool(evaluate(fold_known(expr, known), state)) for state in self.states)


def start(design: Design, answers: Answers) -> Life:
    """Return a design before anything is bound, on the hardware that gives these answers.

    Errors: ModelError for a question that nobody answers, or an answer that it does not have.
    """
    machine = build(design)
    state = dict.fromkeys(machine.variables, 0)
    questions = [read for read in machine.variables if read.fact.question]
    for read in questions:
        state[read] = _answer(design, machine, read, answers)
    known = frozenset(machine.variables)
    for read in questions:
        under = asked_under(read, known)
        if under is not None and read.fact.needs is not None \
                and state[under] not in read.fact.needs[1]:
            state[read] = 0  # a question that makes no sense has the first answer
    return Life(machine, (state,))


def _answer(design: Design, machine: Machine, read: Read, answers: Answers) -> int:
    if read in machine.given:
        return machine.given[read]
    said = answers.get((read.of.name, read.fact.name), answers.get(("", read.fact.name)))
    if said is None:
        raise ModelError(
            design.where,
            f"{design.name}: the lab's hardware does not say {read.fact.name} of {read.of.name}"
        )
    if said not in read.fact.values:
        raise ModelError(
            design.where, f"{read.fact.name} cannot be {said!r}: {', '.join(read.fact.values)}"
        )
    return read.fact.values.index(said)


def bind(life: Life, inst: Inst, driver: str = "") -> Life:
    """Return a life after a driver's probe went as it goes when nothing fails."""
    return _walk(life, inst, driver, Kind.BIND, RUNNING)


def unbind(life: Life, inst: Inst, driver: str = "") -> Life:
    """Return a life after a driver was unbound."""
    return _walk(life, inst, driver, Kind.UNBIND, IDLE)


def can_unbind(life: Life, inst: Inst) -> bool:
    """Return whether a user could unbind a device's driver, or remove its module, now."""
    return any(
        one.step.kind is Kind.UNBIND and one.step.inst == inst and _may(one, state)
        for one in life.machine.transitions for state in life.states if one.pc is not None
    )


def bound(life: Life, inst: Inst) -> bool:
    """Return whether a device's driver is bound to it."""
    return life.values(PHASE, inst) == {BOUND}


def _walk(life: Life, inst: Inst, driver: str, first: Kind, end: int) -> Life:
    """Take the steps of one process, from one of a kind to a place; others do nothing."""
    mine = [
        one for one in life.machine.transitions
        if one.step.inst == inst and one.pc is not None and one.pc.of == inst
        and (not driver or (one.step.driver is not None and one.step.driver.name == driver))
        and not one.step.fault and not one.step.context
    ]
    begins = [one for one in mine if one.step.kind is first]
    found: dict[tuple[int, ...], State] = {}
    for state in life.states:
        after = [_taken(one, state) for one in begins if _may(one, state)]
        for reached in _reached(mine, after, end):
            # Nothing but the end of a port's life changes what hardware answers.
            whole = {read: state[read] if read.fact.question else value
                     for read, value in reached.items()}
            found[tuple(whole.values())] = whole
    ended = tuple(found.values()) or life.states
    # Conditions that the model leaves open go both ways; what is refused for one of them is not
    # what becomes of hardware on which nothing is wrong.
    fine = [one for one in ended if not one.get(FAULTED(inst), 0) and one[PHASE(inst)] == BOUND]
    if end != RUNNING or not fine:
        return Life(life.machine, ended)
    # The lab's kernels have the driver of every service.
    most = max(map(_bound, fine))
    return Life(life.machine, tuple(one for one in fine if _bound(one) == most))


def _bound(state: State) -> int:
    return sum(read.fact == PHASE and value == BOUND for read, value in state.items())


def _reached(mine: list[Transition], after: list[State], end: int) -> Iterable[State]:
    """Yield every state at the end of a driver's entry point, refused ones included."""
    todo, seen = list(after), set()
    while todo:
        state = todo.pop()
        key = tuple(state.values())
        if key in seen:
            continue
        seen.add(key)
        places = {one.pc: state[one.pc] for one in mine if one.pc is not None}
        if all(place in (end, IDLE) for place in places.values()):
            yield state
            continue
        todo += [_taken(one, state) for one in mine if _may(one, state)]


def _may(one: Transition, state: State) -> bool:
    assert one.pc is not None
    return state[one.pc] == one.src and bool(evaluate(one.when, state))


def _taken(one: Transition, state: State) -> State:
    return {**state, **{read: evaluate(value, state) for read, value in one.gives}}
