# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but a port with services does not get bus mastering."""

from __future__ import annotations

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused

REFUSED = Refusal(
    "R10b", "a port with services does not get bus mastering",
    r"bus mastering: on; seen: off", ("boot", "load", "count"),
)
DESIGN, SERIES = refused(
    "r10b-no-bus-mastering",
    rewrite.functions(
        auxbus.DESIGN, "pcie_port_device_register",
        lambda body: rewrite.around(body, "pci_set_master", keep=False),
    ),
)
