# SPDX-License-Identifier: GPL-2.0-only
"""Runtime PM references of drivers that autosuspend, and of what others call.

The wave5 codec put in remove what was put already (CVE-2026-43301); dont_use_autosuspend() suspends
at once what nobody holds, and the setters let runtime PM suspend what is enabled already. uartlite
put in probe what it had not got. fp9931 kept a reference where a read failed
(CVE-2026-23283), soundwire put one that it had not got (CVE-2023-54259); a file of rz-mtu3 counted
every write (CVE-2026-31741); runtime_resume of cadence-quadspi took the lock of who had asked for
it (CVE-2024-26806).
"""

from generator.context import Context, calls
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.facts import CLOCK_ON
from generator.operation import IGNORE, RETURN, Guard, Operation, fault, ok, sets
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.ops.mapping import access
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE
from generator.ops.pm import (
    PM_RUNTIME_DONT_USE_AUTOSUSPEND,
    PM_RUNTIME_GET_NORESUME,
    PM_RUNTIME_GET_SYNC,
    PM_RUNTIME_PUT,
    PM_RUNTIME_PUT_AUTOSUSPEND,
    PM_RUNTIME_PUT_SYNC,
    PM_RUNTIME_RESUME_AND_GET,
    PM_RUNTIME_SET_ACTIVE,
    PM_RUNTIME_SET_AUTOSUSPEND_DELAY,
    PM_RUNTIME_USE_AUTOSUSPEND,
)
from generator.ops.power import DEVM_PM_RUNTIME_ENABLE, PM_RUNTIME_DISABLE, PM_RUNTIME_ENABLE
from generator.ops.registered import SYSFS_CREATE_GROUP, SYSFS_REMOVE_GROUP
from generator.program import Block, If, Node, Return

CHIP = Device("chip", "platform")
OFF, ON = CLK_DISABLE_UNPREPARE(CHIP), CLK_PREPARE_ENABLE(CHIP, fail=RETURN)
LATER, ACTIVE = PM_RUNTIME_USE_AUTOSUSPEND(CHIP), PM_RUNTIME_SET_ACTIVE(CHIP)
AT_ONCE, DISABLE = PM_RUNTIME_DONT_USE_AUTOSUSPEND(CHIP), PM_RUNTIME_DISABLE(CHIP)
GET, PUT = PM_RUNTIME_RESUME_AND_GET(CHIP, CHIP), PM_RUNTIME_PUT_AUTOSUSPEND(CHIP)
TAKE: Block = (DEVM_CLK_GET(CHIP), CLK_PREPARE_ENABLE(CHIP), ACTIVE)
FILES, NO_FILES = SYSFS_CREATE_GROUP(CHIP), SYSFS_REMOVE_GROUP(CHIP)
LOCK, UNLOCK = MUTEX_LOCK(CHIP), MUTEX_UNLOCK(CHIP)
READ = Operation("regmap_read", ("dev",), (ok(), fault("-EIO")), source="")
DEV = Role("dev")
COUNTS = Fact("counts", 1, "that it counts, in the driver's data", local=True)
NOTE, FORGET = (Operation(f"counts = {value}", ("dev",), (ok(sets(COUNTS(DEV), value)),), source="")
                for value in (1, 0))
WRITES = Guard("user writes 1", None, ())
NOTED = Guard("it counts", COUNTS(CHIP).eq(1), ())


def _chip(probe: Block, remove: Block, *contexts: Context, **callbacks: Block) -> Design:
    both = {"runtime_suspend": (OFF,), "runtime_resume": (ON,), **callbacks}
    driver = Driver("drv", CHIP, probe, remove, contexts=contexts,
                    **both)  # type: ignore[arg-type]
    return Design("chip", "a device that autosuspends", (CHIP,), (driver,))


def _removed(*last: Node) -> Design:
    return _chip((*TAKE, LATER, PM_RUNTIME_ENABLE(CHIP), GET, PUT), last)


def _begun(*get: Node) -> Design:
    return _chip((*TAKE, LATER, *get, PM_RUNTIME_ENABLE(CHIP), PUT), (AT_ONCE, DISABLE))


def _set(*start: Node) -> Design:
    reads = access("readl", CLOCK_ON)(CHIP)
    return _chip((DEVM_PLATFORM_IOREMAP_RESOURCE(CHIP), *TAKE, *start, reads), (AT_ONCE, DISABLE))


def _called(*body: Node) -> Design:
    probe = (DEVM_CLK_GET(CHIP), LATER, DEVM_PM_RUNTIME_ENABLE(CHIP), FILES)
    return _chip(probe, (NO_FILES,), calls("attributes", body),
                 runtime_suspend=(), runtime_resume=())


def _written(up: Block, down: Block) -> Design:
    return _chip((DEVM_CLK_GET(CHIP), PM_RUNTIME_ENABLE(CHIP), FILES), (
        NO_FILES, If(NOTED, (PM_RUNTIME_PUT_SYNC(CHIP, CHIP),)), DISABLE,
    ), calls("attributes", (If(WRITES, up, down),)), runtime_suspend=(), runtime_resume=())


def _locked(*inside: Node) -> Design:
    asks = PM_RUNTIME_RESUME_AND_GET(CHIP, CHIP, fail=(UNLOCK, Return()))
    return _chip((*TAKE, LATER, PM_RUNTIME_ENABLE(CHIP), FILES), (NO_FILES, AT_ONCE, DISABLE),
                 calls("attributes", (LOCK, asks, PM_RUNTIME_PUT(CHIP, CHIP), UNLOCK)),
                 runtime_resume=(*inside, ON))


MAY_GET = PM_RUNTIME_RESUME_AND_GET(CHIP, CHIP, fail=(Return(),))
UP: Block = (PM_RUNTIME_GET_SYNC(CHIP, CHIP, fail=IGNORE), NOTE(CHIP))
DOWN: Block = (PM_RUNTIME_PUT(CHIP, CHIP), FORGET(CHIP))
DESIGN = _removed(AT_ONCE, DISABLE)
DELAY, ENABLE = PM_RUNTIME_SET_AUTOSUSPEND_DELAY(CHIP), PM_RUNTIME_ENABLE(CHIP)
SOUND = (
    _begun(PM_RUNTIME_GET_NORESUME(CHIP)), _set(DELAY, LATER, ENABLE),
    _called(MAY_GET, READ(CHIP, fail=IGNORE), PUT),
    _called(PM_RUNTIME_GET_SYNC(CHIP, CHIP, fail=IGNORE), PUT),
    _written((If(NOTED, (), UP),), (If(NOTED, DOWN),)), _locked(),
)
BUGGY = (
    (_removed(PM_RUNTIME_PUT_SYNC(CHIP, CHIP), AT_ONCE, DISABLE), "N41"),
    (_removed(DISABLE), "R40"),
    (_begun(), "N41"),
    (_set(ENABLE, DELAY, LATER), "N12"),
    (_set(LATER, ENABLE, DELAY), "N12"),
    (_set(ENABLE, LATER), "N12"),
    (_called(MAY_GET, READ(CHIP, fail=(Return(),)), PUT), "R36"),
    (_called(PM_RUNTIME_RESUME_AND_GET(CHIP, CHIP, fail=IGNORE), PUT), "N41"),
    (_written((If(NOTED, (), UP),), DOWN), "N41"),
    (_written(UP, (If(NOTED, DOWN),)), "R36"),
    (_locked(LOCK, UNLOCK), "N18"),
)
