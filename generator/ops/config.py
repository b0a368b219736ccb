# SPDX-License-Identifier: GPL-2.0-only
"""Writes to config space and walks over buses (drivers/pci/access.c, drivers/pci/bus.c).

What a register is for is the driver's: `switching()` makes a write turn an interrupt source.
"""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Role
from generator.facts import SOURCE
from generator.operation import Operation, ok, sets
from generator.ops.assign import plain

USER = Role("user")

PCI_WRITE_CONFIG_WORD = plain("pci_write_config_word")
PCI_WRITE_CONFIG_DWORD = plain("pci_write_config_dword")
PCIE_CAPABILITY_WRITE_WORD = plain("pcie_capability_write_word")
PCIE_CAPABILITY_CLEAR_WORD = plain("pcie_capability_clear_word")

PCI_WALK_BUS = replace(
    plain("pci_walk_bus", at=".subordinate", args=(1,)), shown=("callback",)
)
PCIE_WALK_RCEC = replace(plain("pcie_walk_rcec", args=(1,)), shown=("callback",))
DEVICE_SET_WAKEUP_CAPABLE = plain("device_set_wakeup_capable", at=".dev")



def switching(write: Operation, live: bool, text: str = "") -> Operation:
    """Return a write to a port's register by which a user's interrupt source goes on or off.

    text: what the fingerprint's further argument is, where it has one.
    """
    assert write.fingerprint is not None
    return Operation(
        f"{write.name}, source {'on' if live else 'off'}",
        ("dev", "user"),
        (ok(sets(SOURCE(USER), int(live))),),
        source=write.source,
        fingerprint=write.fingerprint,
        shown=(text,) if text else (),
        at=write.at,
        sleeps=False,
        needs_d0="user",
    )
