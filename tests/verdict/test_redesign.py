# SPDX-License-Identifier: GPL-2.0-only
"""A shipped design damaged in one place is refused, or comes to the same facts, or is argued for.

Of the design that patches are made of one of OURS_EVERY changes is tried, of the others one of
EVERY: see drawn.py. With `--whole` all are, in half an hour.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import damage
import pytest
from drawn import drawn

from generator.kernel.tree import Tree, read
from generator.load import names

EVERY, OURS_EVERY = 36, 8
OURS = "auxbus"
REFUSED = ("core-prebind",)  # by itself
NAMES = tuple(name for name in names() if name not in REFUSED)

# What reaches other facts than its design, and breaks no rule: why it is right all the same.
ARGUED: dict[str, str] = {
    "pcieport.probe: drop: pm_runtime_allow(port)":
        "who wants the port to sleep can still say so in power/control",
    "pcieport.shutdown: drop: pm_runtime_forbid(port)":
        "device_shutdown() holds the port in D0 before it calls .shutdown",
    "pcieport.shutdown: drop: pm_runtime_get_noresume(port)":
        "device_shutdown() holds the port in D0 before it calls .shutdown",
    "cxl_pmu.shutdown: drop: quiesce(cpmu)":
        "the port's .shutdown deletes the device, which quiesces it: a moment later",
    "pcie_cxlpmu_serve_port: drop: pcie_cxlpmu_any_irq()":
        "pcie_cxlpmu_any_child() gives up as well, and bus mastering of a bridge may stay set",
    "pcie_cxlpmu_serve_port: swap: pcie_cxlpmu_any_irq() <> pci_set_master(port)":
        "bus mastering of a bridge may stay set where it serves nobody: R09 minds who clears it",
    "pcie_port_device_register: drop: pci_clear_master(port)":
        "bus mastering of a bridge may stay set where it serves nobody: R09 minds who clears it",
    "pcie_port_device_register: swap: pci_clear_master(port) <> Leave":
        "it is not come to then, which is as if it were dropped",
    "pcie_port_device_register: swap: if (Not) <> pci_set_master(port)":
        "a port without services masters the bus before it gets nothing: a bridge may",
    "pcie_cxlpmu_add_devices: swap: if (Not) <> pcie_cxlpmu_assign_irqs()":
        "on INTx pci_irq_vector() gives a CPMU the number of the line, which portdrv notes: only "
        "who adds its device reads that, which is not come to",
    "pcie_port_device_register: drop: cxl_find_regblock_instance(port)":
        "flat-extended calls it only because it may, and uses nothing of it: one thing less fails",
}


def told(key: str) -> str:
    """Return a change as ARGUED has it: flat-extended has portdrv a second time, as cxl_port."""
    return key.partition(": ")[2].replace("cxl_port.", "pcieport.", 1)


def argued(key: str) -> bool:
    """Return whether a change is among ARGUED: by its beginning, in any design."""
    return told(key).startswith(tuple(ARGUED))


def _fate(name: str, key: str) -> str:
    return damage.fate(name, key)


@pytest.mark.slow
def test_damage_in_one_place_is_refused_or_changes_nothing(whole: bool) -> None:
    chosen = [(name, key) for name in NAMES for key in damage.damaged(name)
              if whole or drawn(key, OURS_EVERY if name == OURS else EVERY)]
    assert len(chosen) > (1500 if whole else 70)
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
        fates = dict(zip(chosen, pool.map(_fate, *zip(*chosen, strict=True), chunksize=2),
                         strict=True))
    other = {key for (_, key), fate in fates.items() if fate == damage.OTHER}
    missed = sorted(key for key in other if not argued(key))
    assert not missed, "reaches other facts, and no rule minds:\n" + "\n".join(missed)
    idle = sorted(key for (_, key), fate in fates.items() if argued(key) and fate != damage.OTHER)
    assert not idle, "argued for, and needs no argument:\n" + "\n".join(idle)
    assert len(set(fates.values()) - {damage.SAME, damage.OTHER}) >= 10
    if whole:
        needed = {one for one in ARGUED if any(told(key).startswith(one) for key in other)}
        assert needed == ARGUED.keys()


def test_what_is_argued_for_is_there() -> None:
    changes = [told(key) for name in NAMES for key in damage.damaged(name)]
    stale = [key for key in ARGUED if not any(one.startswith(key) for one in changes)]
    assert not stale, "there is no such change any more:\n" + "\n".join(stale)


def test_a_change_that_only_moves_what_commutes_is_the_same() -> None:
    """auxiliary_device_uninit() drops the device, ida_free() its number: neither asks the other."""
    key = "auxbus: pcie_cxlpmu_delete_device: swap: auxiliary_device_uninit(cpmu) <> ida_free(cpmu)"

    assert damage.fate("auxbus", key) == damage.SAME


def test_a_port_that_is_not_allowed_to_sleep_reaches_other_facts() -> None:
    assert damage.fate("today", "today: pcieport.probe: drop: pm_runtime_allow(port)") == (
        damage.OTHER)


def test_sleep_and_recovery_are_looked_at_beside_a_device_without_a_driver() -> None:
    aimed = "pci_restore_state(port) -> pci_restore_state(other)"

    assert damage.fate("today", f"today: pcieport.slot_reset: retarget: {aimed}") == "N11"


def test_a_driver_that_forgets_its_vectors_is_refused() -> None:
    key = "today: pcie_port_device_remove: drop: pci_free_irq_vectors(port)"

    assert damage.fate("today", key) not in (damage.SAME, damage.OTHER)


def test_hotplug_that_stays_on_in_d3_is_refused() -> None:
    key = "today: pcie_port_device_iter: drop: pciehp_runtime_suspend(service)"

    assert damage.fate("today", key) == "N15"


def test_a_driver_that_adds_no_vector_of_its_own_is_refused() -> None:
    key = "msix-subdevice: cxl_pmu.probe: drop: pci_subdev_msix_alloc_at(port, cpmu)"

    assert damage.fate("msix-subdevice", key) == "R16"


def test_what_was_restored_can_be_restored_again() -> None:
    """pci_restore_state() clears state_saved, which it does not ask: saved_config_space stays."""
    key = "today: pcieport.slot_reset: drop: pci_save_state(port)"

    assert damage.fate("today", key) == damage.SAME


@pytest.mark.kernel
def test_the_pinned_kernel_restores_without_asking_whether_it_has_saved(pinned: Tree) -> None:
    """Kernels before asked, and lost the configuration at a second reset without a new save."""
    source = read(pinned, pinned.base, "drivers/pci/pci.c")
    assert source is not None
    body = source.decode().partition("\nvoid pci_restore_state(")[2].partition("\n}")[0]

    assert body.count("state_saved") == 1
    assert "dev->state_saved = false;" in body
