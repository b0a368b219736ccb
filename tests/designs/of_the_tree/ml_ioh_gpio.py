# SPDX-License-Identifier: GPL-2.0-only
"""drivers/gpio/gpio-ml-ioh.c: eight banks of GPIOs of a PCI card."""

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.operation import RETURN
from generator.ops.allocated import (
    DEVM_IRQ_ALLOC_DESCS,
    DEVM_IRQ_ALLOC_GENERIC_CHIP,
    DEVM_IRQ_SETUP_GENERIC_CHIP,
)
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.mapping import PCIM_IOMAP_REGIONS, access
from generator.ops.pci import PCI_DEV_IRQ, PCI_SET_DRVDATA, PCIM_ENABLE_DEVICE
from generator.ops.perf import DEVM_KCALLOC
from generator.ops.registered import DEVM_GPIOCHIP_ADD_DATA

CARD = Device("card", "pci")
IOREAD32, IOWRITE32 = access("ioread32"), access("iowrite32")

DESIGN = Design("ml-ioh-gpio", "banks of GPIOs of a PCI card", (CARD,), (Driver(
    "ml_ioh_gpio", CARD,
    probe=(
        PCIM_ENABLE_DEVICE(CARD, fail=RETURN),  # 412
        PCIM_IOMAP_REGIONS(CARD, fail=RETURN),  # 418
        DEVM_KCALLOC(CARD, fail=RETURN),  # 430
        DEVM_GPIOCHIP_ADD_DATA(CARD, gpio="bank0", fail=RETURN),  # 443
        DEVM_GPIOCHIP_ADD_DATA(CARD, gpio="bank1", fail=RETURN),  # 443
        DEVM_IRQ_ALLOC_DESCS(CARD, fail=RETURN),  # 452
        DEVM_IRQ_ALLOC_GENERIC_CHIP(CARD, fail=RETURN),  # 380
        DEVM_IRQ_SETUP_GENERIC_CHIP(CARD, fail=RETURN),  # 394
        PCI_DEV_IRQ(CARD, CARD),  # 468
        DEVM_REQUEST_IRQ(CARD, CARD, shared=1, fail=RETURN),  # 468
        PCI_SET_DRVDATA(CARD),  # 475
    ),
    suspend=(),
    resume=(
        IOWRITE32(CARD),  # 498
        IOWRITE32(CARD),  # 499
    ),
    atomic=(
        IOREAD32(CARD),  # 356
        IOWRITE32(CARD),  # 362
    ),
    contexts=(calls("bank0", (IOWRITE32(CARD),)), calls("bank1", (IOWRITE32(CARD),))),  # 316
),))
