# SPDX-License-Identifier: GPL-2.0-only
"""drivers/char/hw_random/cavium-rng.c: a physical function that only has a virtual one."""

from generator.design import Design, Device, Driver
from generator.operation import RETURN
from generator.ops.allocated import PCI_DISABLE_SRIOV, PCI_ENABLE_SRIOV
from generator.ops.device import DEVM_KZALLOC
from generator.ops.mapping import PCIM_IOMAP, access
from generator.ops.pci import PCI_SET_DRVDATA
from generator.program import Return

RNG = Device("rng", "pci")
WRITEQ = access("writeq")

DESIGN = Design("cavium-rng", "a physical function enables its virtual one", (RNG,), (Driver(
    "cavium_rng_pf", RNG,
    probe=(
        DEVM_KZALLOC(RNG, RNG, fail=RETURN),  # 29
        PCIM_IOMAP(RNG, fail=RETURN),  # 34
        WRITEQ(RNG),  # 42
        PCI_SET_DRVDATA(RNG),  # 45
        PCI_ENABLE_SRIOV(RNG, fail=(  # 48
            WRITEQ(RNG),  # 51
            Return(ok=False),
        )),
    ),
    remove=(
        PCI_DISABLE_SRIOV(RNG),  # 69
        WRITEQ(RNG),  # 72
    ),
),))
