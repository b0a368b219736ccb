# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but a port is disabled twice when it is unbound."""

from __future__ import annotations

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused
from generator.drivers.portdrv_services import PORT
from generator.ops.pci import PCI_DISABLE_DEVICE

REFUSED = Refusal(
    "R36", "a port is disabled twice when it is unbound",
    r"disabling already-disabled device", ("boot", "load", "rebind"),
)
DESIGN, SERIES = refused(
    "r36-disabled-twice",
    rewrite.entry(
        auxbus.DESIGN, "pcieport", "remove", lambda block: (*block, PCI_DISABLE_DEVICE(PORT))
    ),
)
