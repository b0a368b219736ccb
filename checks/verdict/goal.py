# SPDX-License-Identifier: GPL-2.0-only
"""Reachability: what some life of a design must come to, or a HOLDS would be vacuous.

A goal is an expression over facts that some reachable state has to satisfy. To the explorer it
is a rule that says "never" and is waived: the shortest way to break it is a way to the goal,
replayed like every other trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from checks.machine.instances import Inst, View
from checks.rules.rule import Rule
from checks.search.told import Report, Sought
from generator.design import Design, Device, Waiver
from generator.expr import EACH, TRUE, Expr, Fact, Nth, Role, all_of, any_of
from generator.facts import (
    CAP,
    HANDLER,
    LINE,
    MODE,
    MODE_INTX,
    MODE_MSI,
    MODE_MSIX,
    OPEN,
    PMU,
    SOURCE,
    interrupt_arrives,
)
from generator.program import operations

CORE, CPMU = "core", "cpmu"  # whom a design serves: the port's own services, its extensions
SERVICES = (CORE, CPMU)
NAMES = {CORE: "core services", CPMU: "CPMU extensions"}
_PORT = Role("port")  # whoever owns the vectors, at the top of the tree
_SOUGHT = "this is what is looked for"


@dataclass(frozen=True)
class Goal:
    """One goal: `when` is over the role `each`, a device of the class `service`."""

    key: str
    service: str
    statement: str
    when: Expr


def goals(on: Expr = TRUE) -> tuple[Goal, ...]:
    """Return what is sought of every design, while something holds."""
    handled = all_of(HANDLER(EACH).ge(1), HANDLER(EACH).le(LINE))
    arrives = all_of(SOURCE(EACH).eq(1), interrupt_arrives(EACH, _PORT))
    counts = all_of(PMU(EACH).eq(1), OPEN(EACH).eq(1), arrives)
    return tuple(
        Goal(key, service, statement, when & on)
        for key, service, statement, when in (
            ("core starts", CORE, "a core service has its handler on its interrupt", handled),
            ("core interrupt", CORE, "an interrupt of a core service arrives", arrives),
            ("cpmu starts", CPMU, "an extension has its handler on its interrupt", handled),
            ("cpmu interrupt", CPMU, "an interrupt of an extension arrives", arrives),
            ("cpmu counts", CPMU, "an extension counts for an open event", counts),
        )
    )


def goals_of(design: Design) -> tuple[Goal, ...]:
    """Return the goals that make sense for a design: who never asks for an interrupt has none."""
    handled = {served_by(device) for device in _given(design, HANDLER)}
    counted = {served_by(device) for device in _given(design, PMU)}
    raised = {served_by(device) for device in _given(design, SOURCE)} | counted
    able = {"starts": handled, "interrupt": handled & raised, "counts": counted}
    return tuple(goal for goal in goals() if goal.service in able[goal.key.split()[1]])


def goals_at_best(design: Design) -> tuple[Goal, ...]:
    """Return what a design must come to in the best mode that the port's hardware is capable of.

    A PMU counts, if there is any.
    """
    best = any_of(*(
        CAP(_PORT).eq(capability) & MODE(_PORT).eq(mode)
        for capability, mode in enumerate((MODE_INTX, MODE_MSI, MODE_MSIX))
    ))
    counted = any(_given(design, PMU))
    return tuple(goal for goal in goals(best) if counted or goal.key != "cpmu counts")


def _given(design: Design, fact: Fact) -> Iterator[Device]:
    """Yield the devices that an operation of the design gives a fact."""
    for driver in design.drivers:
        for do in operations(driver.probe):
            given = {
                give.target.of.name for way in do.op.outcomes for give in way.gives
                if give.target.fact == fact and give.each is None
            }
            for role, place in do.binding.items():
                device = place.of if isinstance(place, Nth) else place
                if role in given and isinstance(device, Device):
                    yield device


def served_by(device: Device) -> str | None:
    """Return the class that a device belongs to; None: it owns vectors, or is only glue."""
    if device.parent is None or device.kind in ("platform", "part"):
        return None
    return CORE if device.kind == "service" else CPMU


def instances(view: View, service: str) -> tuple[Inst, ...]:
    """Return the instances of a class of services."""
    return tuple(one for one in view.instances if served_by(one.device) == service)


def top(view: View, inst: Inst) -> Inst:
    """Return the PCI device above an instance, which owns the vectors."""
    while inst.device.kind != "pci" and view.parent(inst) != inst:
        inst = view.parent(inst)
    return inst


def with_goals(design: Design, sought: Sequence[Goal]) -> tuple[Design, tuple[Rule, ...]]:
    """Return a design that is to be explored for goals, and the rules that look for them."""
    waivers = tuple(Waiver(goal.key, _SOUGHT) for goal in sought)
    rules = tuple(
        Rule(goal.key, goal.key.upper(), goal.statement, (), "", on_state=_never(goal))
        for goal in sought
    )
    return replace(design, waivers=(*design.waivers, *waivers)), rules


def _never(goal: Goal) -> Callable[[View], Iterator[tuple[str, Expr]]]:
    def states(view: View) -> Iterator[tuple[str, Expr]]:
        for inst in instances(view, goal.service):
            yield goal.statement, view.bind(goal.when, {EACH: inst, _PORT: top(view, inst)})

    return states


def with_ways(report: Report, design: Design, sought: Sequence[Goal]) -> Report:
    """Return a report of such a design with its goals told from its waivers."""
    keys = {goal.key for goal in sought}
    ways = {one.rule: one for one in report.waived if one.rule in keys}
    return replace(
        report,
        waived=tuple(one for one in report.waived if one.rule not in keys),
        waivers=design.waivers,
        goals=tuple(
            Sought(goal.key, goal.service, goal.statement, ways.get(goal.key)) for goal in sought
        ),
    )
