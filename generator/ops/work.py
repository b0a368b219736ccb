# SPDX-License-Identifier: GPL-2.0-only
"""Work that a handler or a timer queues, threads, and who waits for them (kernel/kthread.c)."""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Place, Role
from generator.facts import POLLER
from generator.fingerprint import Fails, Fingerprint
from generator.operation import Do, Operation, fault, ok, sets
from generator.ops.assign import assign, plain
from generator.ops.device import INIT_LIST_HEAD

USER = Role("user")

INIT_WORK = plain("__init_work")


def init_work(device: Place, path: str, function: str) -> tuple[Do, ...]:
    """Return INIT_WORK() of the work at a C path, or that in INIT_DELAYED_WORK(), expanded."""
    return (
        INIT_WORK(device, c={"on": path}),
        INIT_LIST_HEAD(device, c={"on": f"{path}.entry"}),
        assign(f"{path}.func", function)(),
    )


CANCEL_WORK_SYNC = replace(plain("cancel_work_sync"), sleeps=True)
CANCEL_DELAYED_WORK_SYNC = replace(plain("cancel_delayed_work_sync"), sleeps=True)
INIT_WAITQUEUE_HEAD = plain("__init_waitqueue_head")

KTHREAD_STOP = Operation(
    "kthread_stop",
    ("user",),
    (ok(sets(POLLER(USER), 0)),),
    source="kernel/kthread.c kthread_stop(): waits for the thread to end",
    fingerprint=Fingerprint(("kthread_stop",), on=0),
    needs=(POLLER,),
)

# kthread_run() is both of these; the thread does nothing before it is woken.
KTHREAD_CREATE = Operation(
    "kthread_create",
    ("user",),
    (ok(), fault("-ENOMEM")),
    source="kernel/kthread.c kthread_create_on_node()",
    fingerprint=Fingerprint(("kthread_create_on_node",), on=1, fails=Fails.ERRPTR, args=(0,)),
    shown=("function",),
)
WAKE_UP_PROCESS = Operation(
    "wake_up_process",
    ("user",),
    (ok(sets(POLLER(USER), 1)),),
    source="kernel/sched/core.c wake_up_process()",
    fingerprint=Fingerprint(("wake_up_process",)),
)
