# SPDX-License-Identifier: GPL-2.0-only
"""Option 3a of the drawings: no pci_express bus, portdrv calls the services as a library.

     ______________________
    | port                 |  calls pme_init(), aer_init(), dpc_init(), hp_init()
    | portdrv binds        |
    | owns vectors,        |          _____________
    | finds features       | creates | cpmu        |
    |______________________|-------->| auxiliary   |  perf driver binds

Drawn by Jonathan Cameron: five steps in <20240605204428.00001cb2@Huawei.com>, options 3 and 3a in
<20240829131746.00003743@Huawei.com>. The plan of its author; between 3a and 3b he left it open, and
nobody objected. Here portdrv reads the CPMUs' numbers before it sizes the vectors.
"""

from __future__ import annotations

from dataclasses import replace

from generator.design import Device
from generator.designs import today
from generator.designs.parts.cpmu import add_aux, beside_services
from generator.designs.parts.library import LIBRARY
from generator.drivers.portdrv_services import PORT
from generator.facts import LEFT_ON

CPMU = Device("cpmu", "aux", PORT, answers=((LEFT_ON, ("no", "yes")),))

DESIGN = replace(
    beside_services(today.DESIGN, CPMU, add_aux(CPMU), LIBRARY),
    name="flat-library",
    drawing="portdrv binds a port, owns its vectors, calls the services as a library, finds CPMUs "
    "and creates an auxiliary device for each.",
    evidence="<20240829131746.00003743@Huawei.com>",
    status="left open: the plan of its author, 3a or 3b not decided, "
    "<20240829131746.00003743@Huawei.com>",
)
