# SPDX-License-Identifier: GPL-2.0-only
"""What a machine is built from: steps in the words of a design, and transitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from checks.machine.episode import PLAIN, Episode
from checks.machine.instances import Inst, View
from checks.machine.schedule import Turns
from generator.design import Driver
from generator.errors import NOWHERE, Where
from generator.expr import FALSE, TRUE, Expr, Fact, Num, Place, Read
from generator.operation import Do, Operation

DOWN = Fact("down", 1, "the system shuts down")
SHUT = Fact("shut", 1, ".shutdown of its driver has run")
HALTED = Fact("halted", 1, "its driver's .shutdown has returned; nothing follows")
GIVEN_UP = Fact("given up", 1, "a resume of its driver has returned an error, since it was bound")
STAYS = Fact("stays suspended", 1, "the PM core calls no driver for it all through the sleep")
WAS_ENABLED = Fact("enabled before sleep", 3, "how often its driver had it enabled before sleep")
OWED = Fact("enables owed", 3, "disables that are right although it is not enabled: a resume has "
            "failed that was to enable it")
IDLE, RUNNING = 0, 1  # program counter of a process whose driver is unbound, bound
Substitution = Mapping[Place, Place]  # instances in the place of devices and roles


class Kind(Enum):
    """What a step is, whatever words a trace has for it."""

    OPERATION = "operation"  # of a design, or the undo of one from a devres list
    OPERATION_RETURNS = "operation returns"  # one that had to wait
    CONDITION = "condition"
    ENUMERATE = "enumerate"  # the PCI core, before any driver binds
    BIND = "bind"
    PROBE_RETURNS = "probe returns 0"
    PROBE_FAILS = "probe returns an error"
    UNBIND = "unbind"
    REMOVE_RETURNS = "remove returns"
    UNBOUND = "unbound"  # and the devres list is empty
    CALL = "callback"
    CALL_RETURNS = "callback returns"
    CALL_FAILS = "call returns an error"  # of an interface, or of a file
    RUNTIME_SUSPENDED = "runtime_suspend returns 0"
    EVENT = "event"  # from outside
    POWER_LOST = "power lost"
    PASS = "pass"  # nothing happens but that somebody gets on

    @property
    def hands_back(self) -> bool:
        """Return whether a driver gives control back to the driver core."""
        return self in (Kind.PROBE_RETURNS, Kind.PROBE_FAILS, Kind.REMOVE_RETURNS, Kind.UNBOUND,
                        Kind.CALL_RETURNS, Kind.CALL_FAILS, Kind.RUNTIME_SUSPENDED)


@dataclass(frozen=True)
class Step:
    """What a transition does, in the words of the design, for rules and traces.

    `text` is for readers alone: who asks what a step is asks `kind` and the fields after it.
    Without a text it is too small to show. `entry` is the entry point, "devres", or "driver core"
    and "environment" for steps that no driver makes. `binding` and `params` are those of `op`,
    with instances in place of devices; `about` names the devices that it is done to.
    """

    actor: str
    kind: Kind
    text: str
    entry: str = ""
    inside: str = ""
    outcome: str = ""
    error: str = ""
    fault: bool = False
    decides: bool = False  # a condition that the model gives a meaning
    asks: Expr = field(default=TRUE, hash=False)  # that meaning
    forgets: bool = False  # the end of a life: other hardware may come next
    settles: bool = False  # the end of an episode: all is to be as it was before
    where: Where = NOWHERE
    op: Operation | None = None
    driver: Driver | None = None
    inst: Inst | None = None
    about: tuple[str, ...] = ()
    held: Expr = field(default=TRUE, hash=False)  # what it takes off a devres list is on it
    binding: Mapping[str, Place] = field(default_factory=dict, hash=False)
    params: Mapping[str, Expr] = field(default_factory=dict, hash=False)
    context: str = ""  # of the driver, in which it is done; "" in entry points and callbacks

    def role(self, name: str) -> Inst:
        """Return the instance in a role of the operation."""
        found = self.binding[name]
        assert isinstance(found, Inst)
        return found


def called_with(op: Operation, binding: Mapping[str, Place]) -> tuple[str, ...]:
    """Return the devices that an operation is called with; roles that only rules need left out."""
    return tuple(place.name for role, place in binding.items() if role in op.roles)


def words_of(op: Operation, binding: Mapping[str, Place]) -> str:
    """Return an operation on its devices, as traces say it: only a call has parentheses."""
    devices = ", ".join(called_with(op, binding))
    if op.is_call:
        return f"{op.name}({devices})"
    return f"{op.name} for {devices}" if devices else op.name


@dataclass(frozen=True)
class Transition:
    """At `src` of the counter `pc`, if `when` holds, all `gives` happen at once."""

    step: Step
    pc: Read | None
    src: int
    when: Expr
    gives: tuple[tuple[Read, Expr], ...]

    def changed(self, when: Expr, gives: tuple[tuple[Read, Expr], ...]) -> Transition:
        """Return it with another condition, and other values."""
        return Transition(self.step, self.pc, self.src, when, gives)

    def goes_to(self) -> int | None:
        """Return where it leaves its process; None where it does not move it."""
        for target, value in self.gives:
            if target == self.pc and isinstance(value, Num):
                return value.value
        return None

    def ends_at(self) -> int:
        """Return where its process is after it, moved or not."""
        dst = self.goes_to()
        return self.src if dst is None else dst


@dataclass(frozen=True)
class Held:
    """An entry of a devres list: where it is noted, what it undoes, for whom."""

    noted: Read
    do: Do
    substitution: Substitution
    driver: Driver
    inst: Inst


@dataclass
class Build:
    """A machine in the making: the transitions so far, and what is on which devres list."""

    view: View
    episode: Episode
    devres: dict[Inst, list[Held]]
    transitions: list[Transition] = field(default_factory=list)
    tops: dict[Read, int] = field(default_factory=dict)
    locks: bool = False  # somebody takes locks, so who holds them is kept up
    turns: Turns = field(default_factory=Turns)

    @property
    def plain(self) -> bool:
        """Return whether nothing but binding, unbinding and shutdown happens."""
        return self.episode.name == PLAIN

    def add(
        self, step: Step, pc: Read | None, src: int, when: Expr,
        gives: Sequence[tuple[Read, Expr]],
    ) -> None:
        """Add a transition that can happen."""
        if when != FALSE:
            self.transitions.append(Transition(step, pc, src, when, tuple(gives)))


