# SPDX-License-Identifier: GPL-2.0-only
"""One operation removed, moved or aimed elsewhere in the series' C is seen against its design."""

from __future__ import annotations

from typing import Any

import pytest

from generator.projection import fingerprints

ENTRIES = ("probe", "remove", "shutdown")
# beginnings of mutants of the last commit that its design does not tell from it -> why
UNSEEN = {
    "pcie_cxlpmu_discover_block: swap: pci_read_config_dword(dev, pos, &reg_lo);"
    " <> pci_read_config_dword(dev, pos + 4,":
    "two reads of read-only registers into two variables, which are used behind both",
    "pcie_cxlpmu_discover_block: swap: set->nr_blocks++":
    "pcie_cxlpmu_block_start() is not given the set, and index has the number already",
    "pcie_cxlpmu_discover: swap: INIT_LIST_HEAD(&found->pmus);":
    "one writes a list that nobody else has yet, the other a local variable",
    "pcie_cxlpmu_init_child: swap: child->index = pmu->index":
    "auxiliary_device_init() looks at the parent, the name and the struct device only",
    "cxl_pmu_setup_info: swap: dev_set_drvdata(dev, info)":
    "one writes the struct device, the other the lists of info; no callback can run yet",
    "cxl_pmu_setup_info: swap: info->on_cpu = -1":
    "cxl_pmu_parse_caps() neither reads nor writes on_cpu, and perf is not registered yet",
}


def tasks_of(base: Any, commit: Any) -> list[Any]:
    """Every mutant of the calls on the way from the entry points of the design's drivers."""
    from mutate import Task, mutants, reached

    from checks.waypoint import parsed
    from generator import kbuild
    from generator.clts import entry_points

    names = {name for one in fingerprints() for name in one.callees}
    at = kbuild.at(base, commit.overlay)
    found = []
    for driver in commit.design.drivers:
        units = {path: parsed(at, path, commit.overlay) for path in driver.sources}
        starts = [
            one.members[entry]
            for unit in units.values()
            for one in entry_points(unit)
            if one.name == driver.variable
            for entry in ENTRIES
            if entry in one.members
        ]
        functions = reached(starts, *units.values(), whole=names)
        calls = names.union(functions)
        for path, unit in units.items():
            found += [
                Task(at, commit.overlay, (driver,), path, mutant)
                for mutant in mutants(unit, functions, calls)
            ]
    return found


@pytest.mark.kernel
@pytest.mark.slow
def test_every_operation_of_the_last_commit_counts(pinned: Any, base: Any):
    from mutate import judge, unexplained

    from generator import series
    from generator.designs import auxbus

    commit = series.generate(auxbus.SERIES, pinned).commits[-1]
    results = judge(tasks_of(base, commit))
    assert len(results) > 300
    assert not unexplained(results, UNSEEN)
