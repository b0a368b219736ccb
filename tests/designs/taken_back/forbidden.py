# SPDX-License-Identifier: GPL-2.0-only
"""Runtime PM that a driver forbids off PCI: that holds the device, until somebody allows it.

drivers/base/power/runtime.c pm_runtime_forbid() counts a use and resumes; pm_runtime_allow() lets
it go, and the user's "auto" does while no probe and no remove holds the lock of the device. So
phy-qcom-qusb2 could have no runtime_suspend behind a failed probe that had forbidden it before.
"""

from generator.design import Design, Device, Driver
from generator.facts import CLOCK_ON
from generator.operation import RETURN, Block
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import DEV_SET_DRVDATA
from generator.ops.managed import DEVM_PHY_CREATE
from generator.ops.mapping import access
from generator.ops.member import USE_DRVDATA
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE
from generator.ops.pm import PM_RUNTIME_ALLOW, PM_RUNTIME_FORBID, PM_RUNTIME_SET_ACTIVE
from generator.ops.power import DEVM_PM_RUNTIME_ENABLE

PHY = Device("phy", "platform")
TAKE: Block = (DEVM_KZALLOC(PHY, PHY), DEVM_PLATFORM_IOREMAP_RESOURCE(PHY), DEVM_CLK_GET(PHY))
ACTIVE, ENABLE = PM_RUNTIME_SET_ACTIVE(PHY), DEVM_PM_RUNTIME_ENABLE(PHY)
FORBID, ALLOW, CREATE = PM_RUNTIME_FORBID(PHY), PM_RUNTIME_ALLOW(PHY), DEVM_PHY_CREATE(PHY)
NOTE, USE = DEV_SET_DRVDATA(PHY), USE_DRVDATA(PHY)
ON, OFF = CLK_PREPARE_ENABLE(PHY, fail=RETURN), CLK_DISABLE_UNPREPARE(PHY)
READ = access("readl", CLOCK_ON)(PHY)


def _phy(*probe: object, off: Block = (USE,), on: Block = (USE,), remove: Block = ()) -> Design:
    return Design("phy", "a driver that forbids runtime PM", (PHY,), (Driver(
        "phy", PHY, (*TAKE, *probe), remove,  # type: ignore[arg-type]
        runtime_suspend=off, runtime_resume=on),))


DESIGN = _phy(ACTIVE, FORBID, ENABLE, CREATE, NOTE)
SOUND = (
    _phy(NOTE, ACTIVE, ENABLE, FORBID, CREATE), _phy(ACTIVE, FORBID, ENABLE, NOTE, ALLOW, CREATE),
    # it resumes what sleeps, and waits for that
    _phy(ENABLE, FORBID, READ, ALLOW, off=(OFF,), on=(ON,)),
)
BUGGY = (
    (_phy(ACTIVE, FORBID, ENABLE, ALLOW, CREATE, NOTE), "N12"),
    # the user writes auto
    (_phy(ACTIVE, FORBID, ENABLE, CREATE), "N12"),
    (_phy(ENABLE, FORBID, ALLOW, READ, off=(OFF,), on=(ON,)), "N12"),
)
