# SPDX-License-Identifier: GPL-2.0-only
"""Designs with a device that is only glue, whose driver finds and creates a PMU beside it."""

from broken.parts import PORT, Case, port
from generator.design import Design, Device, Driver
from generator.facts import ADDED, HAS, LIFE, MSG
from generator.operation import RETURN, Guard
from generator.ops.child import PLATFORM_DEVICE_REGISTER, PLATFORM_DEVICE_UNREGISTER
from generator.ops.cxl import CXL_FIND_REGBLOCK_INSTANCE, DEVM_CXL_PMU_ADD
from generator.program import Block, If

GLUE = Device("glue", "platform", PORT)
PMU = Device("pmu", "cxl", PORT)
OTHER = Device("other", "pci")

HAS_GLUE = Guard("glue", LIFE(GLUE).eq(ADDED), ())
GLUED = port(
    (PLATFORM_DEVICE_REGISTER(GLUE),), (If(HAS_GLUE, (PLATFORM_DEVICE_UNREGISTER(GLUE),)),)
)
THERE = Guard("it is there", HAS(PMU).eq(1), ())
ZERO = Guard("its message number is 0", MSG(PMU).eq(0), ())
FIND, ADD = CXL_FIND_REGBLOCK_INSTANCE(PORT, fail=RETURN), DEVM_CXL_PMU_ADD(PMU, GLUE, fail=RETURN)
CREATE = (FIND, ADD)


def glued(probe: Block) -> Design:
    """Return a port whose glue device has a driver that does this, and the PMU that is promised."""
    return Design(
        "glued", "a glue device creates a PMU", (PORT, GLUE, PMU, OTHER),
        (GLUED, Driver("gluedrv", GLUE, probe)), serves=((PMU, HAS(PMU).eq(1)),),
    )


BOUND = (
    "port: bind portdrv",
    "port: platform_device_register_full(glue)",
    "glue: bind gluedrv",
)

CASES = (
    # drivers/base/platform.c platform_probe() returns what the driver's probe returns: 0, though it
    # has made nothing of a PMU that is there. The port's driver does not know of it.
    Case(
        "N9",
        broken=glued((If(THERE, (If(ZERO, CREATE),)),)),
        mended=glued((If(THERE, CREATE),)),
        trace=(
            *BOUND,
            "glue: it is there: yes",
            "glue: its message number is 0: no",
            "glue: probe returns 0",
        ),
        hardware={"pmu.present": "yes"},
        floating=("glue",),
    ),
    # drivers/cxl/core/regs.c cxl_find_regblock_instance() reads the Register Locator of the PCI
    # device that it is given: where blocks of another one are says nothing of this one's.
    Case(
        "N11",
        broken=glued((CXL_FIND_REGBLOCK_INSTANCE(OTHER, fail=RETURN), ADD)),
        mended=glued(CREATE),
        trace=(*BOUND, "glue: cxl_find_regblock_instance(other)"),
        hardware={},
        floating=("glue",),
    ),
    # drivers/cxl/core/pmu.c devm_cxl_pmu_add() copies the base of regs, which has a value only once
    # cxl_map_pmu_regs() has mapped what cxl_find_regblock_instance() found: so drivers/cxl/pci.c
    # cxl_pci_probe() calls them in this order.
    Case(
        "N12",
        broken=glued((ADD, FIND)),
        mended=glued(CREATE),
        trace=(*BOUND, "glue: devm_cxl_pmu_add(pmu, glue)"),
        hardware={},
        floating=("glue",),
    ),
)
