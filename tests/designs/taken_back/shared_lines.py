# SPDX-License-Identifier: GPL-2.0-only
"""A reset line that others share, an optional supply, and runtime PM forced that nobody enabled.

dwc3-st gets its reset by devm_reset_control_get_shared(); gpio-mpc8xxx has
DEFINE_RUNTIME_DEV_PM_OPS(), whose sleep forces runtime PM, and enables none: power.disable_depth
goes from 1 to 2 and back, and no callback is called.
"""

from generator.design import Design, Device, Driver
from generator.operation import IGNORE, Block
from generator.ops.power import (
    PM_RUNTIME_DISABLE,
    PM_RUNTIME_ENABLE,
    PM_RUNTIME_FORCE_RESUME,
    PM_RUNTIME_FORCE_SUSPEND,
)
from generator.ops.regulator import (
    DEVM_REGULATOR_GET_OPTIONAL,
    REGULATOR_DISABLE,
    REGULATOR_ENABLE,
)
from generator.ops.reset import (
    DEVM_RESET_CONTROL_GET_OPTIONAL_SHARED,
    DEVM_RESET_CONTROL_GET_SHARED,
    RESET_CONTROL_ASSERT,
    RESET_CONTROL_DEASSERT,
)

CHIP = Device("chip", "platform")
DEASSERT, ASSERT = RESET_CONTROL_DEASSERT(CHIP), RESET_CONTROL_ASSERT(CHIP)
OFF, ON = PM_RUNTIME_FORCE_SUSPEND(CHIP, fail=IGNORE), PM_RUNTIME_FORCE_RESUME(CHIP)


def _chip(probe: Block, remove: Block = (), *, sleeps: bool = False) -> Design:
    return Design("chip", "what it shares", (CHIP,), (Driver(
        "chip", CHIP, probe, remove, suspend=(OFF,) if sleeps else None,
        resume=(ON,) if sleeps else None, runtime_suspend=(), runtime_resume=()),))


DESIGN = _chip((DEVM_RESET_CONTROL_GET_SHARED(CHIP), DEASSERT), (ASSERT,))
SOUND = (
    _chip((DEVM_RESET_CONTROL_GET_OPTIONAL_SHARED(CHIP), DEASSERT), (ASSERT,)),
    _chip((DEVM_REGULATOR_GET_OPTIONAL(CHIP), REGULATOR_ENABLE(CHIP)), (REGULATOR_DISABLE(CHIP),)),
    _chip((), sleeps=True),
    _chip((PM_RUNTIME_ENABLE(CHIP),), (PM_RUNTIME_DISABLE(CHIP),), sleeps=True),
)
BUGGY = (
    (_chip((DEASSERT,), (ASSERT,)), "N12"),
    (_chip((DEVM_REGULATOR_GET_OPTIONAL(CHIP), REGULATOR_ENABLE(CHIP))), "R40"),
    (_chip((PM_RUNTIME_ENABLE(CHIP),), sleeps=True), "R40"),
)
