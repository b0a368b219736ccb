# SPDX-License-Identifier: GPL-2.0-only
"""Designs that queue what outlives its memory, or wait for what cannot end."""

from broken.parts import DELETE, KID, MADE, MAKE, Case, design, kid, port
from generator.context import tasklet, timer, work
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.ops.netdev import NAPI_DISABLE, NAPI_ENABLE
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.work import (
    CANCEL_WORK_SYNC,
    INIT_WORK,
    MOD_TIMER,
    SCHEDULE_WORK,
    TIMER_DELETE,
    TIMER_DELETE_SYNC,
    TIMER_SETUP,
)

DATA, FREE = KZALLOC_DATA(KID), KFREE_DATA(KID)
WORK, QUEUE, CANCEL = INIT_WORK(KID), SCHEDULE_WORK(KID), CANCEL_WORK_SYNC(KID)
SETUP, ARM = TIMER_SETUP(KID, timer="poll"), MOD_TIMER(KID, timer="poll")
LOCK, UNLOCK = MUTEX_LOCK(KID), MUTEX_UNLOCK(KID)
OTHER, FREED = MUTEX_LOCK(KID, lock="other"), MUTEX_UNLOCK(KID, lock="other")
NESTED = (work("work", (LOCK, OTHER, FREED, UNLOCK)),)
LOCKS = (work("work", (LOCK, UNLOCK)),)
ENABLE, DISABLE, POLLED = NAPI_ENABLE(KID), NAPI_DISABLE(KID), (tasklet("napi"),)
POLL = (timer("poll", (ARM,)),)
BOUND = ("port: bind portdrv", *MADE, "kid: bind kiddrv", "kid: kzalloc driver data(kid)")
GONE = ("kid: probe returns 0", "kid: unbind kiddrv")

CASES = (
    # drivers/pci/pcie/pme.c pcie_pme_remove() cancels before kfree(); kernel/workqueue.c
    # process_one_work() reads work->func of what is freed here.
    Case(
        "N17",
        broken=design(port(MAKE, DELETE), kid((DATA, WORK, QUEUE), (FREE,))),
        mended=design(port(MAKE, DELETE), kid((DATA, WORK, QUEUE), (CANCEL, FREE))),
        trace=(*BOUND, "kid: INIT_WORK(kid)", "kid: schedule_work(kid)", *GONE,
               "kid: kfree driver data(kid)"),
        hardware={},
    ),
    # kernel/time/timer.c timer_delete() does not wait: a timer that runs then may arm itself anew,
    # or go on in what is freed.
    Case(
        "N17",
        broken=design(port(MAKE, DELETE), kid(
            (DATA, SETUP, ARM), (TIMER_DELETE(KID, timer="poll"), FREE), contexts=POLL)),
        mended=design(port(MAKE, DELETE), kid(
            (DATA, SETUP, ARM), (TIMER_DELETE_SYNC(KID, timer="poll"), FREE), contexts=POLL)),
        trace=(*BOUND, "kid: timer_setup[poll](kid)", "kid: mod_timer[poll](kid)", *GONE,
               "kid poll: timer runs", "kid: timer_delete[poll](kid)",
               "kid: kfree driver data(kid)"),
        hardware={},
        floating=("kid poll",),
    ),
    # kernel/workqueue.c __flush_work() waits for a completion that comes behind the work: what
    # waits for itself in it, or holds what it needs, waits for ever.
    Case(
        "N18",
        broken=design(port(MAKE, DELETE), kid(
            (DATA, WORK, QUEUE), (CANCEL, FREE), contexts=(work("work", (CANCEL,)),))),
        mended=design(port(MAKE, DELETE), kid(
            (DATA, WORK, QUEUE), (CANCEL, FREE), contexts=(work("work", (QUEUE,)),))),
        trace=(*BOUND, "kid: INIT_WORK(kid)", "kid: schedule_work(kid)", "kid work: work runs",
               "kid work: cancel_work_sync(kid)"),
        hardware={},
    ),
    Case(
        "N18",
        broken=design(port(MAKE, DELETE), kid(
            (DATA, WORK, QUEUE), (LOCK, CANCEL, UNLOCK, FREE), contexts=LOCKS)),
        mended=design(port(MAKE, DELETE), kid(
            (DATA, WORK, QUEUE), (LOCK, UNLOCK, CANCEL, FREE), contexts=LOCKS)),
        trace=(*BOUND, "kid: INIT_WORK(kid)", "kid: schedule_work(kid)", *GONE,
               "kid work: work runs", "kid: mutex_lock(kid)", "kid: cancel_work_sync(kid)"),
        hardware={},
        floating=("kid work",),
    ),
    # kernel/locking/mutex.c mutex_lock() of each waits for what the other holds.
    Case(
        "N18",
        broken=design(port(MAKE, DELETE), kid(
            (DATA, WORK, QUEUE), (OTHER, LOCK, UNLOCK, FREED, CANCEL, FREE), contexts=NESTED)),
        mended=design(port(MAKE, DELETE), kid(
            (DATA, WORK, QUEUE), (LOCK, OTHER, FREED, UNLOCK, CANCEL, FREE), contexts=NESTED)),
        trace=(*BOUND, "kid: INIT_WORK(kid)", "kid: schedule_work(kid)", *GONE,
               "kid work: work runs", "kid: mutex_lock[other](kid)", "kid work: mutex_lock(kid)",
               "kid: mutex_lock(kid)", "kid work: mutex_lock[other](kid)"),
        hardware={},
        floating=("kid work",),
    ),
    # net/core/dev.c napi_disable() waits until no poll has NAPI_STATE_SCHED, and keeps that bit
    # itself until napi_enable(), which is a BUG where it is not set.
    Case(
        "N18",
        broken=design(port(MAKE, DELETE), kid(
            (DATA, ENABLE), (DISABLE, DISABLE, FREE), contexts=POLLED)),
        mended=design(port(MAKE, DELETE), kid((DATA, ENABLE), (DISABLE, FREE), contexts=POLLED)),
        trace=(*BOUND, "kid: napi_enable(kid)", *GONE, "kid: napi_disable(kid)",
               "kid: napi_disable(kid)"),
        hardware={},
    ),
    Case(
        "N17",
        broken=design(port(MAKE, DELETE), kid(
            (DATA, ENABLE, ENABLE), (DISABLE, FREE), contexts=POLLED)),
        mended=design(port(MAKE, DELETE), kid((DATA, ENABLE), (DISABLE, FREE), contexts=POLLED)),
        trace=(*BOUND, "kid: napi_enable(kid)", "kid: napi_enable(kid)"),
        hardware={},
    ),
)
