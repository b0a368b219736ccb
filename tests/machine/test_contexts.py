# SPDX-License-Identifier: GPL-2.0-only
"""Handlers, work, timers and tasklets: when they run, who waits for them, what is told of them."""

from dataclasses import replace

import pytest
from broken.parts import DELETE, KID, MAKE, ONE, PORT, VECTOR, design, kid, port
from house import DESIGNS

from checks.machine.machine import build
from checks.rules.all import RULES
from checks.search.explore import explore
from checks.search.told import Report
from checks.verdict.judge import judge
from checks.verdict.notes import notes
from generator.context import Context, delayed_work, irq_thread, thread, timer, work
from generator.design import Design, Device, Driver
from generator.facts import BELOW, BLOCK, LEFT_ON, MEMORY
from generator.load import load
from generator.operation import Guard, Operation, ok
from generator.ops.allocated import KFREE_OWN, KZALLOC_OWN
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import (
    DISABLE_IRQ,
    DISABLE_IRQ_NOSYNC,
    ENABLE_IRQ,
    FREE_IRQ,
    PCI_FREE_IRQ_VECTORS,
    REQUEST_IRQ,
    SYNCHRONIZE_IRQ,
)
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK, SPIN_LOCK, SPIN_UNLOCK
from generator.ops.memdev import READ_REGISTER
from generator.ops.pci import PCI_SET_MASTER
from generator.ops.perf import DEVM_IOREMAP, DEVM_KASPRINTF
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.ops.work import (
    CANCEL_DELAYED_WORK_SYNC,
    CANCEL_WORK,
    CANCEL_WORK_SYNC,
    DEL_TIMER_SYNC,
    DEVM_WORK_AUTOCANCEL,
    FLUSH_DELAYED_WORK,
    FLUSH_WORK,
    INIT_DELAYED_WORK,
    INIT_WORK,
    KTHREAD_RUN,
    KTHREAD_STOP,
    MOD_TIMER,
    SCHEDULE_DELAYED_WORK,
    SCHEDULE_WORK,
    TASKLET_KILL,
    TASKLET_SCHEDULE,
    TASKLET_SETUP,
    TIMER_DELETE_SYNC,
    TIMER_SETUP,
    TIMER_SHUTDOWN_SYNC,
)
from generator.program import Block, Function, If, Node, Return, call
from generator.series.identity import canonical, digest

NIC = Device("nic", "pci", answers=((BLOCK, ("in an assigned BAR",)),))
HCD = Device("hcd", "platform")
DATA, FREE = KZALLOC_DATA(KID), KFREE_DATA(KID)
QUEUED = (DATA, INIT_WORK(KID), SCHEDULE_WORK(KID))
CANCEL = CANCEL_WORK_SYNC(KID)
USES = Operation("use data", ("user",), (ok(),), source="", needs=(MEMORY,))(KID)


def of(driver: Driver) -> Design:
    return design(port(MAKE, DELETE), driver)


def judged(driver: Driver) -> Report:
    return explore(of(driver), RULES)


def broken(driver: Driver) -> set[str]:
    return {one.rule for one in judged(driver).counterexamples}


def test_work_that_queues_itself_is_over_when_cancel_has_waited() -> None:
    again = (work("work", (SCHEDULE_WORK(KID),)),)

    assert broken(kid(QUEUED, (CANCEL, FREE), contexts=again)) == set()
    # kernel/workqueue.c flush_work() waits for what is queued now, not for what that queues
    assert broken(kid(QUEUED, (FLUSH_WORK(KID), FREE), contexts=again)) == {"N17"}


def test_work_that_runs_is_waited_for() -> None:
    once = (work("work", (Return(),)),)

    assert broken(kid(QUEUED, (FLUSH_WORK(KID), FREE), contexts=once)) == set()
    # kernel/workqueue.c cancel_work() takes it from the queue; it may have begun
    assert broken(kid(QUEUED, (CANCEL_WORK(KID), FREE), contexts=once)) == {"N17"}


@pytest.mark.parametrize("name", ["work", "child", "handler", "others"])
def test_no_name_takes_a_check_away(name: str) -> None:
    """What a context is called says nothing of where it lies, nor who it is."""
    done = (DATA, INIT_WORK(KID, work=name), SCHEDULE_WORK(KID, work=name))
    cancel = CANCEL_WORK_SYNC(KID, work=name)

    assert broken(kid(done, (cancel, FREE), contexts=(work(name),))) == set()
    assert broken(kid(done, (FREE, cancel), contexts=(work(name),))) == {"N17"}


@pytest.mark.parametrize("name", ["timer", "handler", "others"])
def test_a_handler_keeps_its_locks_apart_from_a_timer_of_any_name(name: str) -> None:
    lock, unlock, arm = SPIN_LOCK(HCD), SPIN_UNLOCK(HCD), MOD_TIMER(HCD, timer=name)
    probe = (KZALLOC_OWN(HCD), TIMER_SETUP(HCD, timer=name), PLATFORM_GET_IRQ(HCD, HCD),
             REQUEST_IRQ(HCD))
    remove = (FREE_IRQ(HCD), TIMER_DELETE_SYNC(HCD, timer=name), KFREE_OWN(HCD))

    def rules(*atomic: Node) -> set[str]:
        driver = Driver("hcdrv", HCD, probe, remove, atomic=atomic,
                        contexts=(timer(name, (lock, unlock)),))
        return {one.rule for one in judge(Design("hcd", "", (HCD,), (driver,))).counterexamples}

    assert rules(lock, arm, unlock) == set()
    assert rules(lock, arm) == {"N18"}


def test_tasklet_is_killed() -> None:
    soft: Block = (DATA, TASKLET_SETUP(KID), TASKLET_SCHEDULE(KID))

    assert broken(kid(soft, (TASKLET_KILL(KID), FREE))) == set()
    assert broken(kid(soft, (FREE,))) == {"N17"}


def test_tasklet_may_not_sleep_and_work_may() -> None:
    soft: Block = (DATA, INIT_WORK(KID), TASKLET_SETUP(KID), TASKLET_SCHEDULE(KID))
    sleeps = replace(work("tasklet", (CANCEL,)), kind="tasklet")
    ends = (TASKLET_KILL(KID), CANCEL, FREE)

    assert broken(kid(soft, ends, contexts=(sleeps, work("work")))) == {"N8"}


def test_work_is_queued_after_it_is_initialised() -> None:
    assert broken(kid((DATA, SCHEDULE_WORK(KID), INIT_WORK(KID)), (CANCEL, FREE))) == {"N12"}


def test_unwinding_cancels_what_was_initialised() -> None:
    report = judged(kid((*QUEUED, DEVM_KASPRINTF(KID)), (CANCEL, FREE)))

    assert not report.counterexamples


def test_designs_without_contexts_have_no_variables_for_them() -> None:
    machine = build(load(str(DESIGNS / "sound" / "power_meter.py")).design)

    assert not machine.view.contexts
    assert not {read.fact.name for read in machine.variables if "runs" in read.fact.name}


def test_digest_has_contexts_only_where_there_are_some() -> None:
    plain, one = kid(QUEUED, (CANCEL, FREE)), kid(QUEUED, (CANCEL, FREE), contexts=(work("work"),))

    assert "contexts" not in canonical(plain)
    assert "contexts" in canonical(plain, whole=True)
    assert digest(of(plain)) != digest(of(one))


def test_what_nobody_says_is_noted() -> None:
    link = load(str(DESIGNS / "sound" / "own_line.py")).design
    quiet = replace(link, drivers=(link.drivers[0], replace(link.drivers[1], atomic=())))
    idle = kid((DATA, INIT_WORK(KID)), (CANCEL, FREE), (Return(),), (work("work"),))

    threaded = replace(quiet.drivers[1], contexts=(irq_thread("link_thread"),))

    assert not notes(link)
    assert not notes(replace(quiet, drivers=(quiet.drivers[0], threaded)))
    assert [one.message for one in notes(quiet)] == [
        "nothing says that the handler of link needs what its driver has (mapped): write what it "
        "does in atomic=, or handler_needs=(MAPPED,)"
    ]
    assert [one.message for one in notes(of(kid(QUEUED, (CANCEL, FREE))))] == [
        "nothing says what work of kid does, only that it needs the memory in which it lies: name "
        "it in contexts= of kiddrv"
    ]
    assert [one.message for one in notes(of(idle))] == [
        "work of kid never runs: nothing in this design queues it"
    ]


def test_mutex_is_taken_once_and_given_back() -> None:
    lock, unlock = MUTEX_LOCK(KID, lock="state"), MUTEX_UNLOCK(KID, lock="state")

    assert broken(kid((lock, unlock), (lock, unlock))) == set()
    assert broken(kid((lock, lock, unlock))) == {"N18"}
    assert broken(kid((lock,))) == {"N18"}


def test_it_is_told_which_lock_is_meant() -> None:
    def here(*probe: Node, contexts: tuple[Context, ...] = ()) -> str:
        made = judged(kid(probe, contexts=contexts))
        found = next(one for one in made.counterexamples if one.rule == "N18")
        return found.message.partition("Here: ")[2]

    spin, mutex = SPIN_LOCK(KID, lock="queue"), MUTEX_LOCK(KID, lock="state")

    assert here(spin, spin) == "the spinlock queue of kid is taken by who holds it already."
    assert here(mutex, mutex) == "the mutex state of kid is taken by who holds it already."
    assert here(mutex) == "the mutex state of kid is held still."
    unlock = MUTEX_UNLOCK(KID, lock="state")
    takes = (work("work", (mutex, unlock)),)
    assert here(*QUEUED, mutex, CANCEL, unlock, contexts=takes) == (
        "who waits for work of kid holds the mutex state of kid, which that one takes.")
    waits = (work("work", (CANCEL,)),)
    assert here(*QUEUED, contexts=waits) == "work of kid waits for its own end."


def test_work_keeps_no_mutex() -> None:
    keeps = (work("work", (MUTEX_LOCK(KID),)),)

    assert broken(kid(QUEUED, (CANCEL, FREE), contexts=keeps)) == {"N18"}


def test_two_works_that_cancel_each_other_wait_for_ever() -> None:
    other = INIT_WORK(KID, work="other"), SCHEDULE_WORK(KID, work="other")
    ends = CANCEL_WORK_SYNC(KID, work="other")
    both = (work("work", (ends,)), work("other", (CANCEL,)))
    probe = (DATA, INIT_WORK(KID), other[0], SCHEDULE_WORK(KID), other[1])

    assert "N18" in broken(kid(probe, (CANCEL, ends, FREE), contexts=both))
    assert "N18" not in broken(kid(probe, (CANCEL, ends, FREE), contexts=both[:1]))


def test_thread_is_stopped() -> None:
    looks = (thread("look", (USES,)),)
    run, stop = KTHREAD_RUN(KID, thread="look"), KTHREAD_STOP(KID, thread="look")

    assert broken(kid((DATA, run), (stop, FREE), contexts=looks)) == set()
    assert broken(kid((DATA, run), (FREE, stop), contexts=looks)) == {"N17"}
    assert broken(kid((run, DATA), (stop, FREE), contexts=looks)) == {"N17"}


def test_thread_of_a_handler_runs_until_free_irq_has_waited() -> None:
    reads = irq_thread("kid_thread", (READ_REGISTER(KID),))
    mapped, request, free = DEVM_IOREMAP(KID, KID), REQUEST_IRQ(KID), FREE_IRQ(KID)

    def rules(probe: Block, remove: Block, thread: Context) -> set[str]:
        vectors = (ONE, PCI_SET_MASTER(PORT), VECTOR, *MAKE)
        driver = kid(probe, remove, contexts=(thread,))
        found = explore(
            design(port(vectors, (*DELETE, PCI_FREE_IRQ_VECTORS(PORT))), driver,
                   given={(BLOCK, KID): "in an assigned BAR", BELOW: "no", LEFT_ON: "no"}),
            [rule for rule in RULES if rule.key in ("N12", "N18")],
        )
        return {one.rule for one in found.counterexamples}

    assert rules((mapped, request), (free,), reads) == set()
    assert rules((request, mapped), (free,), reads) == {"N12"}
    takes = irq_thread("kid_thread", (MUTEX_LOCK(KID), MUTEX_UNLOCK(KID)))
    lock, unlock = MUTEX_LOCK(KID), MUTEX_UNLOCK(KID)
    assert rules((request,), (lock, unlock, free), takes) == set()
    assert rules((request,), (lock, free, unlock), takes) == {"N18"}
    assert rules((request,), (lock, DISABLE_IRQ(KID), unlock, free), takes) == {"N18"}
    assert rules((request,), (DISABLE_IRQ(KID), lock, unlock, free), takes) == set()
    for waits in (free, SYNCHRONIZE_IRQ(KID), DISABLE_IRQ(KID)):
        assert rules((request,), (free,), irq_thread("kid_thread", (waits,))) == {"N18"}
    later = irq_thread("kid_thread", (DISABLE_IRQ_NOSYNC(KID),))
    assert rules((request,), (free,), later) == set()


def test_nothing_waits_for_itself() -> None:
    """A timer, and work of each kind, that cancels itself: none of them ever ends."""
    armed, gone = (DATA, TIMER_SETUP(KID), MOD_TIMER(KID)), DEL_TIMER_SYNC(KID)
    assert "N18" in broken(kid(armed, (gone, FREE), contexts=(timer("timer", (gone,)),)))

    later, init = SCHEDULE_DELAYED_WORK(KID, work="late"), INIT_DELAYED_WORK(KID, work="late")
    for stop in (CANCEL_DELAYED_WORK_SYNC(KID, work="late"), FLUSH_DELAYED_WORK(KID, work="late")):
        own = (delayed_work("late", (stop,)),)
        cancel = CANCEL_DELAYED_WORK_SYNC(KID, work="late")
        assert broken(kid((DATA, init, later), (cancel, FREE), contexts=own)) == {"N18"}

    stop = KTHREAD_STOP(KID, thread="look")
    looks = (thread("look", (stop,)),)
    assert "N18" in broken(kid((DATA, KTHREAD_RUN(KID, thread="look")), (stop, FREE),
                               contexts=looks))


def test_devres_cancels_work_before_what_it_got_earlier() -> None:
    managed, memory = DEVM_WORK_AUTOCANCEL(KID, KID), DEVM_KZALLOC(KID, KID)
    queue = SCHEDULE_WORK(KID)

    assert broken(kid((memory, managed, queue))) == set()
    assert broken(kid((managed, memory, queue))) == {"N17"}


def test_devres_undoes_a_helper_before_what_any_way_to_it_took() -> None:
    """The text of the first way has the helper before what the second way allocates."""
    helper = Function("tail", (DEVM_WORK_AUTOCANCEL(KID, KID), SCHEDULE_WORK(KID)))
    way = (DEVM_KZALLOC(KID, KID), call(helper))
    other = (DEVM_KZALLOC(KID, KID), call(helper))
    probe = (If(Guard("one way", None, ()), way, other),)

    assert broken(kid(probe)) == set()


def test_handler_that_runs_is_waited_for_before_its_work_is_cancelled() -> None:
    probe = (DATA, INIT_WORK(KID), REQUEST_IRQ(KID, shared=0), ENABLE_SOURCE(KID))
    off, free = DISABLE_SOURCE(KID), FREE_IRQ(KID)

    def rules(*remove: Node) -> set[str]:
        vectors = (ONE, PCI_SET_MASTER(PORT), VECTOR, *MAKE)
        driver = kid(probe, (*remove, free, FREE), (SCHEDULE_WORK(KID),), (work("work"),))
        found = explore(
            design(port(vectors, (*DELETE, PCI_FREE_IRQ_VECTORS(PORT))), driver,
                   given={BELOW: "no", LEFT_ON: "no"}),
            [rule for rule in RULES if rule.key == "N17"],
        )
        return {one.rule for one in found.counterexamples}

    assert rules(off, SYNCHRONIZE_IRQ(KID), CANCEL) == set()
    assert rules(off, CANCEL) == {"N17"}  # it had begun, and queues the work behind this
    assert rules(DISABLE_IRQ(KID), CANCEL, off) == set()
    assert rules(DISABLE_IRQ_NOSYNC(KID), CANCEL, off) == {"N17"}
    assert rules(DISABLE_IRQ(KID), ENABLE_IRQ(KID), CANCEL, off) == {"N17"}


def test_work_that_reads_registers_is_cancelled_before_sleep() -> None:
    again = SCHEDULE_WORK(NIC)
    mapped = (DEVM_KZALLOC(NIC, NIC), DEVM_IOREMAP(NIC, NIC))

    def rules(suspend: Block) -> set[str]:
        driver = Driver("nic", NIC, (*mapped, INIT_WORK(NIC), again), (CANCEL_WORK_SYNC(NIC),),
                        contexts=(work("work", (READ_REGISTER(NIC), again)),),
                        suspend=suspend, resume=(again,))
        found = explore(Design("nic", "", (NIC,), (driver,)), RULES, episode="sleep")
        return {one.rule for one in found.counterexamples}

    assert rules((CANCEL_WORK_SYNC(NIC),)) == set()
    assert rules(()) == {"R34"}  # it runs while the power is gone


def test_timer_that_work_arms_again_is_shut_down_first() -> None:
    arm, setup = MOD_TIMER(KID), TIMER_SETUP(KID)
    both = (work("work", (arm,)), timer("timer", (SCHEDULE_WORK(KID),)))
    probe = (DATA, INIT_WORK(KID), setup, arm)

    assert broken(kid(probe, (TIMER_SHUTDOWN_SYNC(KID), CANCEL, FREE), contexts=both)) == set()
    assert broken(kid(probe, (TIMER_DELETE_SYNC(KID), CANCEL, FREE), contexts=both)) == {"N17"}
    assert broken(kid(probe, (CANCEL, TIMER_DELETE_SYNC(KID), FREE), contexts=both)) == {"N17"}
