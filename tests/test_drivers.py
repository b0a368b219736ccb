# SPDX-License-Identifier: GPL-2.0-only
"""The drivers beside portdrv are those of the pinned kernel, and small wrongs in them are seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from checks.finding import Severity
from checks.waypoint import hold, sources
from generator.clts import entry_points
from generator.design import Driver
from generator.kbuild import CONFIGS, prepare
from generator.pciehp import pciehp
from generator.services import aer, dpc, pme

DRIVERS = {driver.name: driver for driver in (pme(), aer(), dpc(), pciehp())}
# what the configuration leaves out, read off the Makefiles and Kconfig of drivers/pci/pcie
NOT_BUILT = {("pcie_pme", "no-pm"), ("aer", "no-aer"), ("dpc", "no-aer")}
# functions that are one step to the model: what a register, or a struct, is about
WHOLE = (
    "pcie_pme_interrupt_enable", "cxl_rch_enable_rcec", "pcie_aer_is_native",
    "pcie_hotplug_depth", "dbg_ctrl", "pcie_write_cmd", "pcie_write_cmd_nowait",
    "pciehp_get_power_status", "pciehp_power_off_slot", "pciehp_card_present_or_link_active",
)
# what only prints, or is gone when the compiler is done; one on either side of a swap is enough
_SAYS = re.compile(r"(: |<> )(if \([^;{]*\) )?((pci|ctrl|dev)_(info|err|warn|dbg)|BUILD_BUG_ON)\(")
_LOG = "only what is printed depends on it"
_NAME = "the name of a slot is no fact"
_FIFO = "INIT_KFIFO() expands to assignments alone, and no lifecycle hangs on them"
# beginnings of mutants that the model does not tell from the kernel -> why
UNSEEN = {
    "aer_probe: delete: INIT_KFIFO": _FIFO,
    "aer_probe: swap: INIT_KFIFO": _FIFO,
    "aer_probe: swap: rpc->rpd = port; <> INIT_KFIFO": _FIFO,
    "init_slot: delete: snprintf": _NAME,
    "init_slot: swap: ctrl->hotplug_slot.ops = ops; <> snprintf": _NAME,
    "init_slot: swap: snprintf": _NAME,
    "pciehp_probe: negate: rc == -EBUSY": _LOG,
    "pciehp_request_irq: negate: retval": _LOG,
}


@pytest.mark.kernel
@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("driver", DRIVERS.values(), ids=DRIVERS)
def test_the_model_is_the_pinned_driver(driver: Driver, name: str, pinned: Any):
    c = sources(prepare(pinned, CONFIGS[name]), {}, driver.sources)
    found = hold(driver, c)
    assert not c.absent if (driver.name, name) not in NOT_BUILT else not c.units
    assert [str(one) for one in found if one.severity != Severity.NOTE] == []


def _mutants(driver: Driver, units: Any) -> Iterator[tuple[str, Any]]:
    from mutate import mutants, reached

    (named,) = [
        one for unit in units.values() for one in entry_points(unit) if one.name == driver.variable
    ]
    entries = [named.members[entry] for entry in driver.entries() if entry in named.members]
    within = reached(entries, *units.values(), whole=WHOLE)
    for path, unit in units.items():
        texts = {unit.text}  # a macro of several statements gives the same text more than once
        for mutant in mutants(unit, within):
            if mutant.text not in texts and not _SAYS.search(f": {mutant.what}"):
                texts.add(mutant.text)
                yield path, mutant


@pytest.mark.kernel
@pytest.mark.slow
def test_nine_of_ten_small_wrongs_in_a_driver_are_told_from_its_model(base: Any):
    from mutate import Task, judge, unexplained

    tasks = [
        Task(base, {}, (driver,), path, mutant)
        for driver in DRIVERS.values()
        for path, mutant in _mutants(driver, sources(base, {}, driver.sources).units)
    ]
    results = judge(tasks)
    missed = sum(not found for _, found in results)
    assert len(results) > 150
    assert missed <= len(results) // 10, f"{missed} of {len(results)} not seen"
    assert not unexplained(results, UNSEEN)
