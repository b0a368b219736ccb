# SPDX-License-Identifier: GPL-2.0-only
"""Driver data that the driver core clears: what 6.12's drivers do, and one that frees it too early.

No driver has to clear its driver data when it leaves: drivers/base/dd.c device_unbind_cleanup().
Where C reads it, it is there once platform_set_drvdata() or dev_set_drvdata() has put it there, and
points to nothing when what it points to is freed.
"""

from generator.design import Design, Device, Driver
from generator.operation import Do
from generator.ops.allocated import KFREE_OWN, KZALLOC_OWN
from generator.ops.device import DEVM_KZALLOC, KFREE_NOTE, KZALLOC_NOTE
from generator.ops.drvdata import DEV_SET_DRVDATA, PLATFORM_SET_DRVDATA
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.member import USE_DRVDATA
from generator.ops.pci import PCI_SET_DRVDATA, PCI_SET_MASTER, PCIM_ENABLE_DEVICE
from generator.ops.platform import PLATFORM_GET_IRQ

HUB = Device("hub", "platform")
DSP = Device("dsp", "pci")
MANAGED = Driver("dspdrv", DSP, probe=(
    PCIM_ENABLE_DEVICE(DSP), DEVM_KZALLOC(DSP, DSP), PCI_SET_DRVDATA(DSP), PCI_SET_MASTER(DSP),
))
BY_HAND = Driver(
    "dspdrv", DSP,
    probe=(KZALLOC_NOTE(DSP), PCI_SET_DRVDATA(DSP), PCIM_ENABLE_DEVICE(DSP), PCI_SET_MASTER(DSP)),
    remove=(KFREE_NOTE(DSP),),
)
EARLY = Driver("dspdrv", DSP, probe=(
    KZALLOC_NOTE(DSP), PCI_SET_DRVDATA(DSP), PCIM_ENABLE_DEVICE(DSP), KFREE_NOTE(DSP),
))


def _design(driver: Driver) -> Design:
    return Design("driver-data", "a driver with driver data", (driver.device,), (driver,))


def _handled(*probe: Do) -> Design:
    return _design(Driver(
        "hubdrv", HUB, probe=(DEVM_KZALLOC(HUB, HUB), PLATFORM_GET_IRQ(HUB, HUB), *probe),
        remove=(USE_DRVDATA(HUB),), atomic=(USE_DRVDATA(HUB),)))


def _freed(*remove: Do) -> Design:
    return _design(Driver(
        "hubdrv", HUB, probe=(KZALLOC_OWN(HUB), PLATFORM_SET_DRVDATA(HUB)), remove=remove))


REQUEST = DEVM_REQUEST_IRQ(HUB, HUB)
DESIGN = _design(MANAGED)
SOUND = (
    _design(BY_HAND), _handled(PLATFORM_SET_DRVDATA(HUB), REQUEST),
    _handled(DEV_SET_DRVDATA(HUB), REQUEST), _freed(USE_DRVDATA(HUB), KFREE_OWN(HUB)),
)
BUGGY = (
    (_design(EARLY), "N12"),
    (_handled(REQUEST, PLATFORM_SET_DRVDATA(HUB)), "N3"),
    (_freed(KFREE_OWN(HUB), USE_DRVDATA(HUB)), "N12"),
)
