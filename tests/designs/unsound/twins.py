# SPDX-License-Identifier: GPL-2.0-only
"""Two IDE key managers of a port, for each of which a vector is added."""

from dataclasses import replace

from designs.sound.key_managers import DESIGN as KEY_MANAGERS
from designs.sound.key_managers import DYNAMIC, KEYS, PORT

from generator.facts import MSG, NVEC
from generator.operation import RETURN, Guard
from generator.ops.irq import PCI_IRQ_VECTOR, PCI_MSIX_ALLOC_IRQ_AT
from generator.program import Block, If, Return
from generator.rewrite import functions

FITS = Guard("it is one of those allocated", MSG(KEYS).lt(NVEC(PORT)), ())


def get_vector(_body: Block) -> Block:
    """Add a vector, which for two of one number was added for the first already."""
    return (
        If(FITS, (PCI_IRQ_VECTOR(PORT, KEYS, nr=MSG(KEYS), fail=RETURN),), (
            If(DYNAMIC, (), (Return(ok=False),)),
            PCI_MSIX_ALLOC_IRQ_AT(PORT, KEYS, nr=MSG(KEYS), fail=RETURN),
        )),
    )


DESIGN = replace(functions(KEY_MANAGERS, "get_vector", get_vector), name="twins")
