# SPDX-License-Identifier: GPL-2.0-only
"""Rules about what runs by itself once it is queued: work, timers and tasklets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise, permutations

from checks.machine.in_flight import may_fire
from checks.machine.instances import Inst, Own, View
from checks.machine.lock_owners import HANDLER as HANDLER_CONTEXT
from checks.machine.lock_owners import OTHERS, beside, mutexes, number, takes
from checks.machine.step import Step
from checks.rules.rule import Clause, clause_rule, once, step_rule
from generator.context import (
    CALLBACKS,
    HANDLER_RUNS,
    IRQ,
    IRQ_THREAD_RUNS,
    REGISTERED,
    added,
    awaited,
    flushed,
    opened,
    queued,
    ready,
    resuming,
    running,
    shut,
    wanted,
)
from generator.expr import FALSE, TRUE, Expr, Fact, Nth, Read, all_of, any_of, num
from generator.facts import (
    DATA,
    HANDLER,
    IN_RUNTIME_PM,
    MUTEXES,
    NOTED,
    PHASE,
    UNBOUND,
    URB,
    USB_BUFFER,
    WORKQUEUE,
)
from generator.operation import Block, Operation
from generator.ops.lock import SPUN, is_lock
from generator.ops.member import dangling
from generator.ops.registered import DEVICES
from generator.ops.work import ON_A_QUEUE
from generator.program import operations
from generator.reads import reads

_NAME_URB = frozenset({"usb_submit_urb", "usb_kill_urb", "usb_unlink_urb", "usb_poison_urb",
                       "usb_anchor_urb", "usb_unanchor_urb"})


def _memory(own: Own, view: View) -> tuple[Fact, ...]:
    """Return the memory of a driver that a context lies in, or that of an URB's transfer.

    A device that is registered has memory of its own, and a file whose close frees its memory says
    in its body where it needs that.
    """
    started = {do.op.name.partition("[")[0] for do in view.operations
               if do.op.does == "start" and do.op.context == (own.context.kind, own.context.name)
               and own.inst in view.of(do.places[0])}
    if own.context.static or own.context.has_close or (started and started <= DEVICES):
        return ()
    given = {
        give.target.fact
        for block in own.driver.blocks().values() for do in operations(block)
        if (do.places[0].of if do.places and isinstance(do.places[0], Nth) else
            do.places[0] if do.places else None) == own.driver.device
        for way in do.op.outcomes for give in way.gives if do.op.gives(give.target.fact)
    }
    buffer = (USB_BUFFER,) if own.context.kind == "urb" else ()
    return tuple(fact for fact in (*DATA, NOTED, *buffer) if fact in given)


@once
def defined(view: View) -> frozenset[tuple[Inst, Fact]]:
    """Return what its definition initialises, as DEFINE_TIMER(), DECLARE_WORK(), DEFINE_MUTEX().

    Those are contexts that are static, locks, and NAPI, which no operation of the design
    initialises.
    """
    made = {do.op.context[1] for do in view.operations if do.op.does == "initialise"}
    contexts = {(own.inst, ready(own.context.name)) for own in view.contexts
                if own.context.static and own.context.name not in made}
    changed = {give.target.fact for do in view.operations for way in do.op.outcomes
               for give in way.gives}
    wanted = {fact for do in view.operations for fact in do.op.needs
              if is_lock(fact) or fact == added(do.op.context[1])} - changed
    return frozenset(contexts) | {(inst, fact) for inst in view.instances for fact in wanted}


def _homeless(view: View) -> Iterator[tuple[str, Expr]]:
    for own in view.contexts:
        name, inst = own.context.name, own.inst
        live = queued(name)(inst).eq(1) | own.context.runs(inst).eq(1)
        if own.context.kind == CALLBACKS:
            live = own.context.runs(inst).eq(1)
        kept, is_ = live, "called" if own.context.kind == CALLBACKS else "queued or running"
        if own.context.kind in REGISTERED:
            is_ = "registered or called"
        if own.context.kind == "file":  # who has it open may keep it, its driver bound or not
            live, is_ = queued(name)(inst).eq(1), "registered, or somebody has it open"
            kept |= opened(name)(inst).eq(1)
        for fact in _memory(own, view):
            yield (f"{name} of {inst.name} can run without {fact.name}: "
                   f"it is {is_}, and what it lies in is freed",
                   kept & fact(inst).eq(0))
        yield (f"{name} of {inst.name} can run although {own.driver.name} is unbound",
               live & PHASE(inst).eq(UNBOUND))


@step_rule(
    "N17",
    mend="cancel and wait in remove, behind the last place that can queue it and before "
    "its memory goes; initialise it before that place",
    evidence=("kernel/workqueue.c process_one_work()", "kernel/workqueue.c cancel_work_sync()",
              "kernel/time/timer.c timer_delete_sync()", "kernel/softirq.c tasklet_kill()",
              "drivers/pci/pcie/pme.c pcie_pme_remove()", "fs/char_dev.c cdev_del()",
              "drivers/usb/core/urb.c usb_kill_urb()"),
    symptom="use after free in a worker or a timer, after remove, or in a file that is open still; "
    "with DEBUG_OBJECTS: ODEBUG: free active (active state 0) object",
    states=_homeless,
)
def queued_only_while_there(step: Step, view: View) -> Expr | None:
    """What is queued or runs is cancelled, and waited for, before its memory or its driver goes.

    It is cancelled when nobody can queue it any more, and not initialised while it is queued. So is
    what others call of an interface that is registered, and of a file that they have open. Nothing
    is queued on a workqueue of the driver's own before it is there, or when it is destroyed. An URB
    has ended before its buffer is freed, and who has given it back does not name it any more.
    """
    if step.op is not None and _names_urb(step, view):
        return URB(step.role("user")).eq(0) & dangling(URB)(step.role("user")).eq(1)
    if step.op is not None and step.op.does == "queue" and _on_own_queue(step, view):
        return WORKQUEUE(step.role("user")).eq(0)
    if step.op is None or step.op.does not in ("initialise", "start"):
        return None
    name, inst = step.op.context[1], step.role("user")
    there = queued(name)(inst).eq(1)
    if step.op.once:  # napi_enable() of what is enabled is a BUG
        there |= ready(name)(inst).eq(1) & shut(name)(inst).eq(0)
    # a file may be open of another life; an URB whose completion runs is filled again in that
    if step.op.context[0] == "file" or _completes(step):
        return there
    return there | running(name)(inst).eq(1)


def _names_urb(step: Step, view: View) -> bool:
    """Return whether a step submits or ends by its name an URB that its driver has allocated.

    One that is anchored may be given back before: usb_kill_anchored_urbs() does not name it. While
    its completion runs usbcore holds it: drivers/usb/core/hcd.c __usb_hcd_giveback_urb().
    """
    return step.op is not None and step.op.name.partition("[")[0] in _NAME_URB and _allocates(
        URB, step, view) and not _completes(step)


def _completes(step: Step) -> bool:
    """Return whether a step is about the URB in whose completion it is taken."""
    return step.op is not None and step.op.context == ("urb", step.context) and (
        step.role("user") == step.inst)


def _allocates(fact: Fact, step: Step, view: View) -> bool:
    """Return whether somebody takes something for the device that a step is about."""
    return any(do.op.gives(fact) and step.role("user") in view.of(do.places[0])
               for do in view.operations)


def _on_own_queue(step: Step, view: View) -> bool:
    """Return whether a step queues on a workqueue that its driver has allocated for the device."""
    name = step.op.name.partition("[")[0] if step.op is not None else ""
    return name in ON_A_QUEUE and _allocates(WORKQUEUE, step, view)


def _taken_in(view: View, block: Block, own: Own) -> frozenset[Read]:
    """Return the locks that a context takes somewhere."""
    found = set()
    for do in operations(block):
        for fact, role in takes(do.op):
            place = view.resolve(do.binding[role], {own.driver.device: own.inst})
            if isinstance(place, Inst):
                found.add(fact(place))
    return frozenset(found)


mutexes_of = once(mutexes)


def process_of(step: Step, view: View) -> int:
    """Return the number of the process that does a step."""
    mine = [own.number for own in view.contexts
            if own.inst == step.inst and own.context.name == step.context]
    if mine:
        return mine[0]
    if step.inst is not None and step.context in (HANDLER_CONTEXT, OTHERS):
        return beside(view, step.inst, step.context)
    return number(view, step.inst) if step.inst is not None and not step.context else 0


def _stuck(view: View) -> Iterator[tuple[str, Expr]]:
    for own in view.contexts:
        name = f"{own.context.name} of {own.inst.name}"
        for lock in sorted(_taken_in(view, own.context.body, own), key=lambda read: read.key):
            yield (f"{name} ends and holds {_said(lock)} still",
                   all_of(lock.eq(own.number), own.context.runs(own.inst).eq(0)))
    for inst in view.instances:
        me = beside(view, inst, HANDLER_CONTEXT)
        for lock in mutexes_of(view):
            if lock.fact.name.endswith(SPUN):
                yield (f"the handler of {inst.name} ends and holds {_said(lock)} still",
                       all_of(lock.eq(me), HANDLER_RUNS(inst).eq(0)))
    yield from _circles(view)


@dataclass(frozen=True)
class _Waiter:
    """A process that may wait for another: its number, and its context unless it is a driver's."""

    name: str
    number: int
    inst: Inst
    own: Own | None = None


def _circles(view: View) -> Iterator[tuple[str, Expr]]:
    """Yield that two or three processes wait for each other, each for the next."""
    if not view.contexts:
        return
    waiters = [_Waiter(f"{own.context.name} of {own.inst.name}", own.number, own.inst, own)
               for own in view.contexts]
    waiters += [_Waiter(f"the driver of {inst.name}", number(view, inst), inst)
                for inst in view.instances if view.design.driver_of(inst.device) is not None]
    waits = {(one, other): _waits(view, one, other)
             for one in waiters for other in waiters if one != other}
    for size in (2, 3):
        for first, *rest in combinations(waiters, size):
            for order in permutations(rest):
                circle = (first, *order)
                steps = [waits[one, then] for one, then in pairwise((*circle, first))]
                if FALSE not in steps:
                    names = " and ".join(one.name for one in circle)
                    yield f"{names} wait for each other", all_of(*steps)


def _waits(view: View, one: _Waiter, other: _Waiter) -> Expr:
    """Return whether a process waits for another: for its end, or for a mutex that it holds."""
    ways = [
        all_of(wanted("" if one.own is None else one.own.context.name)(one.inst).eq(at),
               lock.eq(other.number))
        for at, lock in enumerate(mutexes_of(view), 1)
    ]
    if other.own is not None and other.own.context.kind == CALLBACKS:
        mine = resuming("" if one.own is None else one.own.context.name)(one.inst)
        ways.append(all_of(mine.eq(number(view, other.inst)), IN_RUNTIME_PM(other.inst).eq(1)))
    elif other.own is not None:
        name = other.own.context.name
        ways += [fact(name)(other.inst).eq(one.number) for fact in (awaited, flushed)]
        if other.own.context.kind == "irq_thread":
            ways.append(all_of(awaited(IRQ)(other.inst).eq(one.number),
                               IRQ_THREAD_RUNS(other.inst).eq(1)))
    return any_of(*ways) if ways else FALSE


def _waits_for_handlers(op: Operation) -> bool:
    """Return whether an operation waits for the handlers of an irq: it frees or disables it."""
    return any(read.fact in (HANDLER_RUNS, IRQ_THREAD_RUNS) for read in reads(op.waits)) or any(
        give.target.fact == HANDLER and give.value == num(0)
        for way in op.outcomes for give in way.gives
    )


def _said(lock: Read) -> str:
    """Return a lock in words: which kind, its name, and whose it is."""
    name = lock.fact.name
    spins = name.endswith(SPUN)
    own = name.removesuffix(SPUN).removesuffix(" held")
    return f"the {'spinlock' if spins else 'mutex'} {own} of {lock.of.name}"


def _under_its_thread(step: Step, view: View, me: int) -> Iterator[Clause]:
    """Yield when who waits for the thread of a handler is waited for by that."""
    inst = step.role("user" if "user" in step.binding else "dev")
    mine = [own for own in view.contexts
            if own.context.kind == "irq_thread" and own.inst == inst]
    if any(own.context.name == step.context for own in mine):
        yield Clause(f"{step.context} of {inst.name} waits for its own end", TRUE)
        return
    live = may_fire(view, inst) | IRQ_THREAD_RUNS(inst).eq(1)
    for own in mine:
        for lock in sorted(_taken_in(view, own.context.body, own), key=lambda read: read.key):
            yield _holds(own, lock, live, me)


def _holds(own: Own, lock: Read, live: Expr, me: int) -> Clause:
    name = f"{own.context.name} of {own.inst.name}"
    return Clause(f"who waits for {name} holds {_said(lock)}, which that one takes",
                  all_of(live, lock.eq(me)))


@clause_rule(
    "N18",
    mend="cancel from outside, without the lock; where it is done from inside, do not "
    "wait; disable NAPI once for each napi_enable(), under a lock that both take",
    evidence=("kernel/workqueue.c __flush_work()", "kernel/workqueue.c cancel_work_sync()",
              "kernel/time/timer.c timer_delete_sync()", "kernel/locking/mutex.c mutex_lock()",
              "net/core/dev.c napi_disable()"),
    symptom="INFO: task NAME blocked for more than 120 seconds, in __flush_work(); with lockdep: "
    "possible circular locking dependency detected",
    states=_stuck,
)
def waits_for_what_can_end(step: Step, view: View) -> Iterator[Clause]:
    """Nobody waits for the end of what waits for him.

    No context is cancelled and waited for by itself, or by who holds a lock that it takes; no irq
    thread waits for the handlers of its irq; no mutex or spinlock is taken by who holds it, or by
    who holds another that its holder waits for, and none is kept by a function that returns to the
    kernel. NAPI that is disabled is not disabled again.
    """
    op = step.op
    if step.inst is None:
        return
    me = process_of(step, view)
    if step.kind.hands_back and not step.context:
        for lock in mutexes_of(view):
            yield Clause(f"{_said(lock)} is held still", lock.eq(me),
                         "release it on each way out of the function")
        return
    if op is None:
        return
    if view.contexts and _waits_for_handlers(op):
        yield from _under_its_thread(step, view, me)
        return
    if op.does not in ("cancel and wait", "shut down", "wait"):
        for fact, role in takes(op):
            if fact not in MUTEXES:
                lock = fact(step.role(role))
                yield Clause(f"{_said(lock)} is taken by who holds it already", lock.eq(me),
                             "take it once: release it before, or let who is called under it "
                             "not take it")
        return
    name, inst = op.context[1], step.role("user")
    if step.context == name and step.inst == inst:
        yield Clause(f"{name} of {inst.name} waits for its own end", TRUE)
        return
    if op.once:
        yield Clause(f"{name} of {inst.name} is disabled already", shut(name)(inst).eq(1))
    runs = running(name)(inst).eq(1)
    if op.does == "wait":
        runs |= queued(name)(inst).eq(1)
    for own in view.contexts:
        if (own.context.name, own.inst) == (name, inst):
            for lock in sorted(_taken_in(view, own.context.body, own), key=lambda read: read.key):
                yield _holds(own, lock, runs, me)
