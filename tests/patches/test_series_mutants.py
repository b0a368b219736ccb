# SPDX-License-Identifier: GPL-2.0-only
"""One operation removed, moved or aimed elsewhere in the series' C is seen against its design."""

from __future__ import annotations

from typing import Any

import pytest
from drawn import drawn

from generator.graphs.design_lts import fingerprints

ENTRIES = ("probe", "remove", "shutdown")
# beginnings of mutants of the last commit that its design does not tell from it -> why
_TOLD = "a message: nothing hangs on it"
_READS = "it only reads the struct, or registers that do not change, and nothing is between"
_LONGER = "no removal, swap or retarget: one walk after the other is a walk over a longer list"
_OTHER = "dead code in this configuration: HOTPLUG_PCI_PCIE=y"
_SAME = "both statements ask the same and do the same"
_LOCK = "no fact of a design; what is rendered is held to it word by word, by another check"
_APART = "neither uses what the other sets up, and nobody else sees it before both are done"
UNSEEN = {
    "cxl_pmu_setup_info: delete: raw_spin_lock_init(&info->lock)": _LOCK,
    "cxl_pmu_setup_info: swap: dev_set_drvdata(dev, info); <> raw_spin_lock_init(": _APART,
    "cxl_pmu_setup_info: swap: raw_spin_lock_init(&info->lock); <> INIT_LIST_HEAD(": _APART,
    "get_port_device_capability: delete: if (!IS_ENABLED(CONFIG_HOTPLUG_PCI_PCIE))": _OTHER,
    "get_port_device_capability: delete: pcie_capability_clear_word": _OTHER,
    "get_port_device_capability: device: pcie_capability_clear_word": _OTHER,
    "get_port_device_capability: swap: services |= PCIE_PORT_SERVICE_HP;": _OTHER,
    "pcie_cxlpmu_discover_block: swap: pci_read_config_dword(dev, pos, &reg_lo);"
    " <> pci_read_config_dword(dev, pos + 4,":
    "two reads of read-only registers into two variables, which are used behind both",
    "pcie_cxlpmu_discover: swap: if (dev->hdr_type != PCI_HEADER_TYPE_BRIDGE) return;": _READS,
    "pcie_cxlpmu_discover: twice: regloc =": _READS,
    "pcie_cxlpmu_block_start: twice: len =": _READS,
    "pcie_cxlpmu_block_start: swap: if (bar > 1) return 0; <> flags =": _READS,
    "pcie_cxlpmu_block_start: swap: if (flags & IORESOURCE_UNSET) return 0; <> len =": _READS,
    "pcie_cxlpmu_discover: swap: end = min(end, PCI_CFG_SPACE_EXP_SIZE); <> pos =":
    "two local variables, neither is computed from the other",
    "pcie_cxlpmu_add_device: twice: ret = PTR_ERR(child)": "the same value again",
    "pcie_cxlpmu_block_start: delete: return 0":
    "no operation, but wrong: what a block's address is computed from is not in the design",
    "pcie_cxlpmu_discover_block: delete: pci_info(": _TOLD,
    "pcie_cxlpmu_discover_block: twice: pci_info(": _TOLD,
    "pcie_cxlpmu_discover_block: swap: pci_info(": _TOLD,
    "pcie_cxlpmu_assign_irq: delete: pci_info(": _TOLD,
    "pcie_cxlpmu_assign_irq: twice: pci_info(": _TOLD,
    "pcie_cxlpmu_assign_irq: swap: pci_info(": _TOLD,
    "pcie_cxlpmu_add_all: delete: if (ret < 0) pci_warn(": _TOLD,
    "pcie_cxlpmu_add_all: delete: pci_warn(": _TOLD,
    "pcie_cxlpmu_add_devices: delete: pci_info(": _TOLD,
    "pcie_cxlpmu_add_devices: twice: pci_info(": _TOLD,
    "pcie_cxlpmu_add_devices: swap: pci_info(": _TOLD,
    "pcie_cxlpmu_serve_port: delete: pci_info(": _TOLD,
    "pcie_cxlpmu_serve_port: twice: pci_info(": _TOLD,
    "pcie_cxlpmu_serve_port: swap: pci_info(": _TOLD,
    "pcie_cxlpmu_add_devices: twice: pcie_cxlpmu_assign_irqs(": _LONGER,
    "pcie_cxlpmu_add_devices: twice: pcie_cxlpmu_add_all(": _LONGER,
    "pcie_cxlpmu_serve_port: twice: pcie_cxlpmu_assign_irqs(": _LONGER,
    "pcie_cxlpmu_serve_port: twice: pcie_cxlpmu_add_all(": _LONGER,
    "cxl_pmu_setup_perf: far: if (rc) return rc; <> if (rc) return rc;": _SAME,
    "cxl_pmu_aux_probe: far: if (rc < 0) return rc; <> if (rc) return rc;": _SAME,
    "cxl_pmu_aux_probe: far: if (rc) return rc; <> if (rc) return rc;": _SAME,
}


def tasks_of(base: Any, commit: Any) -> list[Any]:
    """Every mutant of the calls on the way from the entry points of the design's drivers.

    Of functions that the kernel does not have, every statement counts, not only known calls.
    """
    from mutate import Task, mutants, reached

    from checks.patches.conformance import parsed
    from generator.kernel import variant
    from generator.reading.initialisers import entry_points

    names = {name for one in fingerprints() for name in one.callees}
    at = variant.at(base, commit.overlay)
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
        functions = reached([*starts, *released(driver)], *units.values(), whole=names)
        calls = names.union(functions)
        for path, unit in units.items():
            pinned = base.tree.work / path
            text = pinned.read_bytes() if pinned.exists() else b""
            new = {name for name in functions if f"{name}(".encode() not in text}
            chosen = [
                *mutants(unit, set(functions) - new, calls),
                *(one for one in mutants(unit, new, further=True) if one.kind != "negate"),
            ]
            found += [Task(at, commit.overlay, (driver,), path, one) for one in chosen]
    return found


def released(driver: Any) -> list[str]:
    """The functions that take the devices of a driver away with their last reference."""
    from generator.program import operations

    labels = [do.op.label for do in operations(driver.probe) if do.op.label is not None]
    return [value for _, path, value in labels if path.endswith(".release")]


def _argued(task: Any) -> bool:
    one = task.mutant
    return f"{one.function}: {one.kind}: {one.what}".startswith(tuple(UNSEEN))


@pytest.mark.kernel
@pytest.mark.slow
def test_every_operation_of_the_last_commit_counts(made: Any, base: Any, whole: bool):
    from mutate import judge, unexplained

    tasks = tasks_of(base, made.commits[-1])
    assert len(tasks) > 800
    chosen = [one for one in tasks if whole or _argued(one) or drawn(str(one.mutant), 2)]
    results = judge(chosen)
    assert len(results) > 400
    assert not unexplained(results, UNSEEN)
