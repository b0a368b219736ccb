# SPDX-License-Identifier: GPL-2.0-only
"""What who ends an interface does beside: it takes a lock, or calls the driver.

legousbtower ended its node with the mutex held that open() takes under usbcore's own lock ("USB:
legousbtower: fix deadlock on disconnect"); misc_open() has one, too. Who removes a port of a UART
shuts it down, after which no irq of it comes; what drivers register elsewhere may be stopped so.
"""

from generator.context import calls, file, netdev
from generator.design import Design, Device, Driver
from generator.operation import Node
from generator.ops.allocated import KFREE_OWN, KZALLOC_OWN
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.ops.own import registers
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.registered import (
    MISC_DEREGISTER,
    MISC_REGISTER,
    UART_ADD_ONE_PORT,
    UART_REMOVE_ONE_PORT,
    USB_DEREGISTER_DEV,
    USB_REGISTER_DEV,
)
from generator.ops.work import CANCEL_WORK_SYNC, INIT_WORK, SCHEDULE_WORK
from generator.program import Block

TOWER, CHIP = Device("tower", "usb"), Device("chip", "platform")
LOCK, UNLOCK = MUTEX_LOCK(TOWER, lock="open_disc"), MUTEX_UNLOCK(TOWER, lock="open_disc")
NODE, END = USB_REGISTER_DEV(TOWER), USB_DEREGISTER_DEV(TOWER)
MISC, MISC_END = MISC_REGISTER(TOWER), MISC_DEREGISTER(TOWER)


def _tower(start: Node, *remove: Node, name: str = "node") -> Design:
    return Design("tower", "opened under a lock", (TOWER,), (Driver(
        "tower", TOWER, (start,), remove, contexts=(file(name, open=(LOCK, UNLOCK)),)),))


START, STOP = registers("engine", "engine_register", "engine_unregister")
QUEUE, CANCEL = SCHEDULE_WORK(CHIP), CANCEL_WORK_SYNC(CHIP)
MADE: Block = (KZALLOC_OWN(CHIP), INIT_WORK(CHIP))


def _engine(stop: Block, *remove: Node) -> Design:
    return Design("engine", "stopped by its end", (CHIP,), (Driver(
        "engine", CHIP, (*MADE, START(CHIP)), (STOP(CHIP), *remove, KFREE_OWN(CHIP)),
        contexts=(calls("engine", (QUEUE,), stop=stop),)),))


def _uart(*shutdown: Node) -> Design:
    return Design("uart", "shut down by its end", (CHIP,), (Driver(
        "uart", CHIP, (KZALLOC_OWN(CHIP), PLATFORM_GET_IRQ(CHIP, CHIP), UART_ADD_ONE_PORT(CHIP)),
        (UART_REMOVE_ONE_PORT(CHIP), KFREE_OWN(CHIP)),
        contexts=(netdev("uart", open=(REQUEST_IRQ(CHIP),), stop=shutdown),)),))


DESIGN = _tower(NODE, END, LOCK, UNLOCK)
SOUND = (_tower(MISC, MISC_END, LOCK, UNLOCK, name="misc"), _engine((CANCEL,)),
         _engine((), CANCEL), _uart(FREE_IRQ(CHIP)))
BUGGY = (
    (_tower(NODE, LOCK, END, UNLOCK), "N18"),
    (_tower(MISC, LOCK, MISC_END, UNLOCK, name="misc"), "N18"),
    (_engine(()), "N17"),
    (_uart(), "N3"),
)
