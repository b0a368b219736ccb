# SPDX-License-Identifier: GPL-2.0-only
"""A lock is taken from when it was initialised until it is destroyed.

The shapes of fixes: remove() destroys the mutex of what devres unregisters behind it (leds-mlxreg,
where devm_mutex_init() mended it), an irq is requested before the lock that its handler takes is
initialised, and so is work that others queue. A lock of which the design says neither is taken to
be initialised where it is defined.
"""

from generator.context import Context, calls, work
from generator.design import Design, Device, Driver
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.lock import (
    DEVM_MUTEX_INIT,
    MUTEX_DESTROY,
    MUTEX_INIT,
    MUTEX_LOCK,
    MUTEX_UNLOCK,
    SPIN_LOCK,
    SPIN_LOCK_INIT,
    SPIN_UNLOCK,
)
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.registered import (
    DEVM_LED_CLASSDEV_REGISTER,
    LED_CLASSDEV_REGISTER,
    LED_CLASSDEV_UNREGISTER,
)
from generator.ops.work import CANCEL_WORK_SYNC, INIT_WORK, SCHEDULE_WORK
from generator.program import Block, Node

CHIP = Device("chip", "platform")
DATA = DEVM_KZALLOC(CHIP, CHIP)
LOCKED = (MUTEX_LOCK(CHIP, lock="access"), MUTEX_UNLOCK(CHIP, lock="access"))
INIT, DESTROY = MUTEX_INIT(CHIP, lock="access"), MUTEX_DESTROY(CHIP, lock="access")
SPUN = (SPIN_LOCK(CHIP), SPIN_UNLOCK(CHIP))
LED, NO_LED = LED_CLASSDEV_REGISTER(CHIP), LED_CLASSDEV_UNREGISTER(CHIP)


def _chip(probe: Block, remove: Block = (), *contexts: Context, atomic: Block = ()) -> Design:
    driver = Driver("drv", CHIP, (DATA, *probe), remove, contexts=contexts, atomic=atomic,
                    others_queue=bool(contexts))
    return Design("chip", "who takes a lock", (CHIP,), (driver,))


def _led(probe: Block, remove: Block = ()) -> Design:
    return _chip(probe, remove, calls("led", LOCKED))


def _job(*probe: Node) -> Design:
    return _chip(probe, (CANCEL_WORK_SYNC(CHIP),), work("work", LOCKED))


def _irq(*probe: Node) -> Design:
    return _chip((PLATFORM_GET_IRQ(CHIP, CHIP), *probe), atomic=SPUN)


IRQ = DEVM_REQUEST_IRQ(CHIP, CHIP)
DESIGN = _led((DEVM_MUTEX_INIT(CHIP, lock="access"), DEVM_LED_CLASSDEV_REGISTER(CHIP)))
SOUND = (
    _led((INIT, LED), (NO_LED, DESTROY)), _led((INIT, LED), (NO_LED,)), _led((LED,), (NO_LED,)),
    _job(INIT, INIT_WORK(CHIP)), _job(INIT_WORK(CHIP)), _irq(SPIN_LOCK_INIT(CHIP), IRQ), _irq(IRQ),
)
BUGGY = (
    (_led((INIT, DEVM_LED_CLASSDEV_REGISTER(CHIP)), (DESTROY,)), "N12"),
    (_led((INIT, LED), (DESTROY, NO_LED)), "N12"),
    (_led((LED, INIT), (NO_LED,)), "N12"),
    (_led((DEVM_LED_CLASSDEV_REGISTER(CHIP), DEVM_MUTEX_INIT(CHIP, lock="access"))), "N12"),
    (_led((LED,), (NO_LED, DESTROY)), "N12"),
    (_job(INIT_WORK(CHIP), SCHEDULE_WORK(CHIP), INIT), "N12"),
    (_irq(IRQ, SPIN_LOCK_INIT(CHIP)), "N3"),
)
