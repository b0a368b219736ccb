# SPDX-License-Identifier: GPL-2.0-only
"""An endpoint that is enabled: as often as it is disabled, and after its irq is freed.

4bfd2e6e5343: mlx4_core disabled the device when an error was detected, and once more in .remove
where .slot_reset had not got it back. The driver now asks whether it is enabled. Disabling gives
back the INTx line (arch/x86/pci/common.c pcibios_disable_device()): its handler goes first.
"""

from generator.design import Design, Device, Driver
from generator.facts import CAP, ENABLED, HANDLER, MSG
from generator.operation import RETURN, Guard
from generator.ops.irq import (
    FREE_IRQ,
    INTX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    REQUEST_IRQ,
)
from generator.ops.pci import (
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_RESTORE_STATE,
    PCI_SAVE_STATE,
    PCI_SET_MASTER,
)
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.program import Block, If

HCA = Device("hca", "pci", answers=((MSG, ("0",)),))
UP = Guard("the irq is requested", HANDLER(HCA).ne(0), ())
ON = Guard("the device is enabled", ENABLED(HCA).gt(0), ())
ENABLE, DISABLE = PCI_ENABLE_DEVICE(HCA), PCI_DISABLE_DEVICE(HCA)
AGAIN = PCI_ENABLE_DEVICE(HCA, fail=RETURN)
FREE: Block = (If(UP, (DISABLE_SOURCE(HCA), FREE_IRQ(HCA))), PCI_FREE_IRQ_VECTORS(HCA))


def _design(*off: Block, last: Block = (), more: Block = ()) -> Design:
    stop = tuple(one for block in off for one in block)
    hca = Driver(
        "hcadrv", HCA,
        probe=(
            ENABLE, PCI_SET_MASTER(HCA), PCI_SAVE_STATE(HCA), DISABLE_SOURCE(HCA),
            PCI_ALLOC_IRQ_VECTORS(HCA, min=1, max=1, types=INTX),
            PCI_IRQ_VECTOR(HCA, HCA, nr=0), REQUEST_IRQ(HCA), ENABLE_SOURCE(HCA), *more,
        ),
        remove=(*(last or stop),),
        error_detected=(*FREE, *stop[-1:]),
        slot_reset=(
            AGAIN, PCI_SET_MASTER(HCA), PCI_RESTORE_STATE(HCA), PCI_SAVE_STATE(HCA),
            PCI_ALLOC_IRQ_VECTORS(HCA, min=1, max=1, types=INTX, fail=RETURN),
            PCI_IRQ_VECTOR(HCA, HCA, nr=0, fail=RETURN), REQUEST_IRQ(HCA, fail=RETURN),
            ENABLE_SOURCE(HCA),
        ),
    )
    return Design("enabled", "an adapter on its line, and its recovery", (HCA,), (hca,),
                  given={CAP: "none"})


IF_ON = If(ON, (DISABLE,))
DESIGN = _design(FREE, (IF_ON,))
SOUND = (_design(FREE, (IF_ON,), more=(ENABLE, DISABLE)),)
BUGGY = (
    (_design(FREE, (DISABLE,)), "R36"),
    (_design(FREE, (IF_ON,), last=(DISABLE_SOURCE(HCA), IF_ON, *FREE)), "R36"),
)
