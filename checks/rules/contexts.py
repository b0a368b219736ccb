# SPDX-License-Identifier: GPL-2.0-only
"""Rules about what runs by itself once it is queued: work, timers and tasklets."""

from __future__ import annotations

from collections.abc import Iterator

from checks.machine.instances import Own, View
from checks.machine.step import Step
from checks.rules.rule import step_rule
from generator.context import queued, running
from generator.expr import Expr, Fact, Nth
from generator.facts import MEMORY, NOTED, PHASE, UNBOUND
from generator.program import operations


def _memory(own: Own) -> tuple[Fact, ...]:
    """Return the memory of a driver that a context lies in."""
    if own.context.static:
        return ()
    given = {
        give.target.fact
        for block in own.driver.blocks().values() for do in operations(block)
        if (do.places[0].of if do.places and isinstance(do.places[0], Nth) else
            do.places[0] if do.places else None) == own.driver.device
        for way in do.op.outcomes for give in way.gives if do.op.gives(give.target.fact)
    }
    return tuple(fact for fact in (MEMORY, NOTED) if fact in given)


def _homeless(view: View) -> Iterator[tuple[str, Expr]]:
    for own in view.contexts:
        name, inst = own.context.name, own.inst
        live = queued(name)(inst).eq(1) | running(name)(inst).eq(1)
        for fact in _memory(own):
            yield (f"{name} of {inst.name} can run without {fact.name}: "
                   "it is queued or running, and what it lies in is freed",
                   live & fact(inst).eq(0))
        yield (f"{name} of {inst.name} can run although {own.driver.name} is unbound",
               live & PHASE(inst).eq(UNBOUND))


@step_rule(
    "N17",
    evidence=("kernel/workqueue.c process_one_work()", "kernel/workqueue.c cancel_work_sync()",
              "kernel/time/timer.c timer_delete_sync()", "kernel/softirq.c tasklet_kill()",
              "drivers/pci/pcie/pme.c pcie_pme_remove()"),
    symptom="use after free in a worker or a timer, after remove; with DEBUG_OBJECTS: ODEBUG: free "
    "active (active state 0) object",
    states=_homeless,
)
def queued_only_while_there(step: Step, _view: View) -> Expr | None:
    """What is queued or runs is cancelled, and waited for, before its memory or its driver goes.

    It is cancelled when nobody can queue it any more, and not initialised while it is queued.
    """
    if step.op is None or step.op.does != "initialise":
        return None
    name, inst = step.op.context[1], step.role("user")
    return queued(name)(inst).eq(1) | running(name)(inst).eq(1)
