# SPDX-License-Identifier: GPL-2.0-only
"""Driver data that the driver core clears: what 6.12's drivers do, and one that frees it too early.

No driver has to clear its driver data when it leaves: drivers/base/dd.c device_unbind_cleanup().
"""

from generator.design import Design, Device, Driver
from generator.ops.device import DEVM_KZALLOC, KFREE_NOTE, KZALLOC_NOTE
from generator.ops.pci import PCI_SET_DRVDATA, PCI_SET_MASTER, PCIM_ENABLE_DEVICE

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
    return Design("driver-data", "an endpoint with driver data", (DSP,), (driver,))


DESIGN = _design(MANAGED)
SOUND = (_design(BY_HAND),)
BUGGY = ((_design(EARLY), "N12"),)
