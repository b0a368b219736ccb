# SPDX-License-Identifier: GPL-2.0-only
"""Rules about locks: nobody waits for what cannot come.

Who waits for whom is read off facts: who holds a lock, who wants it, whose probe runs inside
whose, whose deletion waits for whose unbinding. A circle of these is a deadlock.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.machine.instances import Inst, View
from checks.machine.lock_owners import number
from checks.machine.step import Step
from checks.rules.rule import state_rule, step_rule
from generator.expr import FALSE, Expr, all_of, any_of
from generator.facts import (
    DESC_MUTEX,
    DEVICE_MUTEX,
    DYING,
    INSIDE,
    MUTEXES,
    PHASE,
    PROBING,
    ROOT_MUTEX,
    UNBOUND,
    WANTS,
)


def _taken(view: View) -> frozenset[str]:
    """Return which kinds of locks the drivers of a design take by themselves."""
    return frozenset(fact.name for fact in view.given & frozenset(MUTEXES))


def _waits(view: View, one: Inst, other: Inst) -> Expr:
    """Return whether the process of one device waits for that of another."""
    holder = number(view, other)
    wanted = [
        all_of(WANTS(one).eq(64 * kind + number(view, device)), mutex(device).eq(holder))
        for kind, mutex in enumerate(MUTEXES) if mutex.name in _taken(view)
        for device in view.instances
    ]
    called = []
    if other in view.children(one) and view.design.driver_of(other.device) is not None:
        called = [
            all_of(INSIDE(other).eq(1), PHASE(other).eq(PROBING)),
            all_of(DYING(other).eq(1), PHASE(other).ne(UNBOUND)),
        ]
    return any_of(*wanted, *called)


@state_rule(
    "R25",
    mend="lock nothing of the parent in probe or remove of the child",
    evidence=("drivers/base/dd.c __device_attach()", "drivers/base/dd.c __device_driver_lock()",
              "drivers/base/core.c device_del()", "drivers/pci/pcie/err.c report_error_detected()"),
    symptom="INFO: task NAME blocked for more than 120 seconds, in device_lock(); at boot nothing "
    "goes on",
)
def probe_locking(view: View) -> Iterator[tuple[str, Expr]]:
    """A child's probe and remove neither take the lock of the parent nor rely on it.

    The caller holds it where the child binds inside the parent's probe or is deleted by it.
    """
    if DEVICE_MUTEX.name not in _taken(view):
        return
    drivers = [one for one in view.instances if view.design.driver_of(one.device) is not None]
    for one in drivers:
        yield f"the driver of {one.name} waits for itself", _waits(view, one, one)
        for other in drivers:
            if drivers.index(other) > drivers.index(one):
                circle = all_of(_waits(view, one, other), _waits(view, other, one))
                if circle != FALSE:
                    yield f"{one.name} and {other.name} wait for each other", circle


@step_rule(
    "R26",
    mend="allocate and free vectors before the mutex is taken, or behind it",
    evidence=("kernel/irq/msi.c msi_lock_descs()", "kernel/irq/irqdomain.c "
              "irq_domain_alloc_irqs_parent()", "kernel/irq/irqdomain.c __irq_domain_alloc_irqs()",
              "<20240905122342.000001be@Huawei.com>", "<87jzfpdrc7.ffs@tglx>"),
    symptom="a task that waits for domain->root->mutex, which it holds; or lockdep: possible "
    "recursive locking detected",
)
def msi_lock_nesting(step: Step, view: View) -> Expr | None:
    """What allocates or frees vectors is not called under the mutexes that it takes.

    A domain's .alloc callback runs under the mutex of the root domain, and the mutexes of
    descriptors are one lock class: that of a parent is not taken under that of a child.
    """
    if step.op is None or step.inst is None or not step.op.locks:
        return None
    me, taken = number(view, step.inst), _taken(view)
    bad = [
        mutex(step.role(role)).eq(me) for mutex, role in step.op.locks if mutex.name in taken
    ]
    if DESC_MUTEX.name in taken and any(mutex == DESC_MUTEX for mutex, _ in step.op.locks):
        bad += [DESC_MUTEX(inst).eq(me) for inst in view.instances]
    if ROOT_MUTEX.name in taken:
        bad += [ROOT_MUTEX(inst).eq(me) for inst in view.instances]
    return any_of(*bad) if bad else None
