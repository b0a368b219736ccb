# SPDX-License-Identifier: GPL-2.0-only
"""How two designs compare: whether they come to the same facts at rest, or to which others."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from checks.machine.episode import EPISODES, PLAIN, episodes_of
from checks.machine.machine import build
from checks.search.explore import STATES, shown
from checks.search.machine_as_c import Watch
from checks.search.told import Shown
from checks.search.trace import replay, shortened
from checks.verdict.hardware_sets import Trees
from checks.verdict.rest import Hardware, Rests, rests
from generator.design import Design
from generator.expr import Read, all_of


@dataclass(frozen=True)
class Life:
    """A shortest way to facts that only one of two designs comes to."""

    when: str  # in its episode, "" for the plain one
    new: bool  # of the design that is compared, not of the one that it is compared with
    said: tuple[str, ...]  # what is otherwise than in the nearest state of the other
    trace: tuple[Shown, ...]
    hardware: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Likeness:
    """What a design comes to, beside another: the same facts on the same hardware, or not.

    `values` are single facts that only one of the two has; `lives` an example each way.
    """

    base: str
    complete: bool  # False: a budget ended it, and nothing is known
    hardware: bool = False  # the facts are the same, and it was looked on which hardware
    values: tuple[str, ...] = ()
    lives: tuple[Life, ...] = ()

    @property
    def same(self) -> bool:
        """Return whether all of it was compared, and nothing differs."""
        return self.complete and not self.values and not self.lives


def compare(
    design: Design, base: Design, *, hardware: bool = False, states: int = STATES,
    seconds: float = 600.0,
    rested: Callable[..., Rests] = rests,
) -> Likeness:
    """Return how the facts of a design at rest compare with those of another, on what it is given.

    With `hardware`, facts that are reached on other hardware are others: takes far longer.
    `rested` finds those of the other: for who compares many with one.
    Errors: ModelError, EnvironmentFault without a compiler or memory.

    >>> from generator.design import Device, Driver
    >>> from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE
    >>> port = Device("port", "pci")
    >>> driver = Driver("bare", port, (PCI_ENABLE_DEVICE(port),), (PCI_DISABLE_DEVICE(port),))
    >>> bare = Design("bare", "a port is enabled", (port,), (driver,))
    >>> left = replace(bare, drivers=(replace(driver, remove=()),))
    >>> compare(bare, bare).same
    True
    >>> compare(left, bare).values
    ('port.enabled is 2 or 3 now: pci_dev.enable_cnt that this driver holds',)
    """
    base = replace(base, given=design.given)
    until = time.monotonic() + seconds
    told = {*episodes_of(design), *episodes_of(base)}
    asked = [name for name in EPISODES if name in told and not identical(design, base, name)]
    asked.sort(key=lambda one: one == PLAIN)  # the largest comes last
    for also in (False, True)[:1 + hardware]:
        for name in asked:
            mine, theirs = (
                at(one, name, hardware=also, states=states, seconds=until - time.monotonic())
                for one, at in ((design, rests), (base, rested))
            )
            if not (mine.complete and theirs.complete):
                return Likeness(base.name, complete=False)
            found = _Both(mine, theirs)
            if found.differ():
                return replace(found.told(base.name), hardware=also)
    return Likeness(base.name, complete=True, hardware=hardware)


def differ(mine: Rests, theirs: Rests) -> bool:
    """Return whether one of two comes to facts that the other does not; for who needs no more."""
    return _Both(mine, theirs).differ()


def alike(design: Design, others: Sequence[Design]) -> Design | None:
    """Return the design of some that another is a variation of: the same devices and drivers.

    Of several, the one that it has most in common with.
    """
    shape = set(design.devices), {(one.name, one.device) for one in design.drivers}
    found = [one for one in others if shape == (
        set(one.devices), {(other.name, other.device) for other in one.drivers})]
    return max(found, default=None, key=lambda one: (
        sum(driver in one.drivers for driver in design.drivers),
        one.evidence == design.evidence, one.drawing == design.drawing,
    ))


def identical(design: Design, base: Design, episode: str) -> bool:
    """Return whether two machines take the same steps: then there is nothing to search."""
    one, other = build(design, episode), build(base, episode)
    return one.given == other.given and [
        (step.pc, step.src, step.when, step.gives) for step in one.transitions
    ] == [(step.pc, step.src, step.when, step.gives) for step in other.transitions]


class _Both:
    """What two designs come to in an episode."""

    def __init__(self, mine: Rests, theirs: Rests) -> None:
        self.mine, self.theirs = mine, theirs
        given = {**theirs.machine.given, **mine.machine.given}
        self.trees = Trees((*mine.questions, *theirs.questions), given)
        self.cubes: dict[int, Hardware] = {}
        self.built: dict[frozenset[int], int] = {}

    def differ(self) -> bool:
        """Return whether one of them comes to something that the other does not."""
        return any(next(self._only(one, other), None) is not None for one, other in self._ways())

    def told(self, base: str) -> Likeness:
        """Return what differs, in words."""
        mine, theirs = self.mine.values(), self.theirs.values()
        new, lost = _values(mine), _values(theirs)
        values = [f"{read} is never {said} any more: {read.fact.doc}"
                  for read, said in _by_fact(lost - new)]
        values += [f"{read} is {said} now: {read.fact.doc}"
                   for read, said in _by_fact(new - lost)]
        lives = [self._life(one, other, values_, others) for (one, other), values_, others in zip(
            self._ways(), (mine, theirs), (theirs, mine), strict=True)]
        return Likeness(base, complete=True, values=tuple(values),
                        lives=tuple(one for one in lives if one is not None))

    def _ways(self) -> tuple[tuple[Rests, Rests], ...]:
        return (self.mine, self.theirs), (self.theirs, self.mine)

    def _only(self, one: Rests, other: Rests) -> Iterator[tuple[int, int, Hardware]]:
        """Yield facts of one that the other has not, on some hardware: with a state and that."""
        for facts, mine in one.found.items():
            theirs = other.found.get(facts)
            if theirs is None:
                number = min(mine.values())
                yield facts, number, one.hardware(number)
            elif mine.keys() != theirs.keys():
                left = self.trees.beyond(self._tree(one, mine), self._tree(other, theirs))
                if left is not None:
                    yield facts, min(
                        number for number in mine.values()
                        if all(left.get(read, value) == value
                               for read, value in one.hardware(number).items())
                    ), left

    def _tree(self, one: Rests, some: Mapping[int, int]) -> int:
        for cube, number in some.items():
            if cube not in self.cubes:
                self.cubes[cube] = one.hardware(number)
        key = frozenset(some)
        if key not in self.built:
            self.built[key] = self.trees.of([self.cubes[cube] for cube in some])
        return self.built[key]

    def _life(
        self, one: Rests, other: Rests, values: Mapping[int, Mapping[Read, int]],
        others: Mapping[int, Mapping[Read, int]],
    ) -> Life | None:
        found = min(self._only(one, other), key=lambda some: some[1], default=None)
        if found is None:
            return None
        facts, number, hardware = found
        mine = values[facts]
        there = [others[these] for these, some in other.found.items() if any(
            all(hardware.get(read, value) == value for read, value in other.hardware(at).items())
            for at in some.values()
        )] if hardware else others.values()
        near = min(there, key=lambda some: len(mine.items() ^ some.items()), default={})
        moment = one.moment(number)
        wanted = [read.eq(mine.get(read, 0)) for read in one.facts]
        wanted += [read.eq(value) for read, value in hardware.items()
                  if read in one.machine.variables]
        watch = Watch("", all_of(one.resting(), *wanted), "", None)
        path = shortened(one.machine, one.search.path(number), watch)
        answered = {**hardware, **replay(one.machine, path, watch)}
        return Life(
            moment, one is self.mine,
            tuple(f"{read} {read.fact.show(mine.get(read, 0))}, "
                  f"not {read.fact.show(near.get(read, 0))}"
                  for read in sorted({*mine, *near}, key=lambda read: read.key)
                  if mine.get(read, 0) != near.get(read, 0)),
            shown(one.machine, path),
            tuple((str(read), read.fact.show(value))
                  for read, value in sorted(answered.items(), key=lambda some: some[0].key)),
        )


def _values(some: Mapping[int, Mapping[Read, int]]) -> set[tuple[Read, int]]:
    """Return every value that a fact ever has, but 0."""
    return {one for values in some.values() for one in values.items()}


def _by_fact(some: set[tuple[Read, int]]) -> Iterator[tuple[Read, str]]:
    """Yield facts, each with its values in words."""
    order = sorted(some, key=lambda one: (one[0].key, one[1]))
    for read, group in itertools.groupby(order, key=lambda one: one[0]):
        yield read, " or ".join(read.fact.show(value) for _, value in group)
