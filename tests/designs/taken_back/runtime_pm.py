# SPDX-License-Identifier: GPL-2.0-only
"""Clocks that runtime PM switches, and drivers that switch them as well.

As fixes of I2C and SPI controllers had it: spi-cadence-quadspi and its like disable in remove what
runtime PM has disabled; suspend does where nobody has asked; a handler on a shared line reads a
device that is suspended; what writes to registers before kexec has not woken them; i2c-imx-lpi2c
left runtime PM enabled behind a failed probe; runtime_suspend waits for work that waits for it;
remove of i2c-imx returned where the device could not be resumed, and left its adapter.
"""

from generator.context import Context, calls, work
from generator.design import Design, Device, Driver
from generator.facts import CLOCK_ON
from generator.operation import IGNORE, RETURN
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.mapping import access
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.pm import (
    PM_RUNTIME_DONT_USE_AUTOSUSPEND,
    PM_RUNTIME_GET_IF_ACTIVE,
    PM_RUNTIME_GET_NORESUME,
    PM_RUNTIME_GET_SYNC,
    PM_RUNTIME_PUT,
    PM_RUNTIME_PUT_AUTOSUSPEND,
    PM_RUNTIME_PUT_NOIDLE,
    PM_RUNTIME_PUT_SYNC,
    PM_RUNTIME_RESUME_AND_GET,
    PM_RUNTIME_SET_ACTIVE,
    PM_RUNTIME_USE_AUTOSUSPEND,
)
from generator.ops.power import (
    PM_RUNTIME_DISABLE,
    PM_RUNTIME_ENABLE,
    PM_RUNTIME_FORCE_RESUME,
    PM_RUNTIME_FORCE_SUSPEND,
    suspended,
)
from generator.ops.registered import I2C_ADD_ADAPTER, I2C_DEL_ADAPTER
from generator.ops.work import CANCEL_WORK_SYNC, INIT_WORK, SCHEDULE_WORK
from generator.program import Block, If, Return

BUS = Device("bus", "platform")
READ = access("readl", CLOCK_ON)
OFF, ON = CLK_DISABLE_UNPREPARE(BUS), CLK_PREPARE_ENABLE(BUS, fail=RETURN)
CLOCK = {"runtime_suspend": (OFF,), "runtime_resume": (ON,)}
TAKE: Block = (DEVM_PLATFORM_IOREMAP_RESOURCE(BUS), DEVM_CLK_GET(BUS), CLK_PREPARE_ENABLE(BUS))
DISABLE, NOIDLE = PM_RUNTIME_DISABLE(BUS), PM_RUNTIME_PUT_NOIDLE(BUS, BUS)
ENABLE: Block = (PM_RUNTIME_SET_ACTIVE(BUS), PM_RUNTIME_ENABLE(BUS))
WAKE = PM_RUNTIME_GET_SYNC(BUS, BUS, fail=IGNORE)
STOP: Block = (WAKE, DISABLE, NOIDLE, OFF)
ADD, DELETE = I2C_ADD_ADAPTER(BUS), I2C_DEL_ADAPTER(BUS)
MAY_USE = PM_RUNTIME_RESUME_AND_GET(BUS, BUS, fail=(Return(),))
TRANSFERS = calls("i2c", (MAY_USE, READ(BUS), PM_RUNTIME_PUT(BUS, BUS)))


def _bus(
    probe: Block, remove: Block, *contexts: Context, atomic: Block = (), **callbacks: Block
) -> Design:
    made = Driver("busdrv", BUS, probe, remove, contexts=contexts, atomic=atomic,
                  **{**CLOCK, **callbacks})  # type: ignore[arg-type]
    return Design("bus", "a controller whose clock runtime PM switches", (BUS,), (made,))


def _asleep(down: Block, up: Block) -> Design:
    return _bus((*TAKE, *ENABLE), STOP, suspend=down, resume=up)


def _removed(*stop: object) -> Design:
    return _bus((*TAKE, *ENABLE, ADD), (DELETE, *stop), TRANSFERS)  # type: ignore[arg-type]


def _listens(*handler: object) -> Design:
    line = (PLATFORM_GET_IRQ(BUS, BUS), REQUEST_IRQ(BUS, shared=1))
    return _bus((*TAKE, *ENABLE, *line), (FREE_IRQ(BUS), *STOP),
                atomic=handler)  # type: ignore[arg-type]


def _halts(*body: object) -> Design:
    return _bus((*TAKE, *ENABLE), STOP, shutdown=body)  # type: ignore[arg-type]


def _fails(*last: object) -> Design:
    waits = (PM_RUNTIME_USE_AUTOSUSPEND(BUS), PM_RUNTIME_GET_NORESUME(BUS), *ENABLE)
    add = I2C_ADD_ADAPTER(BUS, fail=(*last, Return(ok=False)))  # type: ignore[arg-type]
    idle = PM_RUNTIME_PUT_AUTOSUSPEND(BUS)
    left = (DELETE, WAKE, DISABLE, PM_RUNTIME_DONT_USE_AUTOSUSPEND(BUS), NOIDLE, OFF)
    return _bus((*TAKE, *waits, add, idle), left, calls("i2c"))


def _returns(*remove: object) -> Design:
    return _bus((*TAKE, *ENABLE, ADD), remove, calls("i2c"))  # type: ignore[arg-type]


def _waits(*down: object) -> Design:
    job = work("job", (MAY_USE, PM_RUNTIME_PUT(BUS, BUS)))
    cancel = CANCEL_WORK_SYNC(BUS, work="job")
    probe = (*TAKE, INIT_WORK(BUS, work="job"), *ENABLE, SCHEDULE_WORK(BUS, work="job"))
    return _bus(probe, (cancel, *STOP), job,
                runtime_suspend=(*down, OFF))  # type: ignore[arg-type]


FORCED = _asleep((PM_RUNTIME_FORCE_SUSPEND(BUS, fail=RETURN),),
                 (PM_RUNTIME_FORCE_RESUME(BUS, fail=RETURN),))
ASKED = _asleep((If(suspended(BUS), (), (OFF,)),), (If(suspended(BUS), (), (ON,)),))
GET_IF = PM_RUNTIME_GET_IF_ACTIVE(BUS, BUS, fail=(Return(),))
PUT_SYNC = PM_RUNTIME_PUT_SYNC(BUS, BUS)
GIVES_UP = (PM_RUNTIME_DONT_USE_AUTOSUSPEND(BUS), PUT_SYNC, DISABLE)
GONE: Block = (DELETE, DISABLE, NOIDLE)
RESUME = PM_RUNTIME_RESUME_AND_GET(BUS, BUS, fail=(DISABLE, Return()))
OR_LEAVE = PM_RUNTIME_GET_SYNC(BUS, BUS, fail=(*GONE, Return()))
DESIGN = FORCED
SOUND = (
    ASKED, _returns(OR_LEAVE, *GONE, OFF), _removed(*STOP), _listens(GET_IF, READ(BUS), NOIDLE),
    _halts(MAY_USE, READ(BUS), PUT_SYNC), _fails(*GIVES_UP), _waits(),
)
BUGGY = (
    (_asleep((OFF,), (ON,)), "R40"),
    (_removed(OFF, DISABLE), "R40"),
    (_listens(READ(BUS)), "N3"),
    (_halts(READ(BUS)), "N12"),
    (_fails(PM_RUNTIME_PUT_NOIDLE(BUS, BUS), OFF), "R40"),
    (_waits(CANCEL_WORK_SYNC(BUS, work="job")), "N18"),
    (_returns(RESUME, *GONE, OFF), "N17"),
)
