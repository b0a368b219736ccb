# SPDX-License-Identifier: GPL-2.0-only
"""The interrupt source in a device: a driver turns it on and off, or turns the device down.

How that is written differs from one device to the next, so these have no C of their own;
`source()` gives a pair that has.
"""

from __future__ import annotations

from dataclasses import replace

from generator.expr import TRUE, Role
from generator.facts import QUIET, SOURCE, UNHEARD
from generator.fingerprint import Fingerprint
from generator.operation import Operation, fail, ok, sets

USER = Role("user")

DISABLE_SOURCE = Operation(
    "disable source",
    ("user",),
    (ok(sets(SOURCE(USER), 0), sets(QUIET(USER), 1)),),
    source="the driver's own write to its device, as drivers/pci/pcie/dpc.c dpc_disable()",
    sleeps=False,
    needs_d0="user",
    idempotent=True,
)

ENABLE_SOURCE = Operation(
    "enable source",
    ("user",),
    (ok(sets(SOURCE(USER), 1)),),
    source="the driver's own write to its device, as drivers/pci/pcie/dpc.c dpc_enable()",
    undo=DISABLE_SOURCE,
    sleeps=False,
    needs_d0="user",
)

POLL_STATUS = Operation(
    "poll status",
    ("user",),
    (ok(sets(UNHEARD(USER), 0)),),
    source="the driver's own look for what no interrupt told, as drivers/pci/pcie/pme.c does when "
    "it polls",
    sleeps=False,
    needs_d0="user",
)

# The driver turns a device down for its message number: drivers/perf/cxl_pmu.c cxl_pmu_probe()
# takes the irq 0 of its own numbering for "no interrupt".
REFUSE = Operation(
    "refuse the irq",
    ("user",),
    (fail("-EINVAL", TRUE),),
    source="the driver's own test of the number that it was given",
    sleeps=False,
)


def source(enable: str, disable: str) -> tuple[Operation, Operation]:
    """Return the pair for a driver whose functions of these names switch its source."""
    off = replace(DISABLE_SOURCE, name=disable, fingerprint=Fingerprint((disable,)))
    on = replace(ENABLE_SOURCE, name=enable, fingerprint=Fingerprint((enable,)), undo=off)
    return on, off
