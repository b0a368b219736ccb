# SPDX-License-Identifier: GPL-2.0-only
"""What others call, or the driver has queued, must end before what it needs goes.

devres unregistered the SPI controller of fsl-lpspi behind its DMA channel (CVE-2026-31485);
liteuart never took its port off the serial core (CVE-2021-47525); bq24190 did not cancel the work
that its supply queues (CVE-2023-33288); cpu5wdt did not wait for its timer (CVE-2024-38630),
fore200e not for its tasklets; terminating DMA without a wait leaves the callback that runs. A
timer must end before the workqueue on which it queues.
"""

from generator.context import Context, calls, delayed_work, tasklet, timer, work
from generator.design import Design, Device, Driver
from generator.facts import DMA_CHANNEL
from generator.operation import Operation, ok
from generator.ops.buffers import (
    ALLOC_WORKQUEUE,
    DESTROY_WORKQUEUE,
    DMA_RELEASE_CHANNEL,
    DMA_REQUEST_CHAN,
)
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.registered import DEVM_POWER_SUPPLY_REGISTER, I2C_ADD_ADAPTER, I2C_DEL_ADAPTER
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.spi import (
    DEVM_SPI_ALLOC_HOST,
    DEVM_SPI_REGISTER_CONTROLLER,
    SPI_REGISTER_CONTROLLER,
    SPI_UNREGISTER_CONTROLLER,
)
from generator.ops.work import (
    DEL_TIMER,
    DEVM_DELAYED_WORK_AUTOCANCEL,
    FLUSH_WORK,
    INIT_DELAYED_WORK,
    INIT_WORK,
    MOD_TIMER,
    QUEUE_WORK,
    SCHEDULE_DELAYED_WORK,
    TASKLET_KILL,
    TASKLET_SCHEDULE,
    TASKLET_SETUP,
    TIMER_DELETE_SYNC,
    TIMER_SETUP,
    TIMER_SHUTDOWN_SYNC,
    Of,
)
from generator.program import Block, Node

CHIP = Device("chip", "platform")
PREPARE = Operation("dmaengine_prep_slave_sg", ("dev",), (ok(),), source="", needs=(DMA_CHANNEL,))
REMOVE_PORT = Of("uart_remove_one_port", "cancel and wait", "calls", "uart", "")
ADD_PORT = Of("uart_add_one_port", "start", "calls", "uart", "", undo=REMOVE_PORT)
BEGIN = Of("dmaengine_prep", "initialise", "tasklet", "tasklet", "")
SUBMIT = Of("dmaengine_submit", "queue", "tasklet", "tasklet", "")
ENDS, ENDS_SYNC = (Of(f"dmaengine_terminate_{name}", does, "tasklet", "tasklet", "")
                   for name, does in (("async", "cancel"), ("sync", "cancel and wait")))
DATA = DEVM_KZALLOC(CHIP, CHIP)
OWN, NOT_OWN = KZALLOC_DATA(CHIP), KFREE_DATA(CHIP)


def _chip(
    probe: Block, remove: Block, *contexts: Context, atomic: Block = (), unbind: bool = True,
) -> Design:
    driver = Driver("drv", CHIP, probe, remove, contexts=contexts, atomic=atomic, unbind=unbind)
    return Design("chip", "a driver that leaves", (CHIP,), (driver,))


def _spi(register: Node, *first: Node) -> Design:
    probe = (DEVM_SPI_ALLOC_HOST(CHIP), DMA_REQUEST_CHAN(CHIP), register)
    return _chip(probe, (*first, DMA_RELEASE_CHANNEL(CHIP)), calls("spi", (PREPARE(CHIP),)))


def _uart(*remove: Node) -> Design:
    return _chip((DATA, ADD_PORT(CHIP)), remove, calls("uart"))


def _charger(begin: Node) -> Design:
    queues = calls("supply", (SCHEDULE_DELAYED_WORK(CHIP, work="limit"),))
    return _chip((DATA, begin, DEVM_POWER_SUPPLY_REGISTER(CHIP)), (), queues, delayed_work("limit"))


def _watchdog(stop: Node) -> Design:
    ticks = timer("timer", (MOD_TIMER(CHIP),), static=True)
    return _chip((TIMER_SETUP(CHIP), MOD_TIMER(CHIP)), (stop,), ticks, unbind=False)


def _atm(*stop: Node) -> Design:
    probe = (PLATFORM_GET_IRQ(CHIP, CHIP), OWN, TASKLET_SETUP(CHIP), REQUEST_IRQ(CHIP))
    return _chip(probe, (FREE_IRQ(CHIP), *stop, NOT_OWN), tasklet("tasklet"),
                 atomic=(TASKLET_SCHEDULE(CHIP),))


def _dma(stop: Of) -> Design:
    probe = (OWN, BEGIN(CHIP), I2C_ADD_ADAPTER(CHIP))
    remove = (I2C_DEL_ADAPTER(CHIP), stop(CHIP), NOT_OWN)
    return _chip(probe, remove, calls("i2c", (SUBMIT(CHIP),)), tasklet("tasklet"))


def _queue(*remove: Node) -> Design:
    probe = (OWN, ALLOC_WORKQUEUE(CHIP), INIT_WORK(CHIP), TIMER_SETUP(CHIP), MOD_TIMER(CHIP))
    ticks = timer("timer", (QUEUE_WORK(CHIP), MOD_TIMER(CHIP)))
    return _chip(probe, (*remove, NOT_OWN), ticks, work("work"))


NO_QUEUE: Block = (FLUSH_WORK(CHIP), DESTROY_WORKQUEUE(CHIP))
NO_TIMER = TIMER_DELETE_SYNC(CHIP)
DESIGN = _spi(SPI_REGISTER_CONTROLLER(CHIP), SPI_UNREGISTER_CONTROLLER(CHIP))
SOUND = (
    _uart(REMOVE_PORT(CHIP)), _charger(DEVM_DELAYED_WORK_AUTOCANCEL(CHIP, CHIP, work="limit")),
    _watchdog(TIMER_SHUTDOWN_SYNC(CHIP)), _atm(TASKLET_KILL(CHIP)), _dma(ENDS_SYNC),
    _queue(NO_TIMER, *NO_QUEUE),
)
BUGGY = (
    (_spi(DEVM_SPI_REGISTER_CONTROLLER(CHIP)), "N12"),
    (_uart(), "N17"),
    (_charger(INIT_DELAYED_WORK(CHIP, work="limit")), "N17"),
    (_watchdog(DEL_TIMER(CHIP)), "N17"),
    (_atm(), "N17"),
    (_dma(ENDS), "N17"),
    (_queue(*NO_QUEUE, NO_TIMER, FLUSH_WORK(CHIP)), "N17"),
)
