# SPDX-License-Identifier: GPL-2.0-only
"""What can be true of a design while nothing in it is on its way, and on which hardware.

Two designs that do the same come to the same facts whenever every driver is at rest: not probing,
not being removed, in none of its callbacks. What is true in between is left out, and so is what
only their own bookkeeping knows: program counters, local variables, devres lists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from checks.machine.episode import PLAIN
from checks.machine.instances import SYSTEM, TURN, View
from checks.machine.machine import Machine, build
from checks.search.explore import STATES
from checks.search.liveness import forget, resting
from checks.search.machine_as_c import Field
from checks.search.native import Part, Stay
from checks.search.search import Search
from generator.design import Design
from generator.expr import Expr, Read, all_of

Hardware = Mapping[Read, int]  # what was answered; everything else is possible


@dataclass(frozen=True)
class Rests:
    """Every state at rest of one episode, by the identity of its facts, then of its hardware.

    An identity is the same in every machine; the number is that of a state of `search`, whose
    steps are those of `machine`.
    """

    machine: Machine
    search: Search
    found: Mapping[int, Mapping[int, int]]
    complete: bool
    facts: tuple[Read, ...]
    questions: tuple[Read, ...]
    moments: Mapping[int, str]
    places: Mapping[Read, frozenset[int]]

    def values(self) -> dict[int, dict[Read, int]]:
        """Return, per identity of facts, those that are not 0."""
        fields = [(read, one.shift, one.mask) for read in self.facts
                  if (one := self.search.packed.fields[read])]
        found = {}
        for facts, some in self.found.items():
            state = self.search.library.state(next(iter(some.values())))
            found[facts] = {
                read: value for read, shift, mask in fields if (value := state >> shift & mask)
            }
        return found

    def resting(self) -> Expr:
        """Return what holds of the machine's counters where it is at rest."""
        turn = TURN(SYSTEM)
        expr = all_of(*(pc.among(*sorted(places)) for pc, places in self.places.items()))
        return expr & turn.among(*self.moments) if turn in self.machine.variables else expr

    def hardware(self, number: int) -> dict[Read, int]:
        """Return what hardware has answered in a state; everything else is possible."""
        state = self.search.library.state(number)
        found = {read: self.search.packed.value(state, read) for read in self.questions}
        return {read: value for read, value in found.items() if value is not None}

    def moment(self, number: int) -> str:
        """Return when in its episode a state is."""
        turn = TURN(SYSTEM)
        if turn not in self.search.packed.fields:
            return ""
        value = self.search.packed.value(self.search.library.state(number), turn)
        return self.moments[value or 0]


def kept_of(machine: Machine, *, hardware: bool) -> frozenset[Read]:
    """Return the variables of a machine that say something about devices, and about hardware."""
    bookkeeping = {one.pc for one in machine.transitions if one.pc is not None}
    bookkeeping |= {TURN(SYSTEM), *(read for held in machine.view.devres.values()
                                    for read in held)}
    return frozenset(
        read for read in machine.variables
        if read not in bookkeeping and not read.fact.local
        and (hardware or not read.fact.question)
    )


def moments_of(view: View) -> dict[int, str]:
    """Return the turns of an episode at which nothing is on its way: before, amidst, after."""
    found = {0: ""}
    if "off" in view.stages:
        found[view.stages["off"][0]] = f"amidst {view.episode}"
    last = max((turn for turns in view.stages.values() for turn in turns), default=0)
    return {**found, last: f"after {view.episode}"} if last else found


def rests(
    design: Design, episode: str = PLAIN, *, hardware: bool = False, states: int = STATES,
    seconds: float = 600.0,
) -> Rests:
    """Return every state at rest that a design comes to in an episode, whatever rules say.

    With `hardware`, also what was asked of it up to there: that takes several times as long.
    Errors: ModelError, EnvironmentFault without a compiler or memory.
    """
    whole = build(design, episode)
    kept = kept_of(whole, hardware=hardware)
    machine = forget(whole, (), kept)
    search = Search(machine, ())
    complete = search.run(machine.given, states=states, seconds=seconds)
    there = [read for read in machine.variables if read in kept]
    facts = tuple(read for read in there if not read.fact.question)
    asked = tuple(read for read in there if read.fact.question)
    moments = moments_of(whole.view)
    fields = search.packed.fields
    counters = dict.fromkeys(one.pc for one in machine.transitions if one.pc is not None)
    places = {pc: resting(machine, pc) for pc in counters}
    stays = [
        Stay(_part(pc, fields[pc]),
             bytes(int(value in some) for value in range(fields[pc].mask + 1)))
        for pc, some in places.items()
    ]
    if TURN(SYSTEM) in fields:
        stays.append(_turn(moments, fields[TURN(SYSTEM)]))
    found: dict[int, dict[int, int]] = {}
    for values, answered, number in search.library.rests(
        [_part(read, fields[read]) for read in facts],
        [_part(read, fields[read]) for read in asked], stays,
    ):
        found.setdefault(values, {}).setdefault(answered, number)
    return Rests(whole, search, found, complete, facts, asked, moments, places)


def _turn(moments: Mapping[int, str], field: Field) -> Stay:
    """Return how a turn is told: by its moment, for turns have other numbers in other designs."""
    order = sorted(moments)
    tells = {turn: 1 + int(turn != 0) + int(turn == order[-1]) for turn in order}
    return Stay(_part(TURN(SYSTEM), field),
                bytes(tells.get(value, 0) for value in range(field.mask + 1)))


def _part(read: Read, field: Field) -> Part:
    name = f"{read.of.name}.{read.fact.name}"
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return Part(field.word, field.within, field.mask, key)
