# SPDX-License-Identifier: GPL-2.0-only
"""Work, timers, tasklets and threads: queued by anybody, run at any time until cancelled.

Each is of a context of the driver, which is named where there is more than one:
SCHEDULE_WORK(dev, work="reset"). In C the device is where the struct work_struct lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from generator.context import (
    KINDS,
    REGISTERED,
    added,
    anchored,
    awaited,
    flushed,
    opened,
    pointed,
    queued,
    ready,
    registered,
    running,
    shut,
    unended,
)
from generator.errors import ModelError
from generator.expr import Place, Role, all_of, minimum, pick
from generator.facts import POLLER
from generator.fingerprint import Fails, Fingerprint
from generator.operation import (
    ME,
    UNSAID,
    Block,
    Do,
    OnFail,
    Operation,
    Set,
    fault,
    here,
    ok,
    sets,
)
from generator.ops.assign import assign, plain
from generator.ops.device import INIT_LIST_HEAD

USER = Role("user")


DOES = ("initialise", "queue", "start", "cancel", "cancel and wait", "shut down", "wait", "close",
        "anchor", "take off its anchor", "add", "delete", "use")


@dataclass(frozen=True)
class Of:
    """An operation on contexts of a kind: `does` says which, applied it is that on one of them.

    `word` is by what a design names the context, and its name where it names none.
    """

    callee: str
    does: str
    kind: str
    word: str
    source: str
    managed: bool = False  # the driver core cancels it and waits, from a devres list
    managed_by: str = ""  # it does so where an operation of this name is on that list
    undo: Of | None = None  # of a registration: what unregisters
    error: str = ""  # of what is queued: that it can fail, and how; else -ENOMEM where it can
    fails: Fails = Fails.NEGATIVE
    argument: int | None = 0  # of the call, that tells the device
    also: tuple[Set, ...] = ()  # what it gives beside
    idempotent: bool = False
    once: bool = False  # not again before its counterpart: a second one waits for ever, or is a BUG
    anchored: bool = False  # it cancels an URB only where that is on its anchor
    napi: bool = False  # of NAPI: it has to be added, and is not queued before it is enabled
    spelled: tuple[str, ...] = ()  # what is left of it in C whose macros are expanded
    read: bool = True  # a driver that is read has it as well, not only one that is written
    sleeps: bool = False  # what uses a registration may sleep
    takes_null: bool = False  # what uses one does nothing of NULL

    def __post_init__(self) -> None:
        """Refuse what a design's own file can write wrongly."""
        if self.does not in DOES:
            raise ModelError(here(), f"{self.callee}: does= is one of {', '.join(DOES)}, "
                             f"not {self.does!r}")
        if self.kind not in KINDS:
            raise ModelError(here(), f"{self.callee}: kind= is one of {', '.join(KINDS)}, "
                             f"not {self.kind!r}")
        if not isinstance(self.word, str) or not self.word.isidentifier():
            raise ModelError(here(), f"{self.callee}: word= is a word, by which a context of it is "
                             f"named, not {self.word!r}")
        if not isinstance(self.undo, Of | None):
            raise ModelError(here(), f"{self.callee}: undo= is an Of as well, what unregisters, "
                             f"not {self.undo}")
        if self.does == "start" and self.kind in REGISTERED and self.undo is None:
            raise ModelError(here(), f"{self.callee}: undo= is missing: the Of that unregisters, "
                             'which does "cancel and wait", or "cancel" where nobody waits')

    def __call__(
        self, *places: Place, c: Mapping[str, str] | None = None,
        fail: OnFail | Block = UNSAID, **which: str
    ) -> Do:
        """Return it on the context of a device, at the caller's line.

        Errors: ModelError when devices do not fit or the context is not named by `word`.
        """
        strange = sorted(which.keys() - {self.word})
        name = which.get(self.word, self.word)
        if strange:
            raise ModelError(here(), f"{self.callee}() takes {self.word}=, not {strange[0]}=")
        if not isinstance(name, str) or not name.isidentifier():
            raise ModelError(
                here(), f'{self.callee}(): {self.word}= is a name, {self.word}="NAME": not {name!r}'
            )
        return self.on(name)(*places, fail=fail, c=c)

    def on(self, name: str) -> Operation:
        """Return the operation on the context of a name."""
        return _operation(self, name)


@cache
def _operation(of: Of, name: str) -> Operation:
    shown = of.callee if name == of.word else f"{of.callee}[{name}]"
    common = Operation(
        shown, ("user",), (ok(),), of.source, Fingerprint((of.callee,), on=of.argument),
        context=(of.kind, name), does=of.does, sleeps=False, idempotent=of.idempotent,
        once=of.once,
    )
    # nobody looks for an URB that was never filled: urb.c usb_kill_urb(), usb_unlink_urb()
    needs = () if of.kind in ("thread", "urb", *REGISTERED) else (ready(name),)
    waiting, runs, left, closed = (
        fact(name)(USER) for fact in (awaited, running, unended, shut)
    )
    # of what is flushed, only a run that has begun will end
    off = sets(queued(name)(USER), 0), sets(left, minimum(left, runs))
    on_anchor = anchored(name)(USER)
    mine = registered(name)(USER)
    gone = (sets(mine, 0),) if of.kind in REGISTERED else ()
    here_: tuple[Set, ...] = ()
    if of.anchored:
        rest = pick(on_anchor.eq(1), 0, queued(name)(USER))
        off = sets(queued(name)(USER), rest), sets(left, minimum(left, runs))
    match of.does:
        case "initialise":
            # usb_fill_*_urb() switches no endpoint on that is off
            anew = () if of.kind == "urb" else (sets(closed, 0),)
            common = replace(common, outcomes=(ok(sets(ready(name)(USER), 1), *anew),),
                             undo=(of.undo or _CANCELS[of.kind]).on(name), leaves=(ready(name),),
                             needs=(added(name),) if of.napi else ())
            if not of.managed:
                return common
            return replace(
                common, roles=("user", "owner"), outcomes=(*common.outcomes, fault("-ENOMEM")),
                fingerprint=Fingerprint((of.callee,), on=0, fails=Fails.NEGATIVE),
                acts_on="owner", managed=True, on_devres="owner",
            )
        case "start":  # it runs, again and again, until it is stopped
            if of.kind in REGISTERED:
                here_ = sets(mine, 1), sets(pointed(name)(USER), 1)
                stay = tuple(one.target.fact for one in of.also if one.target.fact.local)
                common = replace(common, leaves=(pointed(name), *stay))
            started = ok(sets(queued(name)(USER), 1), *here_, *of.also)
            ways = (started, fault(of.error or "-ENOMEM"))
            return replace(
                common, outcomes=ways[:1] if of.fails is Fails.NEVER else ways,
                fingerprint=Fingerprint((of.callee,), on=of.argument, fails=of.fails),
                undo=(of.undo or _CANCELS[of.kind]).on(name), sleeps=True,
                managed=of.managed, on_devres="user" if of.managed or of.managed_by else "",
                managed_by=of.managed_by,
            )
        case "queue":  # what was shut down stays so, without a word
            may = all_of(closed.eq(0), ready(name)(USER).eq(1)) if of.napi else closed.eq(0)
            value = pick(may, 1, queued(name)(USER))
            done = (ok(sets(queued(name)(USER), value)),)
            return replace(common, outcomes=(*done, fault(of.error)) if of.error else done,
                           fingerprint=Fingerprint((of.callee,), on=of.argument, fails=of.fails)
                           if of.error else common.fingerprint,
                           needs=((added if of.napi else ready)(name),))
        case "add":  # as one that is disabled
            there = ok(sets(added(name)(USER), 1), sets(ready(name)(USER), 0))
            return replace(common, outcomes=(there,), undo=of.undo.on(name) if of.undo else None,
                           leaves=(added(name),))
        case "delete":  # what is disabled stays so, and is not scheduled
            return replace(common, sleeps=True)
        case "anchor" | "take off its anchor":
            return replace(common, outcomes=(ok(sets(on_anchor, int(of.does == "anchor"))),))
        case "close":
            return replace(common, outcomes=(ok(sets(opened(name)(USER), 0)),), fingerprint=None)
        case "use":
            return replace(common, context=("", ""), does="", needs=(registered(name),),
                           sleeps=of.sleeps,
                           needs_when=pointed(name) if of.takes_null else None)
        case "cancel":
            return replace(common, outcomes=(ok(*off, *gone, *of.also),), needs=needs)
        case "cancel and wait" | "shut down":  # what is queued meanwhile does not stay queued
            last = (sets(closed, 1),) if of.does == "shut down" else ()
            also = (*of.also, sets(on_anchor, 0)) if of.anchored else (*gone, *of.also)
            return replace(
                common, outcomes=(ok(*off, sets(waiting, 0), *also),),
                begins=(*off, *last, sets(waiting, ME)), waits=runs.eq(0), needs=needs, sleeps=True,
            )
        case "wait":  # for the runs that there are; what these queue is not waited for
            return replace(
                common, outcomes=(ok(sets(flushed(name)(USER), 0)),),
                begins=(sets(flushed(name)(USER), ME), sets(left, runs + queued(name)(USER))),
                waits=left.eq(0), needs=(ready(name),), sleeps=True,
            )
    raise AssertionError(of.does)


def _work(callee: str, does: str, source: str) -> Of:
    return Of(callee, does, "work", "work", source)


def _delayed(callee: str, does: str, source: str) -> Of:
    return Of(callee, does, "delayed_work", "work", source)


def _timer(callee: str, does: str, source: str) -> Of:
    return Of(callee, does, "timer", "timer", source)


def _hrtimer(callee: str, does: str, source: str) -> Of:
    return Of(callee, does, "hrtimer", "timer", source)


def _thread(callee: str, does: str, source: str) -> Of:
    return Of(callee, does, "thread", "thread", source)


def _tasklet(callee: str, does: str, source: str) -> Of:
    return Of(callee, does, "tasklet", "tasklet", source)


INIT_WORK = _work("INIT_WORK", "initialise", "include/linux/workqueue.h INIT_WORK()")
SCHEDULE_WORK = _work("schedule_work", "queue", "include/linux/workqueue.h schedule_work()")
QUEUE_WORK = replace(_work("queue_work", "queue", "kernel/workqueue.c queue_work_on()"), argument=1)
QUEUE_WORK_ON = replace(QUEUE_WORK, callee="queue_work_on", argument=2)
# On a queue of the driver's own, where it has one: alloc_workqueue().
ON_A_QUEUE = frozenset({
    "queue_work", "queue_work_on", "queue_delayed_work", "queue_delayed_work_on",
    "mod_delayed_work",
})
# A worker calls it once, with the firmware or without: work("firmware", (...), static=True). Nobody
# can cancel it; who waits for a completion of it writes FLUSH_WORK(dev, work="firmware").
REQUEST_FIRMWARE_NOWAIT = Of(
    "request_firmware_nowait", "queue", "work", "firmware",
    "drivers/base/firmware_loader/main.c request_firmware_nowait()", error="-ENOMEM", argument=3,
    read=False)
CANCEL_WORK = _work("cancel_work", "cancel", "kernel/workqueue.c cancel_work(): it may run still")
CANCEL_WORK_SYNC = _work(
    "cancel_work_sync", "cancel and wait",
    "kernel/workqueue.c cancel_work_sync(): nobody queues it meanwhile, but afterwards",
)
DISABLE_WORK_SYNC = _work(
    "disable_work_sync", "shut down", "kernel/workqueue.c disable_work_sync()"
)
FLUSH_WORK = _work("flush_work", "wait", "kernel/workqueue.c flush_work()")
DEVM_WORK_AUTOCANCEL = Of(
    "devm_work_autocancel", "initialise", "work", "work",
    "include/linux/devm-helpers.h devm_work_autocancel()", managed=True,
)

INIT_DELAYED_WORK = _delayed(
    "INIT_DELAYED_WORK", "initialise", "include/linux/workqueue.h INIT_DELAYED_WORK()"
)
SCHEDULE_DELAYED_WORK = _delayed(
    "schedule_delayed_work", "queue", "include/linux/workqueue.h schedule_delayed_work()"
)
QUEUE_DELAYED_WORK = replace(_delayed(
    "queue_delayed_work", "queue", "include/linux/workqueue.h queue_delayed_work()"
), argument=1)
QUEUE_DELAYED_WORK_ON = replace(
    QUEUE_DELAYED_WORK, callee="queue_delayed_work_on", argument=2,
    source="kernel/workqueue.c queue_delayed_work_on()",
)
MOD_DELAYED_WORK = replace(_delayed(
    "mod_delayed_work", "queue", "kernel/workqueue.c mod_delayed_work_on()"
), argument=1)
CANCEL_DELAYED_WORK = _delayed(
    "cancel_delayed_work", "cancel", "kernel/workqueue.c cancel_delayed_work(): it may run still"
)
CANCEL_DELAYED_WORK_SYNC = _delayed(
    "cancel_delayed_work_sync", "cancel and wait", "kernel/workqueue.c cancel_delayed_work_sync()"
)
DISABLE_DELAYED_WORK_SYNC = _delayed(
    "disable_delayed_work_sync", "shut down", "kernel/workqueue.c disable_delayed_work_sync()"
)
FLUSH_DELAYED_WORK = _delayed(
    "flush_delayed_work", "wait", "kernel/workqueue.c flush_delayed_work()"
)
DEVM_DELAYED_WORK_AUTOCANCEL = replace(
    DEVM_WORK_AUTOCANCEL, callee="devm_delayed_work_autocancel", kind="delayed_work",
    source="include/linux/devm-helpers.h devm_delayed_work_autocancel()",
)

TIMER_SETUP = replace(
    _timer("timer_setup", "initialise", "include/linux/timer.h timer_setup()"),
    spelled=("init_timer_key",),
)
MOD_TIMER = _timer("mod_timer", "queue", "kernel/time/timer.c mod_timer()")
ADD_TIMER = _timer("add_timer", "queue", "kernel/time/timer.c add_timer()")
TIMER_DELETE = _timer(
    "timer_delete", "cancel", "kernel/time/timer.c timer_delete(): it may run still"
)
TIMER_DELETE_SYNC = _timer(
    "timer_delete_sync", "cancel and wait", "kernel/time/timer.c timer_delete_sync()"
)
TIMER_SHUTDOWN_SYNC = _timer(
    "timer_shutdown_sync", "shut down", "kernel/time/timer.c timer_shutdown_sync()"
)
DEL_TIMER = replace(TIMER_DELETE, callee="del_timer")
DEL_TIMER_SYNC = replace(TIMER_DELETE_SYNC, callee="del_timer_sync")

TASKLET_SETUP = _tasklet("tasklet_setup", "initialise", "kernel/softirq.c tasklet_setup()")
TASKLET_SCHEDULE = _tasklet(
    "tasklet_schedule", "queue", "include/linux/interrupt.h tasklet_schedule()"
)
TASKLET_KILL = _tasklet("tasklet_kill", "cancel and wait", "kernel/softirq.c tasklet_kill()")

HRTIMER_INIT = _hrtimer("hrtimer_init", "initialise", "kernel/time/hrtimer.c hrtimer_init()")
HRTIMER_START = replace(
    _hrtimer("hrtimer_start", "queue", "include/linux/hrtimer.h hrtimer_start()"),
    spelled=("hrtimer_start_range_ns",),
)
HRTIMER_TRY_TO_CANCEL = _hrtimer(
    "hrtimer_try_to_cancel", "cancel", "kernel/time/hrtimer.c hrtimer_try_to_cancel()"
)
HRTIMER_CANCEL = _hrtimer(
    "hrtimer_cancel", "cancel and wait", "kernel/time/hrtimer.c hrtimer_cancel()"
)

KTHREAD_RUN = replace(
    _thread("kthread_run", "start", "include/linux/kthread.h kthread_run()"),
    spelled=("kthread_create_on_node",), fails=Fails.ERRPTR,
)
KTHREAD_STOP = _thread("kthread_stop", "cancel and wait", "kernel/kthread.c kthread_stop()")

_CANCELS = {
    "work": CANCEL_WORK_SYNC, "delayed_work": CANCEL_DELAYED_WORK_SYNC,
    "timer": TIMER_DELETE_SYNC, "hrtimer": HRTIMER_CANCEL, "tasklet": TASKLET_KILL,
    "thread": KTHREAD_STOP,
}
QUEUES = {
    "work": SCHEDULE_WORK, "delayed_work": SCHEDULE_DELAYED_WORK, "timer": MOD_TIMER,
    "hrtimer": HRTIMER_START, "tasklet": TASKLET_SCHEDULE,
}

# As C has them where the work itself is not explored: the kernel's own drivers, of which a test
# holds the calls against the C.
C_INIT_WORK = plain("__init_work")
C_CANCEL_WORK_SYNC = replace(plain("cancel_work_sync"), sleeps=True)
C_CANCEL_DELAYED_WORK_SYNC = replace(plain("cancel_delayed_work_sync"), sleeps=True)
INIT_WAITQUEUE_HEAD = plain("__init_waitqueue_head")


def init_work(device: Place, path: str, function: str) -> tuple[Do, ...]:
    """Return INIT_WORK() of the work at a C path, or that in INIT_DELAYED_WORK(), expanded."""
    return (
        C_INIT_WORK(device, c={"on": path}),
        INIT_LIST_HEAD(device, c={"on": f"{path}.entry"}),
        assign(f"{path}.func", function)(),
    )


C_KTHREAD_STOP = Operation(
    "kthread_stop",
    ("user",),
    (ok(sets(POLLER(USER), 0)),),
    source="kernel/kthread.c kthread_stop(): waits for the thread to end",
    fingerprint=Fingerprint(("kthread_stop",), on=0),
    needs=(POLLER,),
)

# kthread_run() is both of these; the thread does nothing before it is woken.
C_KTHREAD_CREATE = Operation(
    "kthread_create",
    ("user",),
    (ok(), fault("-ENOMEM")),
    source="kernel/kthread.c kthread_create_on_node()",
    fingerprint=Fingerprint(("kthread_create_on_node",), on=1, fails=Fails.ERRPTR, args=(0,)),
    shown=("function",),
)
C_WAKE_UP_PROCESS = Operation(
    "wake_up_process",
    ("user",),
    (ok(sets(POLLER(USER), 1)),),
    source="kernel/sched/core.c wake_up_process()",
    fingerprint=Fingerprint(("wake_up_process",)),
)
