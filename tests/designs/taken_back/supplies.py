# SPDX-License-Identifier: GPL-2.0-only
"""A PHY, as phy-qcom-qusb2 ("Fix NULL pointer dereference on early suspend"): its consumers' probes
may be tried beside its own, and resume it and let go of it as soon as runtime PM is enabled.

drivers/base/dd.c __driver_probe_device() calls pm_runtime_get_suppliers() and _put_suppliers()
around each try; the links are there before, of firmware (fw_devlink=rpm).
"""

from generator.design import Design, Device, Driver
from generator.facts import CLOCK_ON
from generator.operation import RETURN, Block, Node
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import DEV_SET_DRVDATA
from generator.ops.managed import DEVM_OF_PHY_PROVIDER_REGISTER, DEVM_PHY_CREATE
from generator.ops.mapping import access
from generator.ops.member import USE_DRVDATA
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE
from generator.ops.pm import (
    PM_RUNTIME_FORBID,
    PM_RUNTIME_GET_NORESUME,
    PM_RUNTIME_PUT,
    PM_RUNTIME_SET_ACTIVE,
)
from generator.ops.power import DEVM_PM_RUNTIME_ENABLE

PHY = Device("phy", "platform")
TAKE: Block = (DEVM_KZALLOC(PHY, PHY), DEVM_PLATFORM_IOREMAP_RESOURCE(PHY), DEVM_CLK_GET(PHY))
ACTIVE, ENABLE = PM_RUNTIME_SET_ACTIVE(PHY), DEVM_PM_RUNTIME_ENABLE(PHY)
FORBID, NOTE, USE = PM_RUNTIME_FORBID(PHY), DEV_SET_DRVDATA(PHY), USE_DRVDATA(PHY)
HOLD, PUT = PM_RUNTIME_GET_NORESUME(PHY), PM_RUNTIME_PUT(PHY, PHY)
ON, OFF = CLK_PREPARE_ENABLE(PHY, fail=RETURN), CLK_DISABLE_UNPREPARE(PHY)
READ = access("readl", CLOCK_ON)(PHY)
SUPPLY: Block = (DEVM_PHY_CREATE(PHY), DEVM_OF_PHY_PROVIDER_REGISTER(PHY))


def _phy(*probe: Node, off: Block = (USE,), on: Block = (USE,), last: Block = SUPPLY) -> Design:
    return Design("phy", "what others consume", (PHY,), (Driver(
        "phy", PHY, (*probe, *last), (), runtime_suspend=off, runtime_resume=on),))


DESIGN = _phy(*TAKE, ACTIVE, FORBID, ENABLE, NOTE)
SOUND = (
    _phy(*TAKE, NOTE, ACTIVE, ENABLE), _phy(*TAKE, NOTE, ENABLE),
    _phy(*TAKE, HOLD, ACTIVE, ENABLE, NOTE, last=(*SUPPLY, PUT)),
    _phy(*TAKE, ACTIVE, ENABLE, NOTE, last=()),  # nobody's supplier is left alone until it is bound
)
BUGGY = (
    (_phy(*TAKE, ACTIVE, ENABLE, FORBID, NOTE), "N12"),
    (_phy(*TAKE, ENABLE, NOTE), "N12"),  # who resumes it
    (_phy(*TAKE, NOTE, ENABLE, READ, off=(OFF,), on=(ON,)), "N12"),
)
