# SPDX-License-Identifier: GPL-2.0-only
"""What the CXL core offers to drivers; it can be a module (drivers/cxl/core)."""

from __future__ import annotations

from generator.facts import LOCATED
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, Operation, fault, ok, sets
from generator.ops.child import CHILD_REGISTER, CHILD_UNREGISTER

CXL_FIND_REGBLOCK_INSTANCE = Operation(
    "cxl_find_regblock_instance",
    ("dev",),
    (ok(sets(LOCATED(DEV), 1)), fault("-ENODEV", sets(LOCATED(DEV), 0))),
    source="drivers/cxl/core/regs.c cxl_find_regblock_instance()",
    fingerprint=Fingerprint(("cxl_find_regblock_instance",), on=0, fails=Fails.NEGATIVE),
    provider="CXL_BUS",
)

# On the CXL bus, with the device that enumerates as owner. When its devm_add_action_or_reset()
# fails, it has unregistered the device before it returns the error.
DEVM_CXL_PMU_ADD = Operation(
    "devm_cxl_pmu_add",
    ("dev", "owner"),
    CHILD_REGISTER.outcomes,
    source="drivers/cxl/core/pmu.c devm_cxl_pmu_add()",
    fingerprint=Fingerprint(("devm_cxl_pmu_add",), on=0, fails=Fails.NEGATIVE),
    acts_on="owner",
    undo=CHILD_UNREGISTER,
    managed=True,
    on_devres="owner",
    provider="CXL_BUS",
)
