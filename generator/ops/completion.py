# SPDX-License-Identifier: GPL-2.0-only
"""A completion that a handler says when it is done (kernel/sched/completion.c)."""

from __future__ import annotations

from generator.context import HANDLER_RUNS, IN_FLIGHT, IRQ_THREAD_RUNS
from generator.expr import Role
from generator.facts import SOURCE
from generator.fingerprint import Fingerprint
from generator.operation import Operation, ok, sets

USER = Role("user")

# Of a handler that turns its source off and says complete(): who waits goes on when it has, and by
# then it touches the device no more.
WAIT_FOR_COMPLETION = Operation(
    "wait_for_completion",
    ("user",),
    (ok(sets(IN_FLIGHT(USER), 0)),),
    source="kernel/sched/completion.c wait_for_completion()",
    fingerprint=Fingerprint(("wait_for_completion",)),
    waits=SOURCE(USER).eq(0) & HANDLER_RUNS(USER).eq(0) & IRQ_THREAD_RUNS(USER).eq(0),
)
