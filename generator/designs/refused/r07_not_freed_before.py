# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but the vectors are not freed before another number of them is allocated."""

from __future__ import annotations

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused

REFUSED = Refusal(
    "R07", "the vectors are not freed before another number of them is allocated",
    r"WARNING: .*drivers/pci/msi/msi\.c", ("boot",),
)
DESIGN, SERIES = refused(
    "r07-not-freed-before",
    rewrite.functions(
        auxbus.DESIGN, "pcie_port_resize_irq_vec",
        lambda body: rewrite.around(body, "pci_free_irq_vectors", keep=False),
    ),
)
