# SPDX-License-Identifier: GPL-2.0-only
"""Option 3b of the drawings: portdrv stays plain, another driver binds ports that have more.

     ____________________              ____________________
    | port               |            | port               |
    | portdrv binds      |   user     | cxl_port binds     | creates   ___________
    | calls the services |<- swaps -->| calls the services |--------->| cpmu      |  perf driver
    | as a library       |            | as a library       |          | auxiliary |  binds
    |____________________|            |____________________|          |___________|

Drawn by Jonathan Cameron, option 3b of <20240829131746.00003743@Huawei.com>. The other driver may
be a module and call the CXL core; it allocates at its own probe whatever it wants. Left open
between 3a and 3b: while a user swaps the drivers, nobody serves the port.
"""

from __future__ import annotations

from dataclasses import replace

from generator.design import Device, Waiver
from generator.designs import today
from generator.designs.parts.cpmu import (
    OPEN_EVENTS,
    RESET_COUNTERS,
    add_aux,
    counted_in,
    created,
    cxl_pmu,
    deleted,
    served,
)
from generator.designs.parts.library import LIBRARY
from generator.drivers.portdrv import portdrv
from generator.drivers.portdrv_services import PORT, SERVICE
from generator.facts import LEFT_ON
from generator.operation import IGNORE
from generator.ops.cxl import CXL_FIND_REGBLOCK_INSTANCE

CPMU = Device("cpmu", "aux", PORT, answers=((LEFT_ON, ("no", "yes")),))

plain = portdrv(services=LIBRARY)
extended = replace(
    portdrv(
        services=LIBRARY,
        with_services=(CXL_FIND_REGBLOCK_INSTANCE(PORT, fail=IGNORE),),
        counted_in=counted_in(CPMU),
        served=created(CPMU, add_aux(CPMU), dynamic=False),
        before_remove=deleted(CPMU),
    ),
    name="cxl_port",
    builtin=False,
    instead_of=plain.name,
)

SWAPPED = Waiver(
    "R35",
    "while a user swaps the drivers nobody serves the port; the discussion saw it, and left open "
    "whether that is to be lived with",
)

DESIGN = replace(
    today.DESIGN,
    name="flat-extended",
    drawing="portdrv binds a port and calls the services as a library; a driver that a user binds "
    "instead does the same and creates CPMUs.",
    devices=(PORT, SERVICE, CPMU),
    drivers=(plain, extended, cxl_pmu(CPMU)),
    serves=(*today.DESIGN.serves, (CPMU, served(CPMU))),
    waivers=(*today.DESIGN.waivers, *OPEN_EVENTS, RESET_COUNTERS, SWAPPED),
    evidence="<20240829131746.00003743@Huawei.com>",
    status="left open, with the gap while drivers are swapped: "
    "<20240829131746.00003743@Huawei.com>",
)
