# SPDX-License-Identifier: GPL-2.0-only
"""A platform driver whose handler, work, timer or tasklet runs when it must not, and each mended.

They are the shapes of public fixes: the order of a probe or a remove, nothing else.
"""

from dataclasses import replace

from generator.context import Context, irq_thread, timer, work
from generator.design import Design, Device, Driver
from generator.facts import BLOCK, CLOCK_ON, MAPPED
from generator.operation import Do
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import DEVM_REQUEST_IRQ, DISABLE_IRQ, ENABLE_IRQ, FREE_IRQ, REQUEST_IRQ
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.ops.memdev import READL
from generator.ops.perf import CPUHP_STATE_ADD_INSTANCE, CPUHP_STATE_REMOVE_INSTANCE
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.work import (
    CANCEL_WORK_SYNC,
    INIT_WORK,
    MOD_TIMER,
    SCHEDULE_WORK,
    TASKLET_KILL,
    TASKLET_SCHEDULE,
    TASKLET_SETUP,
    TIMER_DELETE_SYNC,
    TIMER_SETUP,
)
from generator.program import Block

HOST = Device("host", "platform", answers=((BLOCK, ("in an assigned BAR",)),))
DATA, MAP = DEVM_KZALLOC(HOST, HOST), DEVM_PLATFORM_IOREMAP_RESOURCE(HOST)
OWN, NOT_OWN = KZALLOC_DATA(HOST), KFREE_DATA(HOST)
LINE, MANAGED = PLATFORM_GET_IRQ(HOST, HOST), DEVM_REQUEST_IRQ(HOST, HOST, shared=0)
IRQ, NO_IRQ = REQUEST_IRQ(HOST, shared=0), FREE_IRQ(HOST)
CLOCK, STOP = (DEVM_CLK_GET(HOST), CLK_PREPARE_ENABLE(HOST)), CLK_DISABLE_UNPREPARE(HOST)
INIT, CANCEL, QUEUE = INIT_WORK(HOST), CANCEL_WORK_SYNC(HOST), SCHEDULE_WORK(HOST)
SETUP, KILL, SCHEDULE = TASKLET_SETUP(HOST), TASKLET_KILL(HOST), TASKLET_SCHEDULE(HOST)
ARM: Block = (TIMER_SETUP(HOST), MOD_TIMER(HOST))
STILL = TIMER_DELETE_SYNC(HOST)
QUEUES = (work("work"), timer("timer", (QUEUE,)))
LOCK, UNLOCK = MUTEX_LOCK(HOST), MUTEX_UNLOCK(HOST)
LOCKS = (irq_thread("thread", (LOCK, UNLOCK)),)
CPU, NO_CPU = CPUHP_STATE_ADD_INSTANCE(HOST), CPUHP_STATE_REMOVE_INSTANCE(HOST)


def _host(
    probe: Block, remove: Block = (), *, atomic: Block = (), contexts: tuple[Context, ...] = (),
) -> Design:
    driver = Driver("hostdrv", HOST, (LINE, *probe), remove, atomic=atomic, contexts=contexts)
    return Design("host", "a host controller", (HOST,), (driver,))


def _clocked(probe: Block, remove: Block) -> Design:
    design = _host(probe, remove)
    needs = replace(design.drivers[0], handler_needs=(CLOCK_ON, MAPPED))
    return replace(design, drivers=(needs,))


def _queues(*remove: Do) -> Design:
    return _host((DATA, INIT, IRQ), remove, atomic=(QUEUE,), contexts=QUEUES[:1])


def _sleeps(resume: Block) -> Design:
    design = _host((DATA, MANAGED))
    quiet = replace(design.drivers[0], suspend=(DISABLE_IRQ(HOST),), resume=resume)
    return replace(design, drivers=(quiet,))


DESIGN = _host((DATA, MANAGED))
SOUND = (
    _host((MAP, MANAGED), atomic=(READL(HOST),)),
    _clocked((MAP, *CLOCK, IRQ), (NO_IRQ, STOP)),
    _queues(NO_IRQ, CANCEL),
    _host((DATA, SETUP, IRQ), (NO_IRQ, KILL), atomic=(SCHEDULE,)),
    _host((DATA, INIT, *ARM), (STILL, CANCEL), contexts=QUEUES),
    _host((DATA, IRQ), (LOCK, UNLOCK, NO_IRQ), contexts=LOCKS),
    _host((OWN, CPU), (NO_CPU, NOT_OWN)),
    _sleeps((ENABLE_IRQ(HOST),)),
)
BUGGY = (
    (_host((MANAGED, DATA)), "N3"),
    (_host((MANAGED, MAP), atomic=(READL(HOST),)), "N3"),
    (_clocked((MAP, *CLOCK, MANAGED), (STOP,)), "N3"),
    (_queues(CANCEL, NO_IRQ), "N17"),
    (_host((DATA, SETUP, IRQ), (KILL, NO_IRQ), atomic=(SCHEDULE,)), "N17"),
    (_host((DATA, INIT, *ARM), (CANCEL, STILL), contexts=QUEUES), "N17"),
    (_host((DATA, IRQ), (LOCK, NO_IRQ, UNLOCK), contexts=LOCKS), "N18"),
    (_host((OWN, CPU), (NOT_OWN, NO_CPU)), "N23"),
    (_host((CPU, OWN), (NO_CPU, NOT_OWN)), "N23"),
    (_sleeps(()), "N13"),
)
