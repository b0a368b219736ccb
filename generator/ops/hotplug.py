# SPDX-License-Identifier: GPL-2.0-only
"""Slots of the hotplug core, and the registers of a port's slot (drivers/pci/hotplug)."""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Role
from generator.facts import CALLBACKS, POLLED, SLOT, SOURCE
from generator.fingerprint import Fails, Fingerprint
from generator.operation import Operation, fault, ok, sets
from generator.ops.assign import plain
from generator.ops.device import KFREE, KZALLOC

USER = Role("user")
_INITIALISED, _ADDED = 1, 2

KFREE_CALLBACKS = Operation(
    "kfree slot callbacks",
    ("user",),
    (ok(sets(CALLBACKS(USER), 0)),),
    source="mm/slub.c kfree()",
    fingerprint=KFREE.fingerprint,
)
KZALLOC_CALLBACKS = Operation(
    "kzalloc slot callbacks",
    ("user",),
    (ok(sets(CALLBACKS(USER), 1)), fault("-ENOMEM")),
    source="include/linux/slab.h kzalloc()",
    fingerprint=KZALLOC.fingerprint,
    undo=KFREE_CALLBACKS,
)

PCI_HP_DESTROY = Operation(
    "pci_hp_destroy",
    ("user",),
    (ok(sets(SLOT(USER), 0), when=SLOT(USER).ne(_ADDED)), ok(when=SLOT(USER).eq(_ADDED))),
    source="drivers/pci/hotplug/pci_hotplug_core.c pci_hp_destroy(): leaves files that were added",
    fingerprint=Fingerprint(("pci_hp_destroy",), on=0),
    needs=(SLOT,),
)
PCI_HP_INITIALIZE = Operation(
    "pci_hp_initialize",
    ("user",),
    (ok(sets(SLOT(USER), _INITIALISED)), fault("-EBUSY")),
    source="pci_hotplug_core.c __pci_hp_initialize(): .reset_slot can be called",
    fingerprint=Fingerprint(("__pci_hp_initialize",), on=0, fails=Fails.NEGATIVE),
    undo=PCI_HP_DESTROY,
    needs=(CALLBACKS,),
)
PCI_HP_DEL = Operation(
    "pci_hp_del",
    ("user",),
    (ok(sets(SLOT(USER), _INITIALISED)),),
    source="drivers/pci/hotplug/pci_hotplug_core.c pci_hp_del()",
    fingerprint=Fingerprint(("pci_hp_del",), on=0),
    needs=(SLOT,),
)
PCI_HP_ADD = Operation(
    "pci_hp_add",
    ("user",),
    (ok(sets(SLOT(USER), _ADDED)), fault("-ENOMEM")),
    source="drivers/pci/hotplug/pci_hotplug_core.c pci_hp_add(): every callback may be called",
    fingerprint=Fingerprint(("pci_hp_add",), on=0, fails=Fails.NEGATIVE),
    undo=PCI_HP_DEL,
    needs=(SLOT,),
)

# What a command register is written with is a path or a constant only where C says so.
PCIE_WRITE_CMD = replace(plain("pcie_write_cmd", args=(1,)), shown=("command",), sleeps=True)
PCIE_WRITE_CMD_NOWAIT = replace(
    plain("pcie_write_cmd_nowait", args=(1,)), shown=("command",), sleeps=True
)
EVENTS_OFF = replace(
    PCIE_WRITE_CMD, name="pcie_write_cmd, events off", roles=("user",),
    outcomes=(ok(sets(SOURCE(USER), 0)),), needs_d0="user",
)
EVENTS_ON = replace(
    PCIE_WRITE_CMD_NOWAIT, name="pcie_write_cmd_nowait, events on", roles=("user",),
    outcomes=(
        ok(sets(SOURCE(USER), 1), when=POLLED(USER).eq(0)), ok(when=POLLED(USER).eq(1)),
    ),
    source="drivers/pci/hotplug/pciehp_hpc.c pcie_enable_notification(): HPIE unless polled",
    needs_d0="user",
)
EVENTS_ON_AGAIN = replace(
    EVENTS_ON, name="pcie_write_cmd, events on", fingerprint=PCIE_WRITE_CMD.fingerprint,
    sleeps=True,
    source="drivers/pci/hotplug/pciehp_hpc.c pcie_enable_interrupt(): HPIE unless polled",
)
PCIEHP_REQUEST = replace(plain("pciehp_request", args=(1,)), shown=("events",))
PCIEHP_GET_POWER_STATUS = plain("pciehp_get_power_status")
PCIEHP_CARD_PRESENT_OR_LINK_ACTIVE = plain("pciehp_card_present_or_link_active")
PCIEHP_POWER_OFF_SLOT = plain("pciehp_power_off_slot")
PCIE_HOTPLUG_DEPTH = plain("pcie_hotplug_depth")
DBG_CTRL = plain("dbg_ctrl")
PCI_GET_SLOT = plain("pci_get_slot")
PCI_GET_DSN = plain("pci_get_dsn")
PCI_DEV_PUT = plain("pci_dev_put")
PCIEHP_DEVICE_REPLACED = plain("pciehp_device_replaced")
PCIEHP_CHECK_LINK_ACTIVE = plain("pciehp_check_link_active")
