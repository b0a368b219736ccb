# SPDX-License-Identifier: GPL-2.0-only
"""drivers/watchdog/i6300esb.c: a watchdog on PCI, all but its memory given back by hand."""

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.operation import RETURN
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import DEV_SET_DRVDATA
from generator.ops.mapping import (
    IOUNMAP,
    PCI_IOREMAP_BAR,
    PCI_RELEASE_REGION,
    PCI_REQUEST_REGION,
    access,
)
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE
from generator.ops.registered import WATCHDOG_REGISTER_DEVICE, WATCHDOG_UNREGISTER_DEVICE
from generator.program import Return

DOG = Device("dog", "pci")
WRITEW, READW = access("writew"), access("readw")
WRITEL = access("writel")
UNMAP_ALL = (
    IOUNMAP(DOG),  # 326
    PCI_RELEASE_REGION(DOG),  # 327
    PCI_DISABLE_DEVICE(DOG),  # 328
    Return(ok=False),
)

DESIGN = Design("i6300esb", "a watchdog on PCI", (DOG,), (Driver(
    "i6300esb", DOG,
    probe=(
        DEVM_KZALLOC(DOG, DOG, fail=RETURN),  # 295
        PCI_ENABLE_DEVICE(DOG, fail=RETURN),  # 219
        PCI_REQUEST_REGION(DOG, fail=(  # 224
            PCI_DISABLE_DEVICE(DOG),  # 243
            Return(ok=False),
        )),
        PCI_IOREMAP_BAR(DOG, fail=(  # 229
            PCI_RELEASE_REGION(DOG),  # 241
            PCI_DISABLE_DEVICE(DOG),  # 243
            Return(ok=False),
        )),
        DEV_SET_DRVDATA(DOG),  # 237
        WRITEW(DOG),  # 112
        READW(DOG),  # 277
        WRITEW(DOG),  # 283
        WRITEL(DOG),  # 170
        WATCHDOG_REGISTER_DEVICE(DOG, fail=UNMAP_ALL),  # 317
    ),
    remove=(
        WATCHDOG_UNREGISTER_DEVICE(DOG),  # 336
        IOUNMAP(DOG),  # 337
        PCI_RELEASE_REGION(DOG),  # 338
        PCI_DISABLE_DEVICE(DOG),  # 339
    ),
    contexts=(calls("watchdog", (
        WRITEW(DOG),  # 112
        WRITEW(DOG),  # 123
    )),),
),))
