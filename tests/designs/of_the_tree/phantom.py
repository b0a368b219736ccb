# SPDX-License-Identifier: GPL-2.0-only
"""drivers/misc/phantom.c: a character device whose file can be open when its card is gone."""

from dataclasses import replace

from generator.context import file
from generator.design import Design, Device, Driver
from generator.fingerprint import Fingerprint
from generator.operation import RETURN
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ, SYNCHRONIZE_IRQ
from generator.ops.mapping import PCI_IOMAP, PCI_IOUNMAP, access
from generator.ops.pci import (
    PCI_DEV_IRQ,
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_RELEASE_REGIONS,
    PCI_REQUEST_REGIONS,
    PCI_SET_DRVDATA,
)
from generator.ops.registered import CDEV_ADD, CDEV_DEL
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.program import Return

CARD = Device("card", "pci")
INPUT, OUTPUT = Device("input", "part", CARD), Device("output", "part", CARD)
IOREAD32, IOWRITE32 = access("ioread32"), access("iowrite32")
SOURCE_OFF = replace(DISABLE_SOURCE, name="iowrite32, source off",
                     fingerprint=Fingerprint(("iowrite32",)))
SOURCE_ON = replace(ENABLE_SOURCE, name="iowrite32, source on",
                    fingerprint=Fingerprint(("iowrite32",)))

ERR_DIS = (
    PCI_DISABLE_DEVICE(CARD),  # 431
    Return(ok=False),
)
ERR_REG = (
    PCI_RELEASE_REGIONS(CARD),  # 427
    *ERR_DIS,
)
ERR_FR = (
    KFREE_DATA(CARD),  # 425
    *ERR_REG,
)
ERR_UNMC = (
    PCI_IOUNMAP(CARD),  # 423
    *ERR_FR,
)
ERR_UNMI = (
    PCI_IOUNMAP(INPUT),  # 421
    *ERR_UNMC,
)
ERR_UNMO = (
    PCI_IOUNMAP(OUTPUT),  # 419
    *ERR_UNMI,
)
DESIGN = Design("phantom", "a haptic device on PCI, with a file", (CARD, INPUT, OUTPUT), (Driver(
    "phantom", CARD,
    probe=(
        PCI_ENABLE_DEVICE(CARD, fail=RETURN),  # 343
        PCI_REQUEST_REGIONS(CARD, fail=ERR_DIS),  # 358
        KZALLOC_DATA(CARD, fail=ERR_REG),  # 365
        PCI_IOMAP(CARD, fail=ERR_FR),  # 371
        PCI_IOMAP(INPUT, fail=ERR_UNMC),  # 376
        PCI_IOMAP(OUTPUT, fail=ERR_UNMI),  # 381
        SOURCE_OFF(CARD),  # 393
        IOREAD32(CARD),  # 394
        PCI_DEV_IRQ(CARD, CARD),  # 395
        REQUEST_IRQ(CARD, shared=1, fail=ERR_UNMO),  # 395
        CDEV_ADD(CARD, fail=(  # 402
            FREE_IRQ(CARD),  # 417
            *ERR_UNMO,
        )),
        PCI_SET_DRVDATA(CARD),  # 413
    ),
    remove=(
        CDEV_DEL(CARD),  # 443
        SOURCE_OFF(CARD),  # 445
        IOREAD32(CARD),  # 446
        FREE_IRQ(CARD),  # 447
        PCI_IOUNMAP(OUTPUT),  # 449
        PCI_IOUNMAP(INPUT),  # 450
        PCI_IOUNMAP(CARD),  # 451
        KFREE_DATA(CARD),  # 453
        PCI_RELEASE_REGIONS(CARD),  # 455
        PCI_DISABLE_DEVICE(CARD),  # 459
    ),
    suspend=(
        SOURCE_OFF(CARD),  # 466
        IOREAD32(CARD),  # 467
        SYNCHRONIZE_IRQ(CARD),  # 469
    ),
    resume=(SOURCE_OFF(CARD),),  # 478
    atomic=(
        IOREAD32(INPUT),  # 291
        IOWRITE32(INPUT),  # 297
    ),
    contexts=(file("cdev", (
        IOWRITE32(INPUT),  # 123
        SOURCE_ON(CARD),  # 72
    )),),
),))
