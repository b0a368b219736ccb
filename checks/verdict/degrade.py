# SPDX-License-Identifier: GPL-2.0-only
"""Two designs side by side: an extension must leave the core services as it found them.

Both are explored up to the end of the port's probe, nothing else being bound: what a child
does later cannot change what the services were given. In the target only operations that the
base does not have may fail; what hardware answers is compared where the base asks for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from checks.finding import Verdict
from checks.machine.instances import Inst
from checks.machine.machine import Machine, build, given_answers
from checks.machine.questions import OPEN_QUESTION, answered
from checks.machine.step import Step, words_of
from checks.rules.rule import Rule
from checks.search.explore import STATES, shown
from checks.search.machine_as_c import Watch
from checks.search.search import Search
from checks.search.told import Shown
from generator.design import Design
from generator.expr import Expr, Fact, Read, any_of, num
from generator.facts import HANDLER, IRQ, MASTER, MODE, OUTCOME, PHASE

RULE = Rule(
    "N2",
    "EXTENSION_NEVER_DEGRADES_CORE",
    "On every hardware the services of a port have the interrupts that they have without the "
    "extension, whatever becomes of the extension.",
    ("drivers/pci/pcie/portdrv.c pcie_port_enable_irq_vec()",
     "drivers/pci/pcie/portdrv.c pcie_init_service_irqs()"),
    "after the patch, AER and hotplug of a port are on INTx, or gone",
    file="checks/verdict/degrade.py",
)

Hardware = tuple[tuple[str, int], ...]  # "device.fact" -> answer, in order of the names
Label = tuple[str, tuple[str, ...], str, tuple[str, ...]]


@dataclass(frozen=True)
class Degraded:
    """One hardware on which the services end up otherwise than in the base."""

    hardware: tuple[tuple[str, str], ...]
    before: tuple[str, ...]  # what can become of the services in the base
    after: str
    trace: tuple[Shown, ...]  # of the target


@dataclass(frozen=True)
class Comparison:
    """The verdict on a target beside its base; `compared` counts what hardware can answer."""

    rule: str
    base: str
    target: str
    verdict: Verdict
    degraded: tuple[Degraded, ...]
    compared: int
    states: int
    seconds: float


@dataclass(frozen=True)
class _End:
    """How a probe ended: what had been asked, what became of the services, by which steps."""

    answers: Mapping[str, int]
    outcome: str
    state: int


def degrade(
    base: Design, target: Design, *, states: int = STATES, seconds: float = 600.0
) -> Comparison:
    """Return where the services of a target are served otherwise than in its base.

    Errors: ModelError for a design that makes no sense.
    """
    return Beside(base, target).run(base, target, states=states, seconds=seconds)


class Beside:
    """A base and a target prepared: compared on one hardware after the other.

    Questions of `chosen` facts get their answers where a comparison begins.
    """

    def __init__(
        self, base: Design, target: Design, chosen: frozenset[Fact] = frozenset()
    ) -> None:
        """Prepare.

        Errors: ModelError for a design that makes no sense.
        """
        old, new = (build(_probes(one), chosen=chosen) for one in (base, target))
        core = frozenset(_label(one.step) for one in old.transitions if one.step.op is not None)
        compared = frozenset(str(read) for read in old.variables if read.fact.question)
        self.before, self.after = _Ends(old, core, compared), _Ends(new, core, compared)

    def run(
        self, base: Design, target: Design, *, states: int = STATES, seconds: float = 600.0
    ) -> Comparison:
        """Compare on the hardware that both are given."""
        began = time.monotonic()
        before, after = self.before, self.after
        before.run(base, states, seconds)
        after.run(target, states, seconds)
        answered_to = {name for one in before.ends for name in one.answers}
        asked = sorted(
            (read for read in before.machine.variables if str(read) in answered_to),
            key=lambda read: (read.fact.needs is not None, str(read)),
        )
        whole = _Whole(asked)
        found: dict[Hardware, set[str]] = {}
        for end in before.ends:
            for hardware in whole.agreeing(end.answers):
                found.setdefault(hardware, set()).add(end.outcome)
        worse: dict[str, Degraded] = {}
        for end in after.ends:
            if end.outcome in worse:
                continue
            for hardware in whole.agreeing(end.answers):
                known = found.get(hardware, set())
                if known and end.outcome not in known:
                    worse[end.outcome] = Degraded(
                        _shown(after.machine, {**dict(hardware), **end.answers}),
                        tuple(sorted(known)), end.outcome, after.trace(end),
                    )
                    break
        verdict = Verdict.VIOLATED if worse else Verdict.HOLDS
        if not worse and not (before.complete and after.complete):
            verdict = Verdict.UNFINISHED
        return Comparison(
            RULE.key, base.name, target.name, verdict, tuple(worse.values()), len(found),
            before.states + after.states, time.monotonic() - began,
        )


def _probes(design: Design) -> Design:
    """Return a design of which only the probe of PCI drivers is left."""
    kept = tuple(
        replace(driver, remove=(), shutdown=None, atomic=())
        for driver in design.drivers if driver.device.parent is None
    )
    return replace(design, drivers=kept, waivers=())


def _label(step: Step) -> Label:
    """Return what tells an operation of the base from one that the extension brings."""
    assert step.op is not None
    places = tuple(place.name for place in step.binding.values())
    return step.op.name, places, step.inside, tuple(map(_plain, step.params.values()))


def _plain(expr: Expr) -> str:
    return str(expr)


class _Ends:
    """Every way in which the probe of a machine can end, the shortest first.

    Of those that agree in the answers to `compared` and in what became of the services, one.
    """

    def __init__(
        self, machine: Machine, core: frozenset[Label], compared: frozenset[str]
    ) -> None:
        self.machine, self.texts = _with_last(replace(machine, transitions=tuple(
            one for one in machine.transitions
            if one.pc is not None and not (one.step.op is not None and one.step.fault
                                           and _label(one.step) in core)
        )))
        self.ports = machine.view.pci
        over = any_of(*(OUTCOME(inst).ne(0) for inst in self.ports))
        self.search = Search(self.machine, [Watch(RULE.key, over, "the probe is over", None)])
        fields = self.search.packed.fields
        self.told = sum(field.mask << field.shift for one, field in fields.items()
                        if one.fact in _FACTS)
        self.mask = self.told | sum(field.mask << field.shift for one, field in fields.items()
                                    if str(one) in compared)
        self.complete, self.states = False, 0
        self.ends: list[_End] = []

    def run(self, design: Design, limit: int, seconds: float) -> None:
        """Find them on the hardware that a design is given."""
        given = given_answers(design, self.machine.view, self.machine.variables)
        self.complete = self.search.run(given, states=limit, seconds=seconds)
        self.states = self.search.library.states()
        self.ends = list(self._ends())

    def _ends(self) -> Iterator[_End]:
        packed, library = self.search.packed, self.search.library
        questions = [(str(one), one) for one in packed.fields if one.fact.question]
        seen: set[int] = set()
        outcomes: dict[int, str] = {}
        for number in library.closed():
            state = library.state(number)
            if state & self.mask in seen:
                continue
            seen.add(state & self.mask)
            answers = {name: value for name, one in questions
                       if (value := packed.value(state, one)) is not None}
            told = state & self.told
            if told not in outcomes:
                outcomes[told] = self._outcome(packed.values(state))
            yield _End(answers, outcomes[told], number)

    def _outcome(self, values: Mapping[Read, int | None]) -> str:
        port = next(inst for inst in self.ports if values[OUTCOME(inst)])
        if values[OUTCOME(port)] == FAILED:
            return f"the probe fails after {self.texts[values[_LAST(port)] or 0]}"
        return _services(self.machine, port, values)

    def trace(self, end: _End) -> tuple[Shown, ...]:
        return shown(self.machine, self.search.path(end.state))


FAILED = 2  # of OUTCOME
_LAST = Fact("last", 0, "the operation that was done last, by its number")
_FACTS: tuple[Fact, ...] = (IRQ, HANDLER, PHASE, MODE, MASTER, OUTCOME, _LAST)


def _with_last(machine: Machine) -> tuple[Machine, tuple[str, ...]]:
    """Return a machine that keeps up which operation was done last, and their texts."""
    texts = {"nothing": 0}
    last = {inst: _LAST(inst) for inst in machine.view.pci}
    transitions = []
    for one in machine.transitions:
        if one.step.op is not None:
            text = words_of(one.step.op, one.step.binding)
            number = num(texts.setdefault(text, len(texts)))
            more = ((read, number) for read in last.values())
            one = one.changed(one.when, (*one.gives, *more))
        transitions.append(one)
    read = [fact(inst) for inst in machine.view.instances for fact in _FACTS if fact != _LAST]
    tops = {one: one.fact.top for one in read} | {one: len(texts) for one in last.values()}
    return replace(
        machine, transitions=tuple(transitions), tops={**tops, **machine.tops},
        variables=tuple(dict.fromkeys((*machine.variables, *read, *last.values()))),
    ), tuple(texts)


def _services(machine: Machine, port: Inst, values: Mapping[Read, int | None]) -> str:
    """Return what the services of a port have, in words that two designs can share."""
    parts = []
    for one in machine.view.children(port):
        # one that was refused, or has no interrupt, is as good as none: designs without service
        # devices cannot tell
        if one.device.kind != "service" or not values[HANDLER(one)]:
            continue
        has = ", ".join(
            f"{fact.name} {fact.show(values[fact(one)] or 0)}" for fact in (IRQ, HANDLER, PHASE)
        )
        parts.append(f"{one.name}: {has}")
    if not parts:
        return "no service"  # and then the port's interrupts are nobody's
    mode = MODE.show(values[MODE(port)] or 0)
    master = "on" if values[MASTER(port)] else "off"
    return "; ".join((f"{port.name}: {mode}, bus mastering {master}", *parts))


class _Whole:
    """Every complete answer to some questions."""

    def __init__(self, asked: Sequence[Read]) -> None:
        self.asked, self.known = asked, frozenset(asked)
        self.names = tuple(str(read) for read in asked)
        self.found: dict[tuple[int, ...], tuple[Hardware, ...]] = {}

    def agreeing(self, answers: Mapping[str, int]) -> tuple[Hardware, ...]:
        """Return those that agree with some answers; many ends have the same."""
        given = tuple(answers.get(name, OPEN_QUESTION) for name in self.names)
        if given not in self.found:
            start = dict(zip(self.asked, given, strict=True))
            self.found[given] = tuple(
                tuple((name, full[read]) for name, read in zip(self.names, self.asked, strict=True))
                for full in answered(self.asked, start, self.known)
            )
        return self.found[given]


def _shown(machine: Machine, answers: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    facts = {str(read): read.fact for read in machine.variables}
    return tuple(
        (name, facts[name].show(value)) for name, value in sorted(answers.items()) if name in facts
    )
