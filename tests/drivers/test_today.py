# SPDX-License-Identifier: GPL-2.0-only
"""The design `today` is the port driver of the pinned kernel, and small wrongs in it are seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from port_driver import ENTRIES, PORTDRV, UNSEEN

from checks.finding import Severity
from checks.patches.conformance import hold, sources
from generator.designs.today import DESIGN
from generator.kernel.configurations import CONFIGS
from generator.kernel.kbuild import prepare


@pytest.mark.kernel
@pytest.mark.parametrize("name", CONFIGS)
def test_the_design_is_the_pinned_port_driver(name: str, pinned: Any):
    found = hold(DESIGN, sources(prepare(pinned, CONFIGS[name]), {}, [PORTDRV]))
    assert [str(one) for one in found] == []


@pytest.mark.kernel
def test_an_operation_less_in_the_kernel_is_told_at_its_place(base: Any, pinned: Any):
    text = (pinned.work / PORTDRV).read_bytes()
    less = text.replace(b"\tpci_save_state(dev);\n", b"\t;\n", 1)
    behind = less[: less.index(b"dev_pm_set_driver_flags(")].count(b"\n") + 1
    (found,) = hold(DESIGN, sources(base, {PORTDRV: less}, [PORTDRV], "saves nothing"))
    assert (found.rule, found.severity) == ("waypoint", Severity.ERROR)
    assert (found.path, found.line, found.column) == (PORTDRV, behind, 2)
    assert (found.commit, found.config) == ("saves nothing", "m")
    # by hand: the shortest way to it is a port that no service wants anything of
    assert found.notes[0].startswith("  1. both do (pci_is_pcie(dev)) true (line ")
    assert found.notes[-3].startswith(" 15. both do (capabilities) false (line ")
    assert found.notes[-2] == "design does pci_save_state(pci_dev): ok"
    assert found.notes[-1] == f"C does dev_pm_set_driver_flags(pci_dev.dev): ok (line {behind})"


@pytest.mark.kernel
def test_entry_points_that_only_one_side_has_are_findings(base: Any):
    c = sources(base, {}, [PORTDRV])
    (driver,) = DESIGN.drivers
    (less,) = hold(replace(driver, shutdown=None), c)
    assert "names shutdown = pcie_portdrv_shutdown, the design has none" in less.message
    text = c.units[PORTDRV].text.replace(b"\t.shutdown\t= pcie_portdrv_shutdown,\n", b"")
    (more,) = hold(driver, sources(base, {PORTDRV: text}, [PORTDRV]))
    assert "the design has shutdown" in more.message
    (gone,) = hold(replace(driver, variable="pcie_other_driver"), c)
    assert "no initialiser pcie_other_driver" in gone.message


@pytest.mark.kernel
@pytest.mark.slow
def test_nine_of_ten_small_wrongs_in_the_kernel_are_told_from_the_design(base: Any):
    from mutate import Task, judge, mutants, reached, unexplained

    unit = sources(base, {}, [PORTDRV]).units[PORTDRV]
    tasks = [
        Task(base, {}, DESIGN.drivers, PORTDRV, mutant)
        for mutant in mutants(unit, reached(ENTRIES, unit))
    ]
    results = judge(tasks)
    missed = sum(not found for _, found in results)
    assert len(results) > 300
    assert {mutant.kind for mutant, _ in results} == {"delete", "swap", "negate", "device"}
    assert missed <= len(results) // 10, f"{missed} of {len(results)} not seen"
    assert not unexplained(results, UNSEEN)
