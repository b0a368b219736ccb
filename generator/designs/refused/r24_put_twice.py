# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but a child's device is put twice when it is deleted."""

from __future__ import annotations

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused
from generator.drivers.pcie_cxlpmu import CPMU
from generator.drivers.pcie_cxlpmu_devices import PMU_CHILD
from generator.ops.aux import AUXILIARY_DEVICE_UNINIT

REFUSED = Refusal(
    "R24", "a child's device is put twice when it is deleted",
    r"refcount_t: underflow; use-after-free", ("boot", "load", "rebind"),
)
DESIGN, SERIES = refused(
    "r24-put-twice",
    rewrite.functions(
        auxbus.DESIGN, "pcie_cxlpmu_delete_device",
        lambda body: rewrite.around(
            body, "auxiliary_device_uninit", after=(AUXILIARY_DEVICE_UNINIT(CPMU, c=PMU_CHILD),)
        ),
    ),
)
