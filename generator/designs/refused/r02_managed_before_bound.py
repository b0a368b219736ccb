# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but the port's driver puts memory on a child's devres list before that is bound."""

from __future__ import annotations

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused
from generator.drivers.pcie_cxlpmu import CPMU
from generator.ops.device import DEVM_KZALLOC

MEMORY = DEVM_KZALLOC(CPMU, CPMU, c={
    "var": "child->auxdev.dev.platform_data", "owner": "&child->auxdev.dev", "size": "8",
})
REFUSED = Refusal(
    "R02", "the port's driver puts memory on a child's devres list before that is bound",
    r"Resources present before probing", ("boot", "load"),
)
DESIGN, SERIES = refused(
    "r02-managed-before-bound",
    rewrite.functions(
        auxbus.DESIGN, "pcie_cxlpmu_add_device",
        lambda body: rewrite.around(body, "auxiliary_device_add", before=(MEMORY,)),
    ),
)
