# SPDX-License-Identifier: GPL-2.0-only
"""Processes that wait for each other: for a mutex, for the end of work, for handlers of an irq."""

from __future__ import annotations

from beside_all import broken_in_all
from beside_oracle import ALL

from checks.machine.machine import build
from generator.context import Context, irq_thread, wanted, work
from generator.design import Design, Device, Driver
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import DISABLE_IRQ, ENABLE_IRQ, FREE_IRQ, REQUEST_IRQ
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.work import CANCEL_WORK_SYNC, INIT_WORK, SCHEDULE_WORK
from generator.program import Block

CARD = Device("card", "platform")
RULES = [one for one in ALL if one.key in ("N17", "N18", "N21", "R36")]


def locked(*locks: str) -> Block:
    """Return that mutexes are taken in this order, and given back."""
    return (*(MUTEX_LOCK(CARD, lock=lock) for lock in locks),
            *(MUTEX_UNLOCK(CARD, lock=lock) for lock in reversed(locks)))


def card(*contexts: Context, does: Block = (), threaded: bool = False) -> Design:
    """Return the design of a driver that queues work, and does something in remove."""
    names = [one.name for one in contexts if one.kind == "work"]
    probe: Block = (DEVM_KZALLOC(CARD, CARD), *(INIT_WORK(CARD, work=name) for name in names))
    gone: Block = tuple(CANCEL_WORK_SYNC(CARD, work=name) for name in names)
    if threaded:
        probe = (*probe, PLATFORM_GET_IRQ(CARD, CARD), REQUEST_IRQ(CARD, shared=0))
        gone = (FREE_IRQ(CARD), *gone)
    queued = (SCHEDULE_WORK(CARD, work=name) for name in names)
    driver = Driver("carddrv", CARD, (*probe, *queued), (*does, *gone), contexts=contexts)
    return Design("card", "a card", (CARD,), (driver,))


def broken(design: Design) -> set[str]:
    return broken_in_all(design, rules=RULES)


def test_a_mutex_is_taken_by_one_while_another_waits_for_it() -> None:
    """That is what it is for: nothing is taken twice."""
    one, two = work("one", locked("a")), work("two", locked("a"))

    assert broken(card(one, two, does=locked("a"))) == set()


def test_two_mutexes_are_taken_in_one_order() -> None:
    nested = work("one", locked("a", "b"))

    assert broken(card(nested, does=locked("a", "b"))) == set()
    assert broken(card(nested, does=locked("b", "a"))) == {"N18"}
    assert broken(card(nested, work("two", locked("b", "a")))) == {"N18"}


def test_three_wait_in_a_circle() -> None:
    one, two = work("one", locked("a", "b")), work("two", locked("b", "c"))

    assert broken(card(one, two, does=locked("a", "c"))) == set()
    assert broken(card(one, two, does=locked("c", "a"))) == {"N18"}


def test_a_lock_is_held_while_work_is_cancelled_that_waits_for_work_that_takes_it() -> None:
    takes = work("two", locked("a"))
    cancels = work("one", (CANCEL_WORK_SYNC(CARD, work="two"),))
    lock, unlock = locked("a")
    cancel = CANCEL_WORK_SYNC(CARD, work="one")

    assert broken(card(cancels, takes, does=(lock, unlock, cancel))) == set()
    assert broken(card(cancels, takes, does=(lock, cancel, unlock))) == {"N18"}


def test_work_that_disables_an_irq_is_not_cancelled_by_the_thread_of_it() -> None:
    disables = work("one", (DISABLE_IRQ(CARD), ENABLE_IRQ(CARD)))
    cancel = irq_thread("thread", (CANCEL_WORK_SYNC(CARD, work="one"),))

    assert broken(card(disables, irq_thread("thread"), threaded=True)) == set()
    assert broken(card(disables, cancel, threaded=True)) == {"N18"}


def test_designs_in_which_nothing_runs_beside_have_no_variable_for_it() -> None:
    """The driver core calls one entry point after the other."""
    def told(design: Design) -> set[str]:
        return {read.fact.name for read in build(design).variables} & {
            wanted("one").name, wanted("").name}

    assert told(card(does=locked("a", "b"))) == set()
    assert told(card(work("one", locked("a")), does=locked("a"))) == {"one wants", "driver wants"}
