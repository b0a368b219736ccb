# SPDX-License-Identifier: GPL-2.0-only
"""What the CXL core offers to drivers; it can be a module (drivers/cxl/core)."""

from __future__ import annotations

from generator.fingerprint import Fails, Fingerprint
from generator.operation import Operation, fault, ok

CXL_FIND_REGBLOCK_INSTANCE = Operation(
    "cxl_find_regblock_instance",
    ("dev",),
    (ok(), fault("-ENODEV")),
    source="drivers/cxl/core/regs.c cxl_find_regblock_instance()",
    fingerprint=Fingerprint(("cxl_find_regblock_instance",), on=0, fails=Fails.NEGATIVE),
    provider="CXL_BUS",
)
