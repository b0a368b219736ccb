# SPDX-License-Identifier: GPL-2.0-only
"""portdrv gains an auxiliary bus: CXL PMUs found on ports become auxiliary devices."""

from __future__ import annotations

from dataclasses import replace

from generator.ctext import helper
from generator.design import Design, Waiver
from generator.designs import today
from generator.designs.parts.cpmu import RESET_COUNTERS
from generator.designs.series.auxbus import series
from generator.drivers import pcie_cxlpmu as pmu
from generator.drivers import pcie_cxlpmu_devices as child
from generator.drivers.perf_cxl_pmu import cxl_pmu_aux_driver
from generator.drivers.portdrv import SOURCES, C, portdrv
from generator.drivers.portdrv_services import PORT, SERVICE

OPEN_EVENTS = (
    "perf cannot unregister a PMU under open events in this kernel: hot removal of a port does "
    "it all the same, as it does for memory devices; the cover letter says so"
)


def auxbus(*, zero_service: bool = True, dynamic: bool = True) -> Design:
    """Return the design with or without its two last steps."""
    discovery = (helper(pmu.pcie_cxlpmu_discover()),)
    alone = (helper(child.pcie_cxlpmu_serve_port(dynamic)),) if zero_service else ()
    return replace(
        today.DESIGN,
        name="auxbus",
        drawing="portdrv binds a port, owns its vectors and creates CPMU A and CPMU B, to which "
        "the perf driver binds.",
        devices=(PORT, SERVICE, pmu.CPMU),
        drivers=(
            portdrv(
                found=discovery if zero_service else (),
                no_service=alone,
                with_services=() if zero_service else discovery,
                counted_in=pmu.counted_in(dynamic),
                served=(helper(child.pcie_cxlpmu_add_devices(dynamic)),),
                remove_first=(helper(child.pcie_cxlpmu_delete_devices()),),
                remove_last=(helper(child.pcie_cxlpmu_forget()),),
                sources=(*SOURCES, pmu.SOURCE),
                c=C | pmu.C,
                also_set=pmu.SETS,
            ),
            cxl_pmu_aux_driver(),
        ),
        serves=(*today.DESIGN.serves, (pmu.CPMU, pmu.servable(zero_service))),
        waivers=(
            *today.DESIGN.waivers,
            Waiver("N1", OPEN_EVENTS, inside="devres"),
            RESET_COUNTERS,
        ),
        evidence="<20240529164103.31671-1-Jonathan.Cameron@huawei.com>",
    )


DESIGN = auxbus()
SERIES = series(DESIGN, today.DESIGN)
