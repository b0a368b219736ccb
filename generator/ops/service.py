# SPDX-License-Identifier: GPL-2.0-only
"""What drivers of port services do beside interrupts (drivers/pci/pcie, drivers/pci/hotplug)."""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Role
from generator.facts import MEMORY, SILENCED
from generator.fingerprint import Fingerprint
from generator.operation import Operation, fault, ok, sets
from generator.ops.assign import plain
from generator.ops.config import switching
from generator.ops.device import KFREE, KZALLOC
from generator.ops.pci import PCIE_PME_INTERRUPT_ENABLE

USER = Role("user")

KFREE_DATA = Operation(
    "kfree driver data",
    ("user",),
    (ok(sets(MEMORY(USER), 0)),),
    source="mm/slub.c kfree()",
    fingerprint=KFREE.fingerprint,
)
KZALLOC_DATA = Operation(
    "kzalloc driver data",
    ("user",),
    (ok(sets(MEMORY(USER), 1), sets(SILENCED(USER), 0)), fault("-ENOMEM")),
    source="include/linux/slab.h kzalloc()",
    fingerprint=KZALLOC.fingerprint,
    undo=KFREE_DATA,
)
SET_SERVICE_DATA = replace(plain("set_service_data", args=(1,)), shown=("data",))

PME_INTERRUPT_OFF = switching(PCIE_PME_INTERRUPT_ENABLE, False, "false")
PME_INTERRUPT_ON = switching(PCIE_PME_INTERRUPT_ENABLE, True, "true")
PCIE_CLEAR_ROOT_PME_STATUS = plain("pcie_clear_root_pme_status")
CXL_RCH_ENABLE_RCEC = plain("cxl_rch_enable_rcec")
PCI_ADD_EXT_CAP_SAVE_BUFFER = plain("pci_add_ext_cap_save_buffer", args=(1,))
PCI_ADD_EXT_CAP_SAVE_BUFFER = replace(PCI_ADD_EXT_CAP_SAVE_BUFFER, shown=("capability",))
PCIE_PME_CHECK_WAKEUP = plain("pcie_pme_check_wakeup", at=".subordinate")

# A callback of a service's driver, through a pointer: drivers/pci/pcie/portdrv.c
# pcie_port_device_iter().
CALLED = Fingerprint(("->cb",), on=0)
