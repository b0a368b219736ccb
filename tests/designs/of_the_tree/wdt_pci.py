# SPDX-License-Identifier: GPL-2.0-only
"""drivers/watchdog/wdt_pci.c: a watchdog behind I/O ports; its data is the module's, and stays."""

from generator.context import calls, file
from generator.design import Design, Device, Driver
from generator.facts import CLAIMED
from generator.fingerprint import Fingerprint
from generator.operation import Operation, asked, ok
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.mapping import PCI_RELEASE_REGION, PCI_REQUEST_REGION
from generator.ops.pci import PCI_DEV_IRQ, PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE
from generator.ops.registered import (
    MISC_DEREGISTER,
    MISC_REGISTER,
    REGISTER_REBOOT_NOTIFIER,
    UNREGISTER_REBOOT_NOTIFIER,
)
from generator.program import If, Return

DOG = Device("dog", "pci")
INB, PING, STOP, START = (
    Operation(name, ("dev",), (ok(),), source="drivers/watchdog/wdt_pci.c", sleeps=False,
              needs=(CLAIMED,), needs_d0="dev", fingerprint=Fingerprint((name,)))
    for name in ("inb", "wdtpci_ping", "wdtpci_stop", "wdtpci_start"))
IS_501 = asked(DOG, "type == 501")
OUT_PCI = (
    PCI_DISABLE_DEVICE(DOG),  # 697
    Return(ok=False),
)
OUT_REG = (PCI_RELEASE_REGION(DOG), *OUT_PCI)  # 695
OUT_IRQ = (FREE_IRQ(DOG), *OUT_REG)  # 693
OUT_RBT = (UNREGISTER_REBOOT_NOTIFIER(DOG), *OUT_IRQ)  # 691
NO_THERMOMETER = If(IS_501, (MISC_DEREGISTER(DOG, misc="temp"),))  # 689

DESIGN = Design("wdt_pci", "a watchdog behind I/O ports", (DOG,), (Driver(
    "wdt_pci", DOG,
    probe=(
        PCI_ENABLE_DEVICE(DOG, fail=(Return(ok=False),)),  # 618
        PCI_REQUEST_REGION(DOG, fail=OUT_PCI),  # 629
        PCI_DEV_IRQ(DOG, DOG),  # 635
        REQUEST_IRQ(DOG, shared=1, fail=OUT_REG),  # 638
        REGISTER_REBOOT_NOTIFIER(DOG, fail=OUT_IRQ),  # 655
        If(IS_501, (
            MISC_REGISTER(DOG, misc="temp", fail=OUT_RBT),  # 662
        )),
        MISC_REGISTER(DOG, fail=(NO_THERMOMETER, *OUT_RBT)),  # 670
    ),
    remove=(
        MISC_DEREGISTER(DOG),  # 706
        If(IS_501, (
            MISC_DEREGISTER(DOG, misc="temp"),  # 708
        )),
        UNREGISTER_REBOOT_NOTIFIER(DOG),  # 709
        FREE_IRQ(DOG),  # 710
        PCI_RELEASE_REGION(DOG),  # 711
        PCI_DISABLE_DEVICE(DOG),  # 712
    ),
    atomic=(
        INB(DOG),  # 306
    ),
    contexts=(
        calls("notifier", (
            STOP(DOG),  # 555
        ), static=True),
        file("misc", (
            START(DOG),  # 459
            PING(DOG),  # 371
            STOP(DOG),  # 478
        ), static=True),
        file("temp", (
            INB(DOG),  # 279
        ), static=True),
    ),
),))
