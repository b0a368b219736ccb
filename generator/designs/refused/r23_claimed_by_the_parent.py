# SPDX-License-Identifier: GPL-2.0-only
"""auxbus, but a child's driver claims registers through the parent of its device."""

from __future__ import annotations

from generator import rewrite
from generator.designs import auxbus
from generator.designs.refused.refusal import Refusal, refused
from generator.drivers.pcie_cxlpmu import CPMU
from generator.drivers.perf_cxl_pmu import REGISTERS
from generator.drivers.portdrv_services import PORT
from generator.ops.perf import DEVM_REQUEST_MEM_REGION

CLAIM = DEVM_REQUEST_MEM_REGION(CPMU, PORT, c={"var": "res", **REGISTERS})
REFUSED = Refusal(
    "R23", "a child's driver claims registers through the parent of its device",
    r"probe with driver cxl_pmu\.port failed with error -16", ("boot", "load", "reload"),
)
DESIGN, SERIES = refused(
    "r23-claimed-by-the-parent",
    rewrite.entry(
        auxbus.DESIGN, "cxl_pmu", "probe",
        lambda block: rewrite.around(block, "devm_request_mem_region", before=(CLAIM,),
                                     keep=False),
    ),
)
