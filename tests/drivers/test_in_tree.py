# SPDX-License-Identifier: GPL-2.0-only
"""The drivers as another tree has them: by what it answers to facts, and equal to its code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from other_drivers import DRIVERS, NOT_BUILT
from port_driver import ENTRIES, PORTDRV, UNSEEN
from varied import NO_SERVICE_FAILS, replaced

from checks.finding import Severity, Verdict
from checks.patches.conformance import hold, sources
from checks.rules.all import RULES
from checks.search.explore import explore
from checks.verdict.explored import _key
from checks.verdict.judge import judge
from generator import rewrite
from generator.design import Design
from generator.designs.auxbus import DESIGN as AUXBUS
from generator.designs.today import DESIGN as TODAY
from generator.drivers.in_tree import OTHERWISE, in_tree
from generator.errors import ModelError
from generator.kernel.configurations import CONFIGS
from generator.kernel.kbuild import prepare
from generator.kernel.tree import Tree
from generator.load import base_of, load, names
from generator.program import Call, mapped, operations
from generator.series.identity import digest
from generator.tree_facts.table import facts

NEWEST = {fact: list(ways)[-1] for fact, ways in OTHERWISE.items()}
AS_WRITTEN = {fact: next(iter(ways)) for fact, ways in OTHERWISE.items()}


def _said(tree: Tree) -> Mapping[str, str]:
    return {name: one.text for name, one in facts(tree).items()}


@pytest.mark.kernel
@pytest.mark.parametrize("name", CONFIGS)
def test_the_port_driver_is_that_of_the_newer_tree(name: str, newer: Tree) -> None:
    there = load("today", _said(newer)).design
    found = hold(there, sources(prepare(newer, CONFIGS[name]), {}, [PORTDRV]))
    assert [str(one) for one in found] == []


@pytest.mark.kernel
@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("driver", [one for one in DRIVERS if one != "cxl_pci"])
def test_the_drivers_beside_it_are_those_of_the_newer_tree_as_well(
    driver: str, name: str, newer: Tree
) -> None:
    c = sources(prepare(newer, CONFIGS[name]), {}, DRIVERS[driver].sources)
    found = hold(DRIVERS[driver], c)
    assert not c.absent if (driver, name) not in NOT_BUILT else not c.units
    assert [str(one) for one in found if one.severity != Severity.NOTE] == []


@pytest.mark.kernel
def test_the_driver_of_memory_devices_is_another_one_there_and_is_told_at_its_place(
    newer: Tree,
) -> None:
    """It asks for the serial number first there, and leaves RAS and features to others."""
    driver = DRIVERS["cxl_pci"]
    found = hold(driver, sources(prepare(newer, CONFIGS["m"]), {}, driver.sources))
    (only,) = [one for one in found if one.severity is Severity.ERROR]
    assert (only.rule, only.path) == ("waypoint", "drivers/cxl/pci.c")
    assert "probe (cxl_pci_probe) is not the probe of the design" in only.message


@pytest.mark.kernel
def test_the_port_driver_that_fails_without_services_is_that_of_such_a_tree(newer: Tree) -> None:
    """The registration as 7.2.12 and 6.12.107 have it, in the newer tree."""
    text = replaced(newer, PORTDRV, *NO_SERVICE_FAILS)[PORTDRV]
    assert text is not None
    c = sources(prepare(newer, CONFIGS["m"]), {PORTDRV: text.encode()}, [PORTDRV])
    said = {**_said(newer), "no service left": "-ENODEV"}
    assert [str(one) for one in hold(in_tree(TODAY, said), c)] == []
    (other,) = hold(in_tree(TODAY, _said(newer)), c)
    assert other.rule == "waypoint"


@pytest.mark.kernel
@pytest.mark.parametrize("fact", [
    fact for fact, ways in OTHERWISE.items()
    if len(ways) > 1 and fact not in ("open events", "no service left")
])
def test_one_answer_of_the_older_tree_is_told_from_the_newer(fact: str, newer: Tree) -> None:
    said = {**_said(newer), fact: AS_WRITTEN[fact]}
    found = hold(in_tree(TODAY, said), sources(prepare(newer, CONFIGS["m"]), {}, [PORTDRV]))
    assert [one.rule for one in found] == ["waypoint"]


@pytest.mark.kernel
@pytest.mark.slow
def test_nine_of_ten_small_wrongs_in_the_newer_tree_are_told_from_the_design(newer: Tree) -> None:
    from mutate import Task, judge, mutants, reached, unexplained

    base = prepare(newer, CONFIGS["m"])
    unit = sources(base, {}, [PORTDRV]).units[PORTDRV]
    drivers = in_tree(TODAY, _said(newer)).drivers
    tasks = [Task(base, {}, drivers, PORTDRV, mutant)
             for mutant in mutants(unit, reached(ENTRIES, unit))]
    results = judge(tasks)
    missed = sum(not found for _, found in results)
    assert len(results) > 300
    assert missed <= len(results) // 10, f"{missed} of {len(results)} not seen"
    assert not unexplained(results, UNSEEN)


@pytest.mark.parametrize("name", names())
def test_where_a_tree_answers_as_they_are_written_designs_stay_as_they_are(name: str) -> None:
    there = load(name, AS_WRITTEN).design
    assert there == load(name).design
    assert digest(there) == digest(load(name).design)


def test_a_design_in_another_tree_says_so_and_is_held_to_today_as_it_is_there() -> None:
    there = in_tree(AUXBUS, NEWEST)
    assert dict(there.tree) == {fact: NEWEST[fact] for fact, ways in OTHERWISE.items()
                                if len(ways) > 1}
    assert base_of(there) == in_tree(TODAY, NEWEST)
    assert base_of(AUXBUS) == TODAY
    assert digest(there) != digest(AUXBUS)
    assert _key(there) != _key(AUXBUS)


@pytest.mark.parametrize("fact", OTHERWISE)
def test_an_answer_that_nobody_knows_is_refused_by_name(fact: str) -> None:
    with pytest.raises(ModelError, match=f"{fact}: this tree says 'otherwise', and the drivers"):
        in_tree(TODAY, {**AS_WRITTEN, fact: "otherwise"})


def _restores(design: Design) -> list[str]:
    (driver,) = design.drivers
    assert driver.slot_reset is not None
    return [do.op.name for do in operations(driver.slot_reset) if do.op.name.startswith("pci_")]


def test_a_reset_port_is_saved_again_only_where_that_is_written() -> None:
    assert _restores(TODAY) == ["pci_restore_state", "pci_save_state"]
    assert _restores(in_tree(TODAY, {"slot reset": "restores"})) == ["pci_restore_state"]


def test_open_events_are_waived_only_where_they_stay_and_break_no_rule_where_they_go() -> None:
    there = load("msix-subdevice", {"open events": "detaches them"}).design
    assert "N1" in {one.rule for one in load("msix-subdevice").design.waivers}
    assert "N1" not in {one.rule for one in there.waivers}
    report = judge(there)
    assert report.verdict is Verdict.HOLDS
    assert "N1" not in {one.rule for one in report.waived}


def test_what_is_known_of_cpmus_is_forgotten_where_a_port_fails_without_services() -> None:
    there = in_tree(AUXBUS, {"no service left": "-ENODEV"})
    assert explore(there, RULES).verdict is Verdict.HOLDS

    kept = rewrite.functions(there, "pcie_port_device_register", lambda body: mapped(
        body, lambda node: () if isinstance(node, Call)
        and node.function.name == "pcie_cxlpmu_forget" else None,
    ))
    found = explore(kept, RULES, first=True)
    assert {one.rule for one in found.counterexamples} == {"R36"}


def test_a_series_in_another_tree_is_made_of_designs_there() -> None:
    spec = load("auxbus", NEWEST).series("to look")
    assert all(dict(one.tree) for one in (spec.start, *(step.design for step in spec.steps)))
    plain: Any = load("auxbus", AS_WRITTEN).series("to look")
    assert plain.steps[-1].design == AUXBUS
