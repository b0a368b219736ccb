# SPDX-License-Identifier: GPL-2.0-only
"""What a step is stands in its kind; its text is for readers, and nothing else reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import pytest
from broken.cases import CASES
from broken.parts import DELETE, KID, MAKE, PORT, Case, design, kid, port
from variations import SMALL, fails_with, varied

from checks.boot.predict.board import BOARDS
from checks.boot.predict.predict import after_unbind, at_rest, leaves_under_event, predict
from checks.machine.machine import build
from checks.machine.step import Build, Kind, Step
from checks.rules.all import RULES
from checks.search.explore import explore
from checks.search.told import Counterexample, Report
from checks.show import diagram, report_text
from checks.verdict.degrade import degrade
from checks.verdict.matrix import KINDS, Task, explored
from generator.design import Design, Waiver
from generator.designs import auxbus, today
from generator.expr import Expr, Read
from generator.operation import Do, ok
from generator.ops.perf import PERF_PMU_REGISTER
from generator.ops.pm import PM_RUNTIME_ALLOW, PM_RUNTIME_FORBID

ADD = Build.add


def nonsense(text: str) -> str:
    """Return a word that is the same for the same text, and nothing else."""
    return "x" + hashlib.sha256(text.encode()).hexdigest()[:12]


def _add(
    made: Build, step: Step, pc: Read | None, src: int, when: Expr,
    gives: Sequence[tuple[Read, Expr]],
) -> None:
    ADD(made, replace(step, text=step.text and nonsense(step.text)), pc, src, when, gives)


def babbling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let machines have no word in their steps that anybody could understand."""
    monkeypatch.setattr(Build, "add", _add)


def drawn(one: Counterexample) -> list[object]:
    """Return which messages a diagram has, between whom."""
    names = diagram._lifelines(one.trace)
    arrows = [(path.kind, path.colour) for path in diagram.diagram(one).arrows]
    return [names, [diagram.ends(step, names) for step in one.trace], arrows]


def shape(report: Report) -> list[object]:
    """Return all that a report says, but the texts of steps."""
    examples = (*report.counterexamples, *report.waived)
    return [
        report.verdict, report.reached, report.unreached, replace(report.bounds, seconds=0.0),
        report.taken,
        [(one.rule, one.message, one.waived, one.depth, one.hardware, report_text.place(one),
          drawn(one),
          [(step.actor, step.kind, step.outcome, step.entry) for step in one.trace])
         for one in examples],
    ]


def lives(name: str, whole: Design) -> list[object]:
    """Return what the lab predicts of every port of a board."""
    board = BOARDS[name]
    return [
        [look(whole, one, board.platform)
         for look in (predict, after_unbind, at_rest, leaves_under_event)]
        for one in board.ports
    ]


@pytest.mark.parametrize("case", [pytest.param(one, id=one.rule) for one in CASES])
def test_every_rule_breaks_and_is_drawn_the_same(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = [rule for rule in RULES if rule.key == case.rule]
    said = shape(explore(case.broken, rules, episode=case.episode))
    babbling(monkeypatch)

    assert said == shape(explore(case.broken, rules, episode=case.episode))


@pytest.mark.parametrize(("whole", "board"), [
    pytest.param(today.DESIGN, "dynamic", id="today"),
    pytest.param(auxbus.DESIGN, "switch", id="auxbus"),
])
def test_the_lab_predicts_the_same(
    whole: Design, board: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = lives(board, whole)
    babbling(monkeypatch)

    assert said == lives(board, whole)


def test_services_are_compared_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def compared() -> list[object]:
        found = degrade(today.DESIGN, varied(SMALL, fails_with))
        return [found.verdict, found.compared, found.states,
                [(one.hardware, one.before, one.after, len(one.trace)) for one in found.degraded]]

    said = compared()
    babbling(monkeypatch)

    assert said == compared()


def test_a_cell_of_the_matrix_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def cells() -> list[object]:
        tasks = [Task(name, KINDS[0].name) for name in ("today", "core-prebind")]
        found = explored(tasks)
        return [(one.states, one.transitions, one.cells, one.waived) for one in found]

    said = cells()
    babbling(monkeypatch)

    assert said == cells()


def test_a_waiver_names_what_the_driver_core_does_by_its_kind() -> None:
    case = next(one for one in CASES if one.rule == "N9")
    rules = [rule for rule in RULES if rule.key == "N9"]
    (example,) = explore(case.broken, rules).counterexamples
    waiver = Waiver("N9", "why not", op=Kind.PROBE_RETURNS.value)
    (waived,) = explore(replace(case.broken, waivers=(waiver,)), rules).waived

    assert example.trace[-1].kind is Kind.PROBE_RETURNS
    assert waived.trace == example.trace


def _events(*probe: Do) -> set[str]:
    """Return what can happen from outside to a child whose driver does this in its probe."""
    made = build(design(port(MAKE, DELETE), kid(probe)))
    return {one.step.text for one in made.transitions if one.step.kind is Kind.EVENT}


def test_a_pmu_is_what_an_operation_makes_one_whatever_its_name() -> None:
    counters = replace(PERF_PMU_REGISTER, name="register_counters")

    assert _events(counters(KID)) == _events(PERF_PMU_REGISTER(KID))
    assert "opens an event on kid" in _events(counters(KID))
    assert "opens an event on kid" not in _events(replace(counters, outcomes=(ok(),))(KID))


def test_a_port_sleeps_when_an_operation_lets_it_whatever_its_name() -> None:
    permit = replace(PM_RUNTIME_ALLOW, name="permit")

    def events(*probe: Do) -> set[str]:
        made = build(design(port((*MAKE, *probe), DELETE), kid(())))
        return {one.step.text for one in made.transitions if one.step.kind is Kind.EVENT}

    assert events(permit(PORT)) == events(PM_RUNTIME_ALLOW(PORT))
    assert "suspends port" in events(permit(PORT))
    assert "suspends port" not in events(PM_RUNTIME_FORBID(PORT))
