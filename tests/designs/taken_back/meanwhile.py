# SPDX-License-Identifier: GPL-2.0-only
"""What others do between two steps of a driver that leaves or suspends.

an30259a destroyed a mutex that its LEDs, on the devres list still, take; vivid stopped a thread
under the mutex that this one takes (CVE-2019-18683); panfrost stopped its clocks under a handler on
a shared line; users of bq27xxx queued its work again behind the cancelling; nfcmrvl destroyed its
workqueue while its interface could queue on it (CVE-2022-1734), as others do before free_irq().
"""

from generator.context import Context, calls, delayed_work, thread, work
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.facts import CLOCK_ON
from generator.operation import IGNORE, RETURN, Guard, Operation, ok, sets
from generator.ops.buffers import ALLOC_WORKQUEUE, DESTROY_WORKQUEUE
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import DISABLE_IRQ, ENABLE_IRQ, FREE_IRQ, REQUEST_IRQ
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.ops.mapping import access
from generator.ops.perf import devm_action
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.pm import PM_RUNTIME_GET_SYNC, PM_RUNTIME_PUT_NOIDLE, PM_RUNTIME_SET_ACTIVE
from generator.ops.power import PM_RUNTIME_DISABLE, PM_RUNTIME_ENABLE
from generator.ops.registered import (
    DEVM_LED_CLASSDEV_REGISTER,
    POWER_SUPPLY_REGISTER,
    POWER_SUPPLY_UNREGISTER,
)
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.work import (
    CANCEL_DELAYED_WORK_SYNC,
    FLUSH_WORK,
    INIT_DELAYED_WORK,
    INIT_WORK,
    KTHREAD_RUN,
    KTHREAD_STOP,
    QUEUE_WORK,
    SCHEDULE_DELAYED_WORK,
    Of,
)
from generator.program import Block, If, Node

CHIP, DEV = Device("chip", "platform"), Role("dev")
DATA, LINE = DEVM_KZALLOC(CHIP, CHIP), PLATFORM_GET_IRQ(CHIP, CHIP)
OFF, ON = CLK_DISABLE_UNPREPARE(CHIP), CLK_PREPARE_ENABLE(CHIP, fail=RETURN)
LOCK, UNLOCK = MUTEX_LOCK(CHIP), MUTEX_UNLOCK(CHIP)
MUTEX = Fact("mutex", 1, "a mutex that is initialised, and not destroyed", local=True)
INIT, DESTROY = (Operation(f"mutex_{does}", ("dev",), (ok(sets(MUTEX(DEV), value)),), source="")
                 for does, value in (("init", 1), ("destroy", 0)))
TAKES = Operation("an30259a_brightness_set", ("dev",), (ok(),), source="", needs=(MUTEX,))
REMOVED = Fact("removed", 1, "di->removed", local=True)
SAY = Operation("di->removed = true", ("dev",), (ok(sets(REMOVED(DEV), 1)),), source="")
IS_REMOVED = Guard("removed", REMOVED(CHIP).eq(1), ())
UNREGISTER = Of("nci_unregister_device", "cancel and wait", "calls", "nci", "")
REGISTER = Of("nci_register_device", "start", "calls", "nci", "", undo=UNREGISTER)


def _chip(
    probe: Block, remove: Block, *contexts: Context, atomic: Block = (), **callbacks: Block
) -> Design:
    driver = Driver("drv", CHIP, probe, remove, contexts=contexts, atomic=atomic,
                    **callbacks)  # type: ignore[arg-type]
    return Design("chip", "what others do meanwhile", (CHIP,), (driver,))


def _leds(begin: Block, *remove: Node) -> Design:
    return _chip((DATA, INIT(CHIP), *begin, DEVM_LED_CLASSDEV_REGISTER(CHIP)), remove,
                 calls("led", (TAKES(CHIP),)))


def _camera(*stop: Node) -> Design:
    return _chip((DATA, KTHREAD_RUN(CHIP)), stop, thread("thread", (LOCK, UNLOCK)))


def _gpu(down: Block, up: Block) -> Design:
    clock = (DEVM_PLATFORM_IOREMAP_RESOURCE(CHIP), DEVM_CLK_GET(CHIP), CLK_PREPARE_ENABLE(CHIP))
    probe = (*clock, LINE, REQUEST_IRQ(CHIP, shared=1), PM_RUNTIME_SET_ACTIVE(CHIP),
             PM_RUNTIME_ENABLE(CHIP))
    remove = (PM_RUNTIME_GET_SYNC(CHIP, CHIP, fail=IGNORE), FREE_IRQ(CHIP),
              PM_RUNTIME_DISABLE(CHIP), PM_RUNTIME_PUT_NOIDLE(CHIP, CHIP), OFF)
    return _chip(probe, remove, atomic=(access("gpu_read", CLOCK_ON)(CHIP),),
                 runtime_suspend=(*down, OFF), runtime_resume=(ON, *up))


def _battery(leave: Block, *used: Node) -> Design:
    probe = (DATA, INIT_DELAYED_WORK(CHIP, work="poll"), POWER_SUPPLY_REGISTER(CHIP))
    remove = (*leave, CANCEL_DELAYED_WORK_SYNC(CHIP, work="poll"), POWER_SUPPLY_UNREGISTER(CHIP))
    return _chip(probe, remove, delayed_work("poll"), calls("supply", used))


def _radio(*stop: Node) -> Design:
    probe = (KZALLOC_DATA(CHIP), ALLOC_WORKQUEUE(CHIP), INIT_WORK(CHIP), REGISTER(CHIP))
    return _chip(probe, (*stop, KFREE_DATA(CHIP)), calls("nci", (QUEUE_WORK(CHIP),)), work("work"))


def _line(*stop: Node) -> Design:
    probe = (KZALLOC_DATA(CHIP), ALLOC_WORKQUEUE(CHIP), INIT_WORK(CHIP), LINE, REQUEST_IRQ(CHIP))
    return _chip(probe, (*stop, KFREE_DATA(CHIP)), work("work"), atomic=(QUEUE_WORK(CHIP),))


STOP = KTHREAD_STOP(CHIP)
POLL = SCHEDULE_DELAYED_WORK(CHIP, work="poll")
SAFE = (LOCK, If(IS_REMOVED, (), (POLL,)), UNLOCK)
NO_QUEUE: Block = (FLUSH_WORK(CHIP), DESTROY_WORKQUEUE(CHIP))
DESIGN = _leds((devm_action(DESTROY, "an30259a_destroy")(CHIP, CHIP),))
SOUND = (
    _camera(LOCK, UNLOCK, STOP), _gpu((DISABLE_IRQ(CHIP),), (ENABLE_IRQ(CHIP),)),
    _battery((LOCK, SAY(CHIP), UNLOCK), *SAFE), _radio(UNREGISTER(CHIP), *NO_QUEUE),
    _line(FREE_IRQ(CHIP), *NO_QUEUE),
)
BUGGY = (
    (_leds((), DESTROY(CHIP)), "N12"),
    (_camera(LOCK, STOP, UNLOCK), "N18"),
    (_gpu((), ()), "N3"),
    (_battery((), POLL), "N17"),
    (_battery((SAY(CHIP),), If(IS_REMOVED, (), (POLL,))), "N17"),  # it looked before that
    (_radio(*NO_QUEUE, UNREGISTER(CHIP)), "N17"),
    (_line(*NO_QUEUE, FREE_IRQ(CHIP)), "N17"),
)
