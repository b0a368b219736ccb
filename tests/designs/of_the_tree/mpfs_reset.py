# SPDX-License-Identifier: GPL-2.0-only
"""drivers/reset/reset-mpfs.c: reset lines on the auxiliary bus, of a clock driver."""

from dataclasses import replace

from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.facts import ABSENT, IDENT, LIFE
from generator.fingerprint import Fingerprint
from generator.operation import RETURN, sets
from generator.ops.assign import note
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import DEVM_KZALLOC, KFREE, KZALLOC
from generator.ops.drvdata import DEV_SET_DRVDATA
from generator.ops.perf import DEVM_KCALLOC, devm_action
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE
from generator.ops.registered import DEVM_RESET_CONTROLLER_REGISTER
from generator.program import Return

CLOCKS = Device("clocks", "platform")
LINES = Device("lines", "aux", CLOCKS)
DEV = Role("dev")
DATA = Fact("platform data", 1, "adev->dev.platform_data points to the registers")
SETS_DATA = note("adev->dev.platform_data", sets(DATA(DEV), 1), roles=("dev",))
READS_DATA = replace(note("adev->dev.platform_data, read", roles=("dev",)), needs=(DATA,))
CLKS = replace(DEVM_KCALLOC, name="mpfs_clk_register_periphs",
               fingerprint=Fingerprint(("mpfs_clk_register_periphs",)))

UNREGISTER = replace(
    AUXILIARY_DEVICE_DELETE, name="mpfs_reset_unregister_adev", fingerprint=None,
    outcomes=tuple(
        replace(way, gives=(
            *(one for one in way.gives if one.target.fact != LIFE),
            sets(LIFE(DEV), ABSENT), sets(DATA(DEV), 0), sets(IDENT(DEV), 0),
        )) for way in AUXILIARY_DEVICE_DELETE.outcomes))
LATER = devm_action(UNREGISTER, "mpfs_reset_unregister_adev")
NUMBER = note("adev->id = 666u", sets(IDENT(DEV), 1), roles=("dev",))
NO_NUMBER = note("adev is freed", sets(IDENT(DEV), 0), roles=("dev",))

clocks = Driver(
    "microchip-mpfs-clkcfg", CLOCKS,
    probe=(
        DEVM_KZALLOC(CLOCKS, CLOCKS, fail=RETURN),  # clk:373
        DEVM_PLATFORM_IOREMAP_RESOURCE(CLOCKS, fail=RETURN),  # clk:377
        DEV_SET_DRVDATA(CLOCKS),  # clk:387
        CLKS(CLOCKS, fail=RETURN),  # clk:404
        KZALLOC(LINES, fail=RETURN),  # reset:178
        NUMBER(LINES),  # reset:185
        AUXILIARY_DEVICE_INIT(LINES, fail=(  # reset:187
            KFREE(LINES),  # reset:189
            NO_NUMBER(LINES),
            Return(ok=False),
        )),
        AUXILIARY_DEVICE_ADD(LINES, fail=(  # reset:205
            AUXILIARY_DEVICE_UNINIT(LINES),  # reset:207
            NO_NUMBER(LINES),
            Return(ok=False),
        )),
        SETS_DATA(LINES),  # reset:211
        LATER(LINES, CLOCKS, fail=RETURN),  # reset:213
    ),
    builtin=True,
)
lines = Driver(
    "reset-mpfs", LINES,
    probe=(
        DEVM_KZALLOC(LINES, LINES, fail=RETURN),  # reset:140
        READS_DATA(LINES),  # reset:144
        DEVM_RESET_CONTROLLER_REGISTER(LINES, fail=RETURN),  # reset:155
    ),
)
DESIGN = Design("mpfs-reset", "a clock driver makes a device of reset lines", (CLOCKS, LINES),
                (clocks, lines))
