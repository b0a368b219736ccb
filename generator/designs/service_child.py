# SPDX-License-Identifier: GPL-2.0-only
"""Option 1 of the drawings: today's portdrv tidied up, a CPMU is one more service child.

     _________________          ___________________________
    | port            |        | pme, aer, dpc, hotplug    |
    | portdrv binds   |------->| on pci_express, built in  |
    | owns vectors    |        |___________________________|
    |_________________|          _______________
            \\                   | cpmu          |
             ----------------->| on pci_express |  perf driver, may be a module

Drawn by Jonathan Cameron, <20240829131746.00003743@Huawei.com>, option 1, after the static
services of <20240823120501.00004151@Huawei.com>. Portdrv reads the CPMUs' message numbers too
before it sizes the vectors, and adds vectors where the platform can. Tolerated: it works, its
author prefers library calls, and the child reaches for what belongs to the port.
"""

from __future__ import annotations

from dataclasses import replace

from generator.design import Device
from generator.designs import today
from generator.designs.parts.cpmu import add_child, beside_services
from generator.drivers.portdrv_services import PORT
from generator.facts import LEFT_ON

CPMU = Device("cpmu", "express", PORT, answers=((LEFT_ON, ("no", "yes")),))

DESIGN = replace(
    beside_services(today.DESIGN, CPMU, add_child(CPMU)),
    name="service-child",
    drawing="portdrv binds a port, owns its vectors and creates one device per service; a CPMU is "
    "one of them, whose driver may be a module.",
    evidence="<20240829131746.00003743@Huawei.com>",
    status="tolerated: works, but its author prefers library calls, "
    "<20240829131746.00003743@Huawei.com>",
)
