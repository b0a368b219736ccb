# SPDX-License-Identifier: GPL-2.0-only
"""One operation dropped, moved or aimed elsewhere in the series' design breaks a rule."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest
import redesign

from checks.explore import explore
from checks.judge import judge
from generator.cxlpmu import CPMU
from generator.design import Device
from generator.designs.auxbus import DESIGN
from generator.portdrv import PORT

OTHER = Device("other", "pci")
STRANGER = Device("stranger", "aux", PORT)

# Beginnings of changes that no rule reports, because they are without effect:
# nothing that comes later unwinds it: each failure behind it says itself what to do
_NOT_UNWOUND = (
    "cxl_pmu.probe: forget: the undo of pm_runtime_resume_and_get(port, cpmu)",
    "pcie_cxlpmu_add_device: forget: the undo of auxiliary_device_add(cpmu)",
    "pcie_cxlpmu_alloc_vectors: forget: the undo of pci_alloc_irq_vectors(port)",
    "pcie_cxlpmu_discover: forget: the undo of kzalloc note(port)",
    "pcie_cxlpmu_discover_block: forget: the undo of kzalloc note(cpmu)",
    "pcie_cxlpmu_get_irq: forget: the undo of pci_msix_alloc_irq_at(port, cpmu)",
    "pcie_cxlpmu_init_child: forget: the undo of auxiliary_device_init(cpmu)",
    "pcie_device_init: forget: the undo of device_register(service)",
    "pcie_device_init: forget: the undo of kzalloc(service)",
    "pcie_init_service_irqs: forget: the undo of pci_alloc_irq_vectors(port)",
    "pcie_port_alloc_irq_vec: forget: the undo of pci_alloc_irq_vectors(port)",
    "pcie_port_device_register: forget: the undo of pci_enable_device(port)",
    "pcie_port_resize_irq_vec: forget: the undo of pci_alloc_irq_vectors(port)",
)
# the managed action behind it has taken the undoing over
_TAKEN_OVER = (
    "cxl_pmu_setup_perf: forget: the undo of cpuhp_state_add_instance(cpmu)",
    "cxl_pmu_setup_perf: forget: the undo of perf_pmu_register(cpmu)",
)
# either may come first, no fact of the one is read or written by the other
_COMMUTE = (
    "cxl_pmu.probe: swap: cxl_pmu_setup_info() <> devm_kasprintf(cpmu)",
    "cxl_pmu.probe: swap: devm_add_action_or_reset[pm_runtime_put](port, cpmu, cpmu) ",
    "cxl_pmu_setup_irq: swap: devm_kasprintf(cpmu) <> devm_request_irq(cpmu, cpmu)",
    "pcie_cxlpmu_add_device: swap: ida_alloc(cpmu) <> pcie_cxlpmu_init_child()",
    "pcie_cxlpmu_add_devices: swap: if (Not) <> pcie_cxlpmu_assign_irqs()",
    "pcie_cxlpmu_alloc_vectors: swap: if (nvec == nr_entries) <> pci_free_irq_vectors",
    "pcie_cxlpmu_alloc_vectors: swap: nvec = 1() <> pci_alloc_irq_vectors(port)",
    "pcie_cxlpmu_delete_device: swap: auxiliary_device_uninit(cpmu) <> ida_free(cpmu)",
    "pcie_cxlpmu_discover_block: drop: pcie_cxlpmu_block_start()",
    "pcie_cxlpmu_discover_block: swap: pcie_cxlpmu_block_start() <> if (Not)",
    "pcie_cxlpmu_forget: swap: pci_set_drvdata NULL(port) <> for each cpmu",
    "pcie_cxlpmu_serve_port: swap: if (Not) <> pci_free_irq_vectors(port)",
    "pcie_port_device_register: swap: pci_enable_device(port) <> get_port_device_capa",
    "pcie_port_device_register: swap: pci_free_irq_vectors(port) <> pci_clear_master(",
    "pcie_port_device_register: swap: pcie_port_device_register:capabilities = ...() ",
    "pcie_port_device_remove: swap: pci_free_irq_vectors(port) <> pcie_cxlpmu_forget(",
    "pcie_port_resize_irq_vec: swap: if (dev->msix_enabled) <> pci_free_irq_vectors(p",
    "pcieport.probe: swap: if (type is RC_EC) <> pcie_port_device_register()",
)
# only reads the hardware: what it answers is a question, whoever asks it
_READS = (
    "pcie_port_device_register: drop: get_port_device_capability()",
    "pcie_port_device_register: swap: get_port_device_capability() <> pcie_port_devic",
)
# the port never sleeps, which breaks nothing
_AWAKE = (
    "pcieport.probe: drop: pm_runtime_allow(port)",
    "pcieport.probe: drop: pm_runtime_put_autosuspend(port)",
    "pcieport.probe: swap: pm_runtime_put_autosuspend(port) <> pm_runtime_allow(port)",
)
# the driver core holds the port in D0 around .remove
_CORE = (
    "pcieport.remove: swap: if (pci_bridge_d3_possible(dev)) <> pcie_port_device_remo",
    "pcieport.remove: swap: pm_runtime_forbid(port) <> pm_runtime_get_noresume(port)",
)
# kernel/irq/manage.c never looks at devname: without it /proc/interrupts shows no name, and
# kernel/irq/proc.c register_handler_proc() makes no directory
_NAME = ("cxl_pmu_setup_irq: drop: devm_kasprintf(cpmu)",)
# pcie_port_device_register() in drivers/pci/pcie/portdrv.c: with nothing left in it, the loop
# that follows registers nothing, and behind "out:" the vectors are freed all the same
_NOTHING_LEFT = (
    "pcie_port_device_register: swap: pcie_port_device_register:capabilities = &= PCI",
)
# what follows comes to the same: any_child() gives up too, deletion quiesces
_ANYWAY = (
    "cxl_pmu.shutdown: drop: quiesce(cpmu)",
    "cxl_pmu.shutdown: retarget: quiesce(cpmu) -> quiesce(stranger)",
    "pcie_cxlpmu_serve_port: drop: pcie_cxlpmu_any_irq()",
)
# device_shutdown() holds the port in D0 before .shutdown is called (drivers/base/core.c)
_HELD = (
    "pcieport.shutdown: drop: pm_runtime_forbid(port)",
    "pcieport.shutdown: drop: pm_runtime_get_noresume(port)",
    "pcieport.shutdown: swap: if (pci_bridge_d3_possible(dev)) <> pcie_port_device_re",
    "pcieport.shutdown: swap: pm_runtime_forbid(port) <> pm_runtime_get_noresume(port",
)
HARMLESS = (
    *_NOT_UNWOUND, *_TAKEN_OVER, *_COMMUTE, *_READS, *_AWAKE, *_CORE, *_NAME, *_NOTHING_LEFT,
    *_ANYWAY, *_HELD,
)  # fmt: skip


def strangers(device: Device, role: str) -> Device | None:
    """What a call on a device is aimed at instead."""
    if device == PORT:
        return OTHER
    if device == CPMU:
        return PORT if role == "owner" else STRANGER
    return None


_designs: list[redesign.Redesign] = []


def _reported(number: int) -> str:
    """How a changed design is reported: a rule and a trace; "" when it is not."""
    plainly = partial(explore, shorten=False)  # nobody reads these traces
    report = judge(_designs[number].design, first=True, seconds=300, sought=(), engine=plainly)
    if not report.counterexamples or not report.counterexamples[0].trace:
        return ""
    return report.counterexamples[0].rule


@pytest.mark.slow
def test_every_operation_of_the_design_counts():
    changed = redesign.redesigns(DESIGN, strangers)
    acting = [one for one in changed if one.acts]
    assert len(acting) > 250
    stale = [key for key in HARMLESS if not any(str(one).startswith(key) for one in acting)]
    assert not stale, "there is no such change any more:\n" + "\n".join(stale)
    _designs[:] = [one for one in acting if not str(one).startswith(HARMLESS)]
    # a design is inherited, not sent: what it names is told by identity
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
        rules = list(pool.map(_reported, range(len(_designs)), chunksize=4))
    missed = [str(one) for one, rule in zip(_designs, rules, strict=True) if not rule]
    assert not missed, "no rule reports:\n" + "\n".join(missed)
    assert len(set(rules)) >= 10
