# SPDX-License-Identifier: GPL-2.0-only
"""Port services without a struct device: the library calls them, nothing binds.

Each pair stands for what one service does to the port: pcie_pme_interrupt_enable(),
aer_enable_rootport(), dpc_enable(), pcie_enable_notification(), and their opposites.
"""

from __future__ import annotations

from generator.expr import Role
from generator.facts import BOUND, PHASE, SOURCE, UNBOUND
from generator.operation import Operation, ok, sets

USER = Role("user")

STOP_SERVICE = Operation(
    "stop service",
    ("user",),
    (ok(sets(SOURCE(USER), 0), sets(PHASE(USER), UNBOUND)),),
    source="drivers/pci/pcie/aer.c aer_disable_rootport(), drivers/pci/pcie/dpc.c dpc_disable()",
    sleeps=False,
    needs_d0="user",
    idempotent=True,
)

START_SERVICE = Operation(
    "start service",
    ("user",),
    (ok(sets(SOURCE(USER), 1), sets(PHASE(USER), BOUND)),),
    source="drivers/pci/pcie/aer.c aer_enable_rootport(), drivers/pci/pcie/dpc.c dpc_enable()",
    undo=STOP_SERVICE,
    sleeps=False,
    needs_d0="user",
)
