# SPDX-License-Identifier: GPL-2.0-only
"""Option 2 of the drawings: the PCI core runs the services before any driver binds the port.

     ______________________
    | port                 |  at enumeration the PCI core enables MSI and starts pme, aer, dpc, hp
    | nobody has bound it  |
    |______________________|
         later: a driver binds, stops the services, frees the vectors, allocates more,
         starts the services again, polls for what was missed, and creates the CPMU

Wished for by Bjorn Helgaas, <20240605180409.GA520888@bhelgaas>; drawn by Jonathan Cameron, option 2
of <20240829131746.00003743@Huawei.com>. Refused: enabling MSI leaves managed resources on the port,
so nothing can bind it any more, <20240823120501.00004151@Huawei.com>, and there will be no other
way to set MSI up, <87plpsbbe5.ffs@tglx>. On INTx alone nothing stands against it.
"""

from __future__ import annotations

from dataclasses import replace

from generator.design import Device, Driver
from generator.designs import today
from generator.designs.parts.cpmu import (
    ON_MSI,
    OPEN_EVENTS,
    RESET_COUNTERS,
    add_aux,
    created,
    cxl_pmu,
    deleted,
    found,
    read_number,
)
from generator.designs.parts.library import LIBRARY
from generator.drivers.portdrv import pcie_port_device_register
from generator.drivers.portdrv_irqs import BEST
from generator.drivers.portdrv_services import PORT, SERVICE
from generator.expr import Role, maximum
from generator.facts import BOUND, LEFT_ON, MSG, NVEC, PHASE, SEEN, TOTAL, entries
from generator.operation import CONTINUE, IGNORE, Guard, sets
from generator.ops.assign import note
from generator.ops.irq import (
    FREE_IRQ,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    REQUEST_IRQ,
)
from generator.ops.library import START_SERVICE, STOP_SERVICE
from generator.program import Each, Function, If, call

CORE = Device("core", "core")
CPMU = Device("cpmu", "aux", PORT, answers=((LEFT_ON, ("no", "yes")),))

core = Driver("pci core", CORE, probe=(call(pcie_port_device_register(LIBRARY)),), builtin=True)

_EACH = Role("pmu")
WANTED = note("total = max(nvec, msg + 1)",
              sets(TOTAL(PORT), maximum(NVEC(PORT), MSG(_EACH) + 1)), roles=("pmu",))
MORE = Guard("total > nr_entries", TOTAL(PORT).gt(NVEC(PORT)), ())
FITS = Guard("msg < table size", MSG(CPMU).lt(entries(PORT)), ())
RUNS = Guard("the service runs", PHASE(SERVICE).eq(BOUND), ())
RAN = Guard("the service ran", SEEN(SERVICE).eq(1), ())

quiesce = Each(SERVICE, (If(RUNS, (STOP_SERVICE(SERVICE), FREE_IRQ(SERVICE))),), backwards=True)
resume = Each(SERVICE, (
    If(RAN, (
        PCI_IRQ_VECTOR(PORT, SERVICE, nr=MSG(SERVICE), fail=IGNORE),
        REQUEST_IRQ(SERVICE, shared=1, fail=CONTINUE),
        START_SERVICE(SERVICE),
    )),
))
grow = Function("grow", (
    quiesce,
    PCI_FREE_IRQ_VECTORS(PORT),
    PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=TOTAL(PORT), types=BEST),
    resume,
))
extension = Driver(
    "cxl_port", PORT,
    probe=(
        If(ON_MSI, (
            Each(CPMU, (
                found(CPMU, (
                    call(read_number(CPMU), fail=CONTINUE), If(FITS, (WANTED(CPMU),)),
                )),
            )),
            If(MORE, (call(grow),)),
        )),
        *created(CPMU, add_aux(CPMU), dynamic=False),
    ),
    remove=deleted(CPMU),
    shutdown=deleted(CPMU),
)

DESIGN = replace(
    today.DESIGN,
    name="core-prebind",
    drawing="The PCI core enables MSI and starts the services when it finds a port; a driver that "
    "binds it later allocates the vectors anew, and creates CPMUs.",
    devices=(CORE, PORT, SERVICE, CPMU),
    # what the core's services do over sleep is not said, so what the CPMU's driver does is neither
    drivers=(core, extension, replace(cxl_pmu(CPMU), suspend=None, resume=None)),
    waivers=(*today.DESIGN.waivers, *OPEN_EVENTS, RESET_COUNTERS),
    evidence="<20240829131746.00003743@Huawei.com>",
    status="refused: managed resources of MSI on an unbound port, "
    "<20240823120501.00004151@Huawei.com>, <87plpsbbe5.ffs@tglx>",
)
