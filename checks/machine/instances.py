# SPDX-License-Identifier: GPL-2.0-only
"""Instances of a design's devices, and expressions bound to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from generator.context import Context, opened
from generator.design import Design, Device, Driver
from generator.errors import NOWHERE, ModelError
from generator.expr import (
    EACH,
    FALSE,
    Bin,
    ChildrenOf,
    Expr,
    Fact,
    Not,
    Nth,
    Over,
    ParentOf,
    Pick,
    Place,
    Read,
    Role,
    Same,
    UsersOf,
    all_of,
    any_of,
    num,
)
from generator.facts import EXCLUSIVE, LEFT_ON, LIFE, PMU, SOURCE
from generator.meaning import fold
from generator.operation import Do
from generator.program import operations
from generator.reads import substitute


@dataclass(frozen=True)
class Inst:
    """One instance of a device."""

    device: Device
    index: int

    def __hash__(self) -> int:
        """Hash the name: states are full of these."""
        return hash((self.device.name, self.index))

    @cached_property
    def name(self) -> str:
        """Return the device's name, numbered where there are several."""
        if self.device.names:
            return self.device.names[self.index]
        return self.device.name if self.device.count == 1 else f"{self.device.name}{self.index}"


@dataclass(frozen=True)
class Own:
    """A context of a driver for one of its devices, and the number of its process."""

    driver: Driver
    inst: Inst
    context: Context
    number: int


@dataclass(frozen=True)
class System:
    """What belongs to no device."""

    name: str = "system"


SYSTEM = System()
TURN = Fact("turn", 0, "whose turn it is in what an episode does; 0 before it has begun")


class View:
    """The instances of a design, and expressions bound to them."""

    def __init__(self, design: Design) -> None:
        """Give each instance of every device its number."""
        self.design = design
        self.devres: Mapping[Inst, tuple[Read, ...]] = {}  # what says that an entry is on the list
        self.contexts: tuple[Own, ...] = ()  # what runs beside entry points, once it is queued
        self.messages: Mapping[Read, int] = {}  # on which a device signals, where there is one
        self.taken: Mapping[tuple[Inst, str], tuple[Read, ...]] = {}  # by a call, of a context
        self.episode = "plain"
        self.stages: Mapping[str, tuple[int, ...]] = {}  # of an episode: what TURN is in each
        self.instances = tuple(
            Inst(device, index) for device in design.devices for index in range(device.count)
        )
        self._of: dict[int, tuple[Place, tuple[Inst, ...]]] = {}  # by identity: asked all the time

    def of(self, place: Place) -> tuple[Inst, ...]:
        """Return the instances of a device."""
        found = self._of.get(id(place))
        if found is None:
            found = place, tuple(one for one in self.instances if one.device == place)
            self._of[id(place)] = found  # with the place itself: its identity stays its own
        return found[1]

    @cached_property
    def pci(self) -> tuple[Inst, ...]:
        """Return the PCI devices."""
        return tuple(one for one in self.instances if one.device.kind == "pci")

    def closed(self, inst: Inst) -> Expr:
        """Return that no file of a device is open whose close gives back what is left by then."""
        files = [own.context for own in self.contexts if own.inst == inst and own.context.has_close]
        return all_of(*(fact.eq(0) for one in files
                        for fact in (opened(one.name)(inst), one.runs(inst))))

    def parent(self, inst: Inst) -> Inst:
        """Return the instance that an instance was created under."""
        if inst.device.parent is None:
            return inst
        return self.of(inst.device.parent)[0]

    def listed_at(self, inst: Inst) -> Inst:
        """Return on whose devres list goes what is of an instance: of a part on its device's."""
        return self.parent(inst) if inst.device.kind == "part" else inst

    def root(self, inst: Inst) -> Inst:
        """Return the instance without a parent that an instance is below, or is itself."""
        while (above := self.parent(inst)) != inst:
            inst = above
        return inst

    def children(self, inst: Inst) -> tuple[Inst, ...]:
        """Return the instances created under an instance."""
        return tuple(
            one for one in self.instances if one.device.parent == inst.device
        )

    @cached_property
    def operations(self) -> tuple[Do, ...]:
        """Return all that the drivers of the design do, in the order of the text."""
        return tuple({
            id(do): do for driver in self.design.drivers for block in driver.blocks().values()
            for do in operations(block)
        }.values())

    @cached_property
    def given(self) -> frozenset[Fact]:
        """Return the facts that the drivers of the design give by themselves."""
        return frozenset(
            give.target.fact
            for do in self.operations for way in do.op.outcomes for give in way.gives
        )

    def counting(self, inst: Inst) -> tuple[Inst, ...]:
        """Return the parts of a device that have a PMU each."""
        given = {
            place.of if isinstance(place, Nth) else place
            for do in self.operations if do.op.gives(PMU) for place in do.places
        }
        return tuple(one for one in self.children(inst)
                     if one.device in self.parts and one.device in given)

    @cached_property
    def _sources(self) -> frozenset[Place]:
        given = (
            do.binding[one.target.of.name] if one.each is None and isinstance(one.target.of, Role)
            else EACH
            for do in self.operations for way in do.op.outcomes for one in way.gives
            if one.target.fact in (SOURCE, PMU) and one.value != num(0)
        )
        return frozenset(place.of if isinstance(place, Nth) else place for place in given)

    def says_source(self, inst: Inst) -> bool:
        """Return whether the design says when a device may raise its interrupt, if only by a PMU.

        Where it does not, it may whenever somebody listens.
        """
        return not self._sources.isdisjoint((inst.device, EACH))

    def left_on(self, inst: Inst) -> bool:
        """Return whether a device on an irq of its own may raise it before its driver says so."""
        says = any(fact == LEFT_ON and "yes" in names for fact, names in inst.device.answers)
        return says and any(
            num(0) in do.params and do.op.gives(EXCLUSIVE) and "shared" in do.op.params
            and inst.device in do.places for do in self.operations)

    @cached_property
    def parts(self) -> frozenset[Device]:
        """Return the devices that nobody creates or binds: what stands for a part of its parent."""
        created = {
            place.of if isinstance(place, Nth) else place
            for driver in self.design.drivers for block in driver.blocks().values()
            for do in operations(block) if do.op.gives(LIFE) for place in do.places
        }
        return frozenset(
            one for one in self.design.devices
            if one.parent is not None and one.kind != "service" and one not in created
            and not self.design.drivers_of(one)
        )

    def cores(self) -> tuple[Inst, ...]:
        """Return the PCI core, where the design lets it do something before a driver binds."""
        return tuple(one for one in self.instances if one.device.kind == "core")

    def during(self, *stages: str) -> Expr:
        """Return whether an episode is in one of some stages; in others than these, FALSE."""
        turns = [turn for stage in stages for turn in self.stages.get(stage, ())]
        return TURN(SYSTEM).among(*turns) if turns else FALSE

    def users(self, inst: Inst) -> tuple[Inst, ...]:
        """Return an instance and everything below it."""
        return (inst, *(u for child in self.children(inst) for u in self.users(child)))

    def resolve(self, place: Place, substitution: Mapping[Place, Place]) -> Place:
        """Return the instance that a device means under a substitution."""
        match place:
            case Inst() | System():
                return place
            case Nth(of=of, index=index):
                return self.of(of)[index]
            case ParentOf(of=of):
                inner = self.resolve(of, substitution)
                assert isinstance(inner, Inst)
                return self.parent(inner)
            case ChildrenOf(of=of):
                return ChildrenOf(self.resolve(of, substitution))
            case UsersOf(of=of):
                return UsersOf(self.resolve(of, substitution))
        if place in substitution:
            meant = substitution[place]
            return self.resolve(meant, substitution) if meant != place else place
        if place == EACH:
            return place
        candidates = self.of(place)
        return candidates[0] if len(candidates) == 1 else place

    def bind(self, expr: Expr, substitution: Mapping[Place, Place]) -> Expr:
        """Return an expression with instances in place of devices, quantifiers expanded."""
        return self._expand(substitute(expr, lambda place: self.resolve(place, substitution)))

    def _expand(self, expr: Expr) -> Expr:
        match expr:
            case Read(fact=fact, of=of) if not isinstance(of, Inst | System) and of != EACH:
                raise ModelError(
                    NOWHERE, f"{fact.name} of {of.name}: not one device; use Each or Over"
                )
            case Bin(op=op, left=left, right=right):
                return fold(Bin(op, self._expand(left), self._expand(right)))
            case Pick(when=when, then=then, other=other):
                return fold(Pick(self._expand(when), self._expand(then), self._expand(other)))
            case Over(kind=kind, range=range_, body=body):
                parts = [
                    self.bind(body, {EACH: inst}) for inst in self.range(range_)
                ]
                return _join(kind, parts)
            case Not(of=of):
                return fold(Not(self._expand(of)))
            case Same(left=Inst() as one, right=Inst() as other):
                return num(int(one == other))
        return expr

    def range(self, place: Place) -> tuple[Inst, ...]:
        """Return the instances that a quantifier ranges over."""
        match place:
            case ChildrenOf(of=Inst() as inst):
                return self.children(inst)
            case UsersOf(of=Inst() as inst):
                return self.users(inst)
            case Inst():
                return (place,)
        return self.of(place)


def _join(kind: str, parts: Sequence[Expr]) -> Expr:
    if kind == "any":
        return fold(any_of(*parts))
    if kind == "all":
        return fold(all_of(*parts))
    result: Expr = num(0)
    for part in parts:
        result = Bin("max", result, part)
    return result
