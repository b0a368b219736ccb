# SPDX-License-Identifier: GPL-2.0-only
"""Clocks and supplies got and switched in bulk, as phy-rockchip-inno-usb2 and arizona have them.

They count as one, and what is got in bulk may be switched one by one.
"""

from generator.design import Design, Device, Driver
from generator.operation import RETURN, Operation, fault, ok
from generator.ops.clk import (
    CLK_BULK_DISABLE_UNPREPARE,
    CLK_BULK_PREPARE_ENABLE,
    CLK_DISABLE_UNPREPARE,
    CLK_PREPARE_ENABLE,
    DEVM_CLK_BULK_GET,
    DEVM_CLK_BULK_GET_ALL,
)
from generator.ops.regulator import (
    DEVM_REGULATOR_BULK_GET,
    REGULATOR_BULK_DISABLE,
    REGULATOR_BULK_ENABLE,
)
from generator.program import Block, Return

PHY = Device("phy", "platform")
START = Operation("start", ("dev",), (ok(), fault("-EIO")), source="")
FAILS = Return(ok=False)
OFF, NO_POWER = CLK_BULK_DISABLE_UNPREPARE(PHY), REGULATOR_BULK_DISABLE(PHY)
GETS: Block = (DEVM_REGULATOR_BULK_GET(PHY, fail=RETURN), DEVM_CLK_BULK_GET_ALL(PHY, fail=RETURN))


def _phy(*failed: Block, remove: Block = (OFF, NO_POWER)) -> Design:
    probe = (*GETS, REGULATOR_BULK_ENABLE(PHY, fail=RETURN),
             CLK_BULK_PREPARE_ENABLE(PHY, fail=(NO_POWER, FAILS)),
             START(PHY, fail=(*(node for block in failed for node in block), FAILS)))
    return Design("phy", "in bulk", (PHY,), (Driver("phy", PHY, probe, remove),))


def _single(*remove: Block) -> Design:
    return Design("phy", "got in bulk", (PHY,), (Driver(
        "phy", PHY, (DEVM_CLK_BULK_GET(PHY), CLK_PREPARE_ENABLE(PHY)),
        tuple(node for block in remove for node in block)),))


ON: Block = (OFF, NO_POWER)
ONCE: Block = (CLK_DISABLE_UNPREPARE(PHY),)
DESIGN = _phy(ON)
SOUND = (_single(ONCE),)
BUGGY = (
    (_phy((NO_POWER,)), "R40"), (_phy((OFF,)), "R40"), (_phy(ON, remove=(*ON, OFF)), "R40"),
    (_single(ONCE, ONCE), "R40"),
)
