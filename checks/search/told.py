# SPDX-License-Identifier: GPL-2.0-only
"""What a search tells: counterexamples with their lives, goals, bounds, and the report of all."""

from __future__ import annotations

from dataclasses import dataclass

from checks.finding import Verdict
from checks.machine.step import Kind
from generator.design import Waiver
from generator.errors import NOWHERE, Where


@dataclass(frozen=True)
class Shown:
    """One line of a trace.

    `entry` says within what the actor does it, `about` names the devices that it is done to.
    """

    actor: str
    text: str
    outcome: str
    where: Where
    entry: str = ""
    kind: Kind = Kind.OPERATION
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counterexample:
    """The shortest way to break a rule, on the hardware that answers `hardware`.

    `because` are the facts that make it break there, `mend` is what would, where that is known.
    `behind` are the rules that are broken on the way before, where a search went on behind them.
    `taken` is where what is left was taken, where something is left; `life` is the part of its life
    that the driver is in.
    """

    rule: str
    title: str
    message: str
    trace: tuple[Shown, ...]
    hardware: tuple[tuple[str, str], ...]
    waived: str = ""
    depth: int = 0  # steps on the way that somebody else could see
    episode: str = ""  # "" for the plain one
    because: tuple[str, ...] = ()
    mend: str = ""
    behind: tuple[str, ...] = ()
    taken: Where = NOWHERE
    way: str = ""  # of those in which the rule is broken
    life: str = ""
    exit: Shown | None = None  # the call of its probe that fails, of places that differ in it alone

    @property
    def told_by(self) -> tuple[str, str]:
        """Return what tells its way apart: what one line has taken is left in one way."""
        return self.rule, self.way if self.taken == NOWHERE else str(self.taken)

    @property
    def failed_at(self) -> Where:
        """Return which call of a probe fails last on the way, if one does."""
        calls = (Kind.OPERATION, Kind.OPERATION_RETURNS)
        return next((step.where for step in reversed(self.trace) if step.kind in calls
                     and step.entry == "probe" and step.outcome not in ("", "ok")), NOWHERE)


@dataclass(frozen=True)
class Sought:
    """A goal, and a shortest way to it; None where no reachable state satisfies it."""

    key: str
    service: str
    statement: str
    way: Counterexample | None


@dataclass(frozen=True)
class Bounds:
    """How far the search went: a HOLDS means nothing without them."""

    states: int
    transitions: int
    complete: bool
    seconds: float
    instances: tuple[str, ...]
    episodes: tuple[str, ...] = ()  # those beside the plain one


@dataclass(frozen=True)
class Done:
    """An operation that was done in some life: by which driver, within what, in which line."""

    driver: str
    entry: str
    operation: str
    where: Where


@dataclass(frozen=True)
class Report:
    """The verdict on one design."""

    design: str
    verdict: Verdict
    counterexamples: tuple[Counterexample, ...]
    waived: tuple[Counterexample, ...]
    bounds: Bounds
    reached: tuple[str, ...]
    unreached: tuple[str, ...]
    taken: bytes = b""  # per transition of the design's machine, whether it ever happened
    goals: tuple[Sought, ...] = ()
    waivers: tuple[Waiver, ...] = ()  # all that the design has, needed or not
    # what else breaks, but only on ways on which something is broken already
    further: tuple[Counterexample, ...] = ()
    looked_further: bool | None = None  # behind all that is broken, to the end; None: not at all
    elsewhere: tuple[Counterexample, ...] = ()  # the same rules, by ways on which nothing is broken
    left_out: tuple[tuple[str, str], ...] = ()  # episodes that were not explored, and why
    done: frozenset[Done] = frozenset()
