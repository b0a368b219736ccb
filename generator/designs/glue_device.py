# SPDX-License-Identifier: GPL-2.0-only
"""Option 1 of the RFC: portdrv creates a glue device, whose modular driver finds the CPMUs.

     _________________            ___________________            ____________
    | port            |  creates | glue              | devm     | cpmu       |
    | portdrv binds   |--------->| platform device,  |--------->| CXL bus,   |  perf driver binds
    | owns vectors    |          | module with CXL   |          | below port |
    |_________________|          |___________________|          |____________|

Drawn by Jonathan Cameron in the cover letter of the RFC,
<20240529164103.31671-1-Jonathan.Cameron@huawei.com>, so that built-in code calls nothing of CXL.
Its author dropped it for the auxiliary bus: a device that is only glue. Here portdrv looks the irqs
up, for a perf driver that did would reach through its parent.
"""

from __future__ import annotations

from dataclasses import replace

from generator.design import Device, Driver
from generator.designs import today
from generator.designs.parts.cpmu import (
    ON_MSI,
    OPEN_EVENTS,
    RESET_COUNTERS,
    counted_in,
    cxl_pmu,
    found,
    give_irq,
    served,
)
from generator.drivers.portdrv import portdrv
from generator.drivers.portdrv_services import PORT, SERVICE
from generator.expr import EACH, Over
from generator.facts import ADDED, IRQ, LEFT_ON, LIFE, on_vector
from generator.operation import CONTINUE, IGNORE, Guard
from generator.ops.child import PLATFORM_DEVICE_REGISTER, PLATFORM_DEVICE_UNREGISTER
from generator.ops.cxl import CXL_FIND_REGBLOCK_INSTANCE, DEVM_CXL_PMU_ADD
from generator.program import Each, If, call

GLUE = Device("glue", "platform", PORT)
CPMU = Device("cpmu", "cxl", PORT, answers=((LEFT_ON, ("no", "yes")),))

HAS_IRQ = Guard("it has an irq", on_vector(IRQ, CPMU), ())
SOME = Guard("some CPMU has an irq", Over("any", CPMU, on_vector(IRQ, EACH)), ())
THERE = Guard("the port has a glue device", LIFE(GLUE).eq(ADDED), ())

irq = give_irq(CPMU, dynamic=False)
glue = Driver(
    "cxl_port_glue", GLUE,
    probe=(
        Each(CPMU, (
            If(HAS_IRQ, (
                CXL_FIND_REGBLOCK_INSTANCE(PORT, fail=CONTINUE),
                DEVM_CXL_PMU_ADD(CPMU, GLUE, fail=IGNORE),
            )),
        )),
    ),
)

DESIGN = replace(
    today.DESIGN,
    name="glue-device",
    drawing="portdrv binds a port, owns its vectors and creates a platform device, whose modular "
    "driver creates the CPMUs on the CXL bus, below the port.",
    devices=(PORT, SERVICE, GLUE, CPMU),
    drivers=(
        portdrv(
            counted_in=counted_in(CPMU),
            served=(
                If(ON_MSI, (
                    Each(CPMU, (found(CPMU, (call(irq, fail=IGNORE),)),)),
                    If(SOME, (PLATFORM_DEVICE_REGISTER(GLUE, fail=IGNORE),)),
                )),
            ),
            before_remove=(If(THERE, (PLATFORM_DEVICE_UNREGISTER(GLUE),)),),
        ),
        glue,
        cxl_pmu(CPMU),
    ),
    serves=(*today.DESIGN.serves, (GLUE, served(CPMU)), (CPMU, on_vector(IRQ, CPMU))),
    waivers=(*today.DESIGN.waivers, *OPEN_EVENTS, RESET_COUNTERS),
    evidence="<20240529164103.31671-1-Jonathan.Cameron@huawei.com>",
    status="dropped by its author, for taste: a magic glue device, "
    "<20240529164103.31671-1-Jonathan.Cameron@huawei.com>",
)
