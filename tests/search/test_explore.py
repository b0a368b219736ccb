# SPDX-License-Identifier: GPL-2.0-only
"""The explorer: counts by formula, the same result every time, no pass without an end."""

import itertools
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from house import HOUSE

from checks.finding import Verdict
from checks.machine.instances import View
from checks.machine.step import Step
from checks.rules.all import RULES
from checks.rules.rule import Rule, step_rule
from checks.search import explore as explorer
from checks.search import search, spin
from checks.search.explore import Explorer, explore
from checks.search.oracle import naive
from checks.search.trace import ReplayError
from generator.design import Design, Device, Driver, Waiver
from generator.designs import auxbus, today
from generator.expr import TRUE, Expr, Fact, Role
from generator.facts import ADDED, BELOW, GONE, LIFE
from generator.operation import Guard, Operation, fault, ok, sets
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import IDA_ALLOC, IDA_FREE, KZALLOC
from generator.ops.pci import PCI_CLEAR_MASTER, PCI_SET_MASTER
from generator.program import If
from generator.resize import with_children

PORT = Device("port", "pci", bridge=True)


@step_rule("T1", evidence=(), symptom="")
def looks_at_every_operation(step: Step, view: View) -> Expr | None:
    """No operation happens on a device that is gone; none ever is."""
    return None if step.op is None else GONE(view.instances[0]).eq(1)


@step_rule("T2", evidence=(), symptom="")
def sets_no_master(step: Step, view: View) -> Expr | None:
    """Bus mastering is not set on a port with devices below."""
    if step.op is None or step.op.name != "pci_set_master":
        return None
    return BELOW(step.role("dev")).eq(1)


WATCHED: tuple[Rule, ...] = (looks_at_every_operation,)


def taken(number: int) -> Operation:
    """Return an operation that can fail, with what undoes it."""
    fact = Fact(f"thing {number}", 1, "taken")(Role("dev"))
    drop = Operation(f"drop {number}", ("dev",), (ok(sets(fact, 0)),), source="")
    return Operation(f"take {number}", ("dev",), (ok(sets(fact, 1)), fault("-ENOMEM")),
                     source="", undo=drop)


def taking(count: int, device: Device = PORT) -> Driver:
    ops = [taken(number) for number in range(count)]
    undo = tuple(op.undo(device) for op in reversed(ops) if op.undo is not None)
    return Driver(f"driver of {device.name}", device, tuple(op(device) for op in ops), undo)


def states(count: int) -> int:
    """Count the states of a driver that takes some things, one after the other.

    Probe stops before each of n operations and at its end, remove before each of n undos and
    at its end. When the k-th fails, k-1 undos follow, each of them a place of its own: 0 + 1 +
    ... + n-1 together; then the error is returned. Both ways lead through the devres list,
    bound is one more, and unbound is three: never bound, refused, or unbound after all.
    """
    return (count + 1) + (count + 1) + count * (count - 1) // 2 + 1 + 2 + 1 + 3


def spun(design: Design) -> int:
    """Count the states that SPIN keeps, but for those before the processes run.

    init has begun, or has started so many of the processes, one for each driver.
    """
    before = 1 + sum(driver.device.count for driver in design.drivers)
    return spin.explore(design, WATCHED, raw=True).bounds.states - before


@pytest.mark.parametrize("count", range(1, 7))
def test_states_of_one_driver(count: int) -> None:
    design = Design("n", "", (PORT,), (taking(count),))
    assert naive(design, WATCHED).states == spun(design) == states(count)
    # Nobody else is there to see what happens between unbound and bound.
    assert explore(design, WATCHED).bounds.states == 2


def test_states_of_independent_drivers_multiply() -> None:
    other = Device("other", "pci")
    design = Design("n", "", (PORT, other), (taking(3), taking(2, other)))
    assert naive(design, WATCHED).states == spun(design) == states(3) * states(2)
    assert explore(design, WATCHED).bounds.states == 2 * 2


@pytest.mark.parametrize("count", [1, 2, 3])
def test_states_of_equal_drivers_are_a_power(count: int) -> None:
    port = Device("port", "pci", count=count)
    design = Design("n", "", (port,), (taking(1, port),))
    assert naive(design, WATCHED).states == spun(design) == states(1) ** count
    assert explore(design, WATCHED).bounds.states == 2 ** count


def test_what_a_child_does_by_itself_takes_no_states() -> None:
    kid = Device("kid", "aux", PORT)
    make = tuple(op(kid) for op in (IDA_ALLOC, KZALLOC, AUXILIARY_DEVICE_INIT,
                                    AUXILIARY_DEVICE_ADD))
    there = Guard("it was added", LIFE(kid).eq(ADDED), ())
    drop = (AUXILIARY_DEVICE_DELETE(kid), AUXILIARY_DEVICE_UNINIT(kid), IDA_FREE(kid))
    port = Driver("port driver", PORT, make, (If(there, drop),))
    found = [
        explore(Design("n", "", (PORT, kid), (port, taking(count, kid))), RULES)
        for count in (1, 2, 5, 9)
    ]
    assert {one.verdict for one in found} == {Verdict.HOLDS}
    assert len({one.bounds.states for one in found}) == 1


def test_every_operation_is_reached() -> None:
    report = explore(Design("n", "", (PORT,), (taking(3),)), WATCHED)
    assert {f"take {number} for port" for number in range(3)} <= set(report.reached)
    assert report.unreached == ()


def test_unreachable_operation_is_named() -> None:
    never = Guard("never", ~TRUE, ())
    driver = Driver("driver", PORT, (If(never, (taken(0)(PORT),)), PCI_SET_MASTER(PORT)))
    assert explore(Design("n", "", (PORT,), (driver,)), WATCHED).unreached == ("take 0 for port",)


@pytest.mark.parametrize("design", [
    "today.DESIGN",
    "with_children(replace(auxbus.DESIGN, given={CAP: 'none'}), 2)",
])
def test_same_report_whatever_the_hash_seed(design: str) -> None:
    program = (
        "from dataclasses import replace\n"
        "from checks.search.explore import explore\n"
        "from checks.rules.all import RULES\n"
        "from generator.designs import auxbus, today\n"
        "from generator.facts import CAP\n"
        "from generator.resize import with_children\n"
        f"report = explore(replace({design}, waivers=()), RULES)\n"
        "print(replace(report, bounds=replace(report.bounds, seconds=0.0), done=frozenset()))\n"
        "print(sorted(map(str, report.done)))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], cwd=HOUSE, check=True, capture_output=True, text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "1", "77")
    }
    assert len(outputs) == 1
    assert "VIOLATED" in outputs.pop()


@pytest.mark.parametrize("budget", [{"states": 50}, {"seconds": 0.0}])
def test_search_without_an_end_is_no_pass(budget: dict) -> None:
    report = explore(today.DESIGN, RULES, **budget)
    assert report.verdict is Verdict.UNFINISHED
    assert not report.bounds.complete


@pytest.mark.parametrize("states", [1, 100, 5000])
def test_budget_of_states_ends_the_search_within_a_level(states: int) -> None:
    report = explore(auxbus.DESIGN, RULES, states=states)
    assert report.verdict is Verdict.UNFINISHED
    assert report.bounds.states == states


def test_budget_of_time_ends_the_search_within_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = Explorer(auxbus.DESIGN, RULES)  # which takes as long as the machine is busy
    clock = itertools.count()  # each look at it takes a second
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    report = prepared.run(seconds=4.0)
    assert report.verdict is Verdict.UNFINISHED
    assert 0 < report.bounds.states < 4 * search.OFTEN


@pytest.mark.slow
def test_both_pmus_of_the_drawing_hold() -> None:
    # Forty times the states of one.
    report = explore(with_children(auxbus.DESIGN, 2), RULES)
    assert report.verdict is Verdict.HOLDS
    assert {"cpmu0", "cpmu1"} <= set(report.bounds.instances)


def test_violation_counts_although_the_search_has_no_end() -> None:
    unwaived = replace(today.DESIGN, waivers=())
    report = explore(unwaived, RULES, first=True)
    assert report.verdict is Verdict.VIOLATED
    assert not report.bounds.complete


def test_wrong_trace_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer, "shortened", lambda machine, path, watch: list(path)[1:])
    with pytest.raises(ReplayError, match="does not replay"):
        explore(replace(today.DESIGN, waivers=()), RULES)


DISABLING, CLEARING = today.DESIGN.waivers


@pytest.mark.parametrize(
    "waivers",
    [
        (),
        (DISABLING,),
        (CLEARING,),
        (DISABLING, replace(CLEARING, inside="pcie_portdrv_remove")),
        (replace(DISABLING, op="pci_clear_master"), CLEARING),
        (DISABLING, replace(CLEARING, rule="R36")),
    ],
    ids=["none", "other op", "other op too", "other helper", "wrong op", "other rule"],
)
def test_waiver_waives_no_more_than_it_says(waivers: tuple[Waiver, ...]) -> None:
    report = explore(replace(today.DESIGN, waivers=waivers), RULES)
    assert [one.rule for one in report.counterexamples] == ["R09"]


def test_waived_violations_are_told_with_the_reason() -> None:
    report = explore(today.DESIGN, RULES)
    assert report.verdict is Verdict.HOLDS
    assert {one.waived for one in report.waived} == {DISABLING.reason, CLEARING.reason}


def test_question_that_only_a_rule_asks_is_asked() -> None:
    driver = Driver("driver", PORT, (PCI_SET_MASTER(PORT),), (PCI_CLEAR_MASTER(PORT),))
    (found,) = explore(Design("n", "", (PORT,), (driver,)), (sets_no_master,)).counterexamples
    assert found.hardware == (("port.below", "yes"),)


def test_answers_given_beforehand_stay_given_in_the_next_life() -> None:
    there = Guard("devices below", BELOW(PORT).eq(1), ())
    driver = Driver("driver", PORT, (If(there, (PCI_SET_MASTER(PORT),)),))
    design = Design("n", "", (PORT,), (driver,), given={BELOW: "no"})
    assert explore(design, (sets_no_master,)).verdict is Verdict.HOLDS
