# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but a child gets the vector of message 0, whatever its own message is."""

from __future__ import annotations

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused
from generator.drivers.pcie_cxlpmu import CPMU
from generator.drivers.portdrv_services import PORT
from generator.operation import Do
from generator.ops.irq import PCI_IRQ_VECTOR
from generator.program import Block


def _zero(body: Block) -> Block:
    (old,) = [one for one in body if isinstance(one, Do) and one.op.name == "pci_irq_vector"]
    c = {**dict(old.c), "nr": "0"}
    return rewrite.around(
        body, "pci_irq_vector", keep=False,
        before=(PCI_IRQ_VECTOR(PORT, CPMU, nr=0, fail=old.on_fail, c=c),),
    )


REFUSED = Refusal(
    "R19", "a child gets the vector of message 0, whatever its own message is",
    r"interrupt of auxiliary device \d: .*; seen: no handler there", ("boot", "load", "count"),
)
DESIGN, SERIES = refused(
    "r19-vector-of-another", rewrite.functions(auxbus.DESIGN, "pcie_cxlpmu_get_irq", _zero)
)
