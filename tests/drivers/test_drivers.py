# SPDX-License-Identifier: GPL-2.0-only
"""The drivers beside portdrv are those of the pinned kernel, and small wrongs in them are seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from other_drivers import DRIVERS, NOT_BUILT

from checks.finding import Severity
from checks.patches.conformance import hold, sources
from generator.design import Driver
from generator.fingerprint import Fingerprint
from generator.kernel.configurations import CONFIGS
from generator.kernel.kbuild import prepare
from generator.operation import Operation
from generator.ops import shipped
from generator.reading.initialisers import entry_points

# functions that are one step to the model: what a register, or a struct, is about
WHOLE = (
    "pcie_pme_interrupt_enable", "cxl_rch_enable_rcec", "pcie_aer_is_native",
    "pcie_hotplug_depth", "dbg_ctrl", "pcie_write_cmd", "pcie_write_cmd_nowait",
    "pcie_pme_check_wakeup", "pciehp_device_replaced", "pciehp_check_link_active",
    "pciehp_get_power_status", "pciehp_power_off_slot", "pciehp_card_present_or_link_active",
    "cxl_pci_mbox_wait_for_doorbell", "cxl_rcrb_get_comp_regs", "cxl_pmu_parse_caps",
)
# what only prints, or is gone when the compiler is done; one on either side of a swap is enough
_SAYS = re.compile(
    r"(: |<> )(if \([^;{]*\) )?((pci|ctrl|dev|cxl)_(info|err|warn|dbg)|BUILD_BUG_ON)\("
)
_LOG = "only what is printed depends on it"
_WAIT = "how long it waits is no operation"
_SAME = "the same either way: only addresses and constants are computed"
_NUMBER = "which message number it is: the irq that it gives is the operation"
_ANEW = "what comes back from a call that is not followed is the same, whatever it got"
_NOTE = "what the driver notes for its perf callbacks, which are not followed"
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
    "cxl_pci_setup_mailbox: delete: timeout =": _WAIT,
    "cxl_pci_setup_mailbox: swap: timeout =": _WAIT,
    "cxl_pci_setup_mailbox: swap: if (!(cap & CXLDEV_MBOX_CAP_BG_CMD_IRQ)": _NUMBER,
    "cxl_pci_ras_unmask: swap: orig_val = readl(addr); <> mask =": _SAME,
    "cxl_pci_ras_unmask: device: pci_get_drvdata(pdev)": _ANEW,
    "cxl_event_get_int_policy: negate: rc < 0": _LOG,
    "cxl_pci_type3_init_mailbox: device: cxl_mailbox_init": "one device is enough to name it by",
    "cxl_pci_probe: swap: if (IS_ERR(mds)) return PTR_ERR(mds); <> cxlds = &mds->cxlds;": _SAME,
    "cxl_pci_probe: delete: if (!cxlds->reg_map.component_map.ras.valid)": _LOG,
    "cxl_pci_probe: negate: !cxlds->cxl_dvsec": _LOG,
    "cxl_pci_probe: negate: !cxlds->reg_map.component_map.ras.valid": _LOG,
    "cxl_pci_probe: negate: rc": _LOG,
    "cxl_pci_probe: negate: cxl_pci_ras_unmask(pdev)": _LOG,
    "cxl_pci_probe: device: is_cxl_restricted(pdev)": _ANEW,
    "cxl_pci_probe: device: pci_find_dvsec_capability(": _ANEW,
    "cxl_pmu_probe: delete: info->base =": _NOTE,
    "cxl_pmu_probe: delete: info->on_cpu =": _NOTE,
    "cxl_pmu_probe: delete: info->pmu =": _NOTE,
    "cxl_pmu_probe: delete: info->irq =": _NOTE,
    "cxl_pmu_probe: swap: INIT_LIST_HEAD(&info->event_caps_configurable); <>": _NOTE,
    "cxl_pmu_probe: swap: info->": _NOTE,
    "cxl_pmu_probe: swap: if (rc) return rc; <> info->irq = irq;": _NOTE,
    "cxl_pmu_probe: swap: if (rc < 0) return rc; <> irq = rc;": _SAME,
    "cxl_pmu_probe: swap: irq = rc; <> irq_name =": _SAME,
    "cxl_pmu_probe: delete: break": "the same either way: the last case of a switch",
}


def test_operations_of_the_same_call_are_found_by_the_same_fingerprint() -> None:
    """One that differs would be the one that counts, or not, by the names of their modules."""
    found: dict[str, Fingerprint] = {}
    for facility, space in shipped().items():
        for value in space.values():
            if isinstance(value, Operation) and value.fingerprint is not None:
                for callee in value.fingerprint.callees:
                    first = found.setdefault(callee, value.fingerprint)
                    assert first == value.fingerprint, f"{facility}: {value.name}"


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
    does = (*driver.entries(), *driver.callbacks())
    entries = [named.members[entry] for entry in does if entry in named.members]
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

    pinned: dict[str, bytes] = {}  # one for all, so that a driver's other file is parsed once
    tasks = [
        Task(base, pinned, (driver,), path, mutant)
        for driver in DRIVERS.values()
        for path, mutant in _mutants(driver, sources(base, pinned, driver.sources).units)
    ]
    results = judge(tasks)
    missed = sum(not found for _, found in results)
    assert len(results) > 800
    assert missed <= len(results) // 10, f"{missed} of {len(results)} not seen"
    assert unexplained(results, UNSEEN) == ""
