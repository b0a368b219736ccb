# SPDX-License-Identifier: GPL-2.0-only
"""A design as a machine: variables, processes and transitions, all of it still data.

The driver core's own steps are added here, for they belong to no design: see entry_points.py and
environment.py. Explorer, oracle and SPIN are built from this one value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from checks.machine.contexts import add_contexts, contexts_of
from checks.machine.dangling import note_dangling
from checks.machine.devres import devres_lists
from checks.machine.entry_points import EntryPoints, end_locals
from checks.machine.environment import environment
from checks.machine.episode import EPISODES, PLAIN
from checks.machine.forced import with_forced
from checks.machine.in_flight import let_go_on
from checks.machine.instances import Inst, View
from checks.machine.lock_owners import takes_locks
from checks.machine.messages import first_messages
from checks.machine.questions import OPEN_QUESTION
from checks.machine.schedule import schedule
from checks.machine.step import Build, Transition
from generator.design import Design
from generator.errors import ModelError
from generator.expr import Expr, Fact, Num, Place, Read, maximum, minimum, num
from generator.reads import reads


@dataclass(frozen=True)
class Machine:
    """Variables and transitions; `given` are questions answered beforehand.

    Questions of `chosen` facts are answered where a search begins, for all of it.
    """

    design: Design
    view: View
    variables: tuple[Read, ...]
    tops: Mapping[Read, int]
    transitions: tuple[Transition, ...]
    given: Mapping[Read, int]
    chosen: frozenset[Fact] = frozenset()


def build(
    design: Design, episode: str = PLAIN, chosen: frozenset[Fact] = frozenset()
) -> Machine:
    """Return the machine of a design, in one of the episodes.

    Errors: ModelError where devices or unwinding do not add up.
    """
    view = View(with_forced(design))
    lived = EPISODES[episode]
    processes = [
        (driver, inst)
        for driver in view.design.drivers
        for inst in view.of(driver.device)
        if inst.device.kind != "service"
    ]
    made = Build(view, lived, devres_lists(view, processes))
    made.locks = takes_locks(driver for driver, _ in processes)
    view.devres = {
        inst: tuple(held.noted for held in entries) for inst, entries in made.devres.items()
    }
    made.turns = schedule(lived, processes)
    view.episode, view.stages = lived.name, made.turns.stages
    view.messages = first_messages(view)
    view.contexts = contexts_of(view, processes)
    for driver, inst in processes:
        EntryPoints(made, driver, inst).build()
    add_contexts(made, processes)
    note_dangling(made)
    end_locals(made)
    environment(made, processes)
    let_go_on(made)
    used: dict[Read, None] = {}
    for one in made.transitions:
        if one.pc is not None:
            used[one.pc] = None
        used.update(dict.fromkeys(reads(one.when)))
        for target, value in one.gives:
            used[target] = None
            used.update(dict.fromkeys(reads(value)))
    tops = {read: made.tops.get(read, read.fact.top) for read in used}
    plain = Machine(design, view, (), tops, tuple(made.transitions), {}, chosen)
    return with_variables(plain, used)


UNASKED = num(OPEN_QUESTION)  # set to this, other hardware may answer it next


def with_variables(machine: Machine, extra: Iterable[Read]) -> Machine:
    """Return a machine that has some variables more.

    Questions that the design does not answer beforehand are open again at the end of a
    port's life: what is bound next may be another port. The lives of all hardware meet
    where nothing is left, which R36 holds them to.
    """
    new = sorted({read for read in extra if read not in machine.variables}, key=attrgetter("key"))
    given = {**machine.given, **given_answers(machine.design, machine.view, new)}
    asked = [read for read in new if read.fact.question and read not in given
             and read.fact not in machine.chosen]
    variables = (*machine.variables, *new)
    return replace(
        machine,
        variables=tuple(sorted(variables, key=attrgetter("key"))),
        tops={**{read: read.fact.top for read in new}, **machine.tops},
        transitions=tuple(_other_hardware(one, asked) for one in machine.transitions),
        given=given,
    )


def within_range(machine: Machine) -> Machine:
    """Return a machine in which no step gives a fact more than its top, or less than 0.

    Behind a broken rule a count can grow for ever.
    """
    def kept(read: Read, value: Expr) -> Expr:
        if isinstance(value, Num | Read):
            return value
        return maximum(minimum(value, machine.tops[read]), 0)

    return replace(machine, transitions=tuple(
        one.changed(one.when, tuple((read, kept(read, value)) for read, value in one.gives))
        for one in machine.transitions
    ))


def _other_hardware(one: Transition, asked: Sequence[Read]) -> Transition:
    if not one.step.forgets or one.step.inst is None:
        return one
    mine = [read for read in asked if _root(read.of) == _root(one.step.inst)]
    return one.changed(one.when, (*one.gives, *((read, UNASKED) for read in mine)))


def _root(place: Place) -> Place | None:
    while isinstance(place, Inst) and place.device.parent is not None:
        place = Inst(place.device.parent, 0)
    return place


def given_answers(design: Design, view: View, used: Iterable[Read]) -> dict[Read, int]:
    """Return the questions that a design answers beforehand, of those that are used.

    Errors: ModelError for an answer that there is not.
    """
    found: dict[Read, int] = dict(view.messages)
    for key, value in design.given.items():
        fact, device = key if isinstance(key, tuple) else (key, None)
        if value not in fact.values:
            raise ModelError(
                design.where,
                f"{fact.name} cannot be {value!r}: one of {', '.join(fact.values)}"
            )
        for inst in view.instances:
            if device is None or inst.device == device:
                found[fact(inst)] = fact.values.index(value)
    wanted = set(used)
    return {read: value for read, value in found.items() if read in wanted}
