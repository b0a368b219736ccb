# SPDX-License-Identifier: GPL-2.0-only
"""drivers/gpio/gpio-pch.c: GPIOs with an INTx handler, all of it managed."""

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.operation import RETURN
from generator.ops.allocated import (
    DEVM_IRQ_ALLOC_DESCS,
    DEVM_IRQ_ALLOC_GENERIC_CHIP,
    DEVM_IRQ_SETUP_GENERIC_CHIP,
)
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.mapping import PCIM_IOMAP_REGIONS, access
from generator.ops.pci import PCI_DEV_IRQ, PCI_SET_DRVDATA, PCIM_ENABLE_DEVICE
from generator.ops.registered import DEVM_GPIOCHIP_ADD_DATA
from generator.program import Return

CARD = Device("card", "pci")
IOREAD32, IOWRITE32 = access("ioread32"), access("iowrite32")
NO_IRQS = (Return(),)  # 387: GPIOs alone are good enough

DESIGN = Design("pch-gpio", "GPIOs of a PCI card, with interrupts", (CARD,), (Driver(
    "pch_gpio", CARD,
    probe=(
        DEVM_KZALLOC(CARD, CARD, fail=RETURN),  # 358
        PCIM_ENABLE_DEVICE(CARD, fail=RETURN),  # 363
        PCIM_IOMAP_REGIONS(CARD, fail=RETURN),  # 367
        PCI_SET_DRVDATA(CARD),  # 374
        DEVM_GPIOCHIP_ADD_DATA(CARD, fail=RETURN),  # 378
        DEVM_IRQ_ALLOC_DESCS(CARD, fail=NO_IRQS),  # 382
        IOWRITE32(CARD),  # 392
        IOWRITE32(CARD),  # 393
        PCI_DEV_IRQ(CARD, CARD),  # 395
        DEVM_REQUEST_IRQ(CARD, CARD, shared=1, fail=RETURN),  # 395
        DEVM_IRQ_ALLOC_GENERIC_CHIP(CARD, fail=RETURN),  # 330
        DEVM_IRQ_SETUP_GENERIC_CHIP(CARD, fail=RETURN),  # 343
    ),
    suspend=(IOREAD32(CARD),),  # 174
    resume=(
        IOWRITE32(CARD),  # 421
        IOWRITE32(CARD),  # 422
    ),
    atomic=(IOREAD32(CARD),),  # 309
    contexts=(calls("gpio", (
        IOREAD32(CARD),  # 109
        IOWRITE32(CARD),  # 115
    )),),
),))
