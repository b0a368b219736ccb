# SPDX-License-Identifier: GPL-2.0-only
"""Who holds a spinlock neither sleeps nor waits for who takes it, and gives it back.

The shapes of many fixes: memory that may sleep, or a clock, asked for under a lock; a timer deleted
by who holds what its function takes; an error path without the unlock. A timer that takes another
lock may be waited for, since that does not sleep.
"""

from generator.context import Context, timer, work
from generator.design import Design, Device, Driver
from generator.ops.clk import DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK, SPIN_LOCK, SPIN_UNLOCK
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.work import (
    CANCEL_WORK_SYNC,
    INIT_WORK,
    SCHEDULE_WORK,
    TIMER_DELETE_SYNC,
    TIMER_SETUP,
    TIMER_SHUTDOWN_SYNC,
)
from generator.program import Block, Node, Return

CHIP = Device("chip", "platform")
DATA, CLOCK = DEVM_KZALLOC(CHIP, CHIP), DEVM_CLK_GET(CHIP)
LOCK, UNLOCK = SPIN_LOCK(CHIP), SPIN_UNLOCK(CHIP)
A, B = (SPIN_LOCK(CHIP, lock=name) for name in "ab")
NOT_A, NOT_B = (SPIN_UNLOCK(CHIP, lock=name) for name in "ab")


def _chip(probe: Block, remove: Block = (), *contexts: Context) -> Design:
    driver = Driver("drv", CHIP, (DATA, *probe), remove, contexts=contexts,
                    others_queue=bool(contexts))
    return Design("chip", "who holds a spinlock", (CHIP,), (driver,))


def _clock(*fail: Node) -> Design:
    return _chip((LOCK, DEVM_CLK_GET(CHIP, fail=(*fail, UNLOCK, Return(ok=False))), UNLOCK))


def _poll(*stop: Node) -> Design:
    return _chip((TIMER_SETUP(CHIP),), stop, timer("timer", (LOCK, UNLOCK)))


def _job(*body: Node, probe: Block = (), stop: Block = ()) -> Design:
    return _chip((INIT_WORK(CHIP), *probe), (*stop, CANCEL_WORK_SYNC(CHIP)), work("work", body))


def _line(*error: Node) -> Design:
    fails = PLATFORM_GET_IRQ(CHIP, CHIP, fail=(*error, Return(ok=False)))
    return _chip((LOCK, UNLOCK, fails, LOCK, UNLOCK))


QUEUE = (SCHEDULE_WORK(CHIP),)
DESIGN = _chip((LOCK, UNLOCK, CLOCK))
SOUND = (
    _poll(LOCK, UNLOCK, TIMER_SHUTDOWN_SYNC(CHIP)), _poll(A, TIMER_SHUTDOWN_SYNC(CHIP), NOT_A),
    _job(MUTEX_LOCK(CHIP), LOCK, UNLOCK, MUTEX_UNLOCK(CHIP)), _line(),
    _job(A, B, NOT_B, NOT_A, probe=QUEUE, stop=(A, B, NOT_B, NOT_A)),
)
BUGGY = (
    (_clock(), "N8"),
    (_poll(LOCK, TIMER_SHUTDOWN_SYNC(CHIP), UNLOCK), "N18"),
    (_poll(A, LOCK, TIMER_DELETE_SYNC(CHIP), UNLOCK, NOT_A), "N18"),
    (_job(LOCK, MUTEX_LOCK(CHIP, lock="other"), MUTEX_UNLOCK(CHIP, lock="other"), UNLOCK), "N8"),
    (_line(LOCK), "N18"),
    (_chip((LOCK, LOCK, UNLOCK, UNLOCK)), "N18"),
    (_job(A, B, NOT_B, NOT_A, probe=QUEUE, stop=(B, A, NOT_A, NOT_B)), "N18"),
)
