# SPDX-License-Identifier: GPL-2.0-only
"""What runs or is called behind what it needs, or before that is there.

libertas did not wait for its timers (CVE-2026-23281), exc3000 never stopped its own; UFS stopped
the clock before the work that reads the time (CVE-2026-43415); the LED of bigben queues work behind
the cancelling (CVE-2023-25012), as the decoder of cedrus does, where nothing cancelled
(CVE-2023-35826); cp2112 initialised its work again while it was queued; i2c-cadence kept its clock
notifier when probe failed; the chained handler of qe_ports_ic was live before its data; the handler
of rtc-mt6397 came before the clock that it updates, that of pps-gpio stayed behind its source.
"""

from generator.context import Context, calls, delayed_work, timer, work
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.facts import CLOCK_ON
from generator.operation import RETURN, Operation, fault, ok, sets
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import DEVM_REQUEST_IRQ, FREE_IRQ, REQUEST_IRQ
from generator.ops.mapping import access
from generator.ops.perf import devm_action
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.registered import (
    DEVM_LED_CLASSDEV_REGISTER,
    GPIOCHIP_ADD_DATA,
    GPIOCHIP_REMOVE,
    I2C_ADD_ADAPTER,
    I2C_DEL_ADAPTER,
    LED_CLASSDEV_REGISTER,
    LED_CLASSDEV_UNREGISTER,
)
from generator.ops.service import KFREE_DATA, KZALLOC_DATA
from generator.ops.work import (
    CANCEL_DELAYED_WORK_SYNC,
    CANCEL_WORK_SYNC,
    INIT_DELAYED_WORK,
    INIT_WORK,
    MOD_TIMER,
    SCHEDULE_DELAYED_WORK,
    SCHEDULE_WORK,
    TIMER_DELETE,
    TIMER_DELETE_SYNC,
    TIMER_SETUP,
    TIMER_SHUTDOWN_SYNC,
    Of,
)
from generator.program import Block, Node, Return

CHIP, DEV = Device("chip", "platform"), Role("dev")
DATA, LINE = DEVM_KZALLOC(CHIP, CHIP), PLATFORM_GET_IRQ(CHIP, CHIP)
OFF, ON = CLK_DISABLE_UNPREPARE(CHIP), CLK_PREPARE_ENABLE(CHIP)
INIT, QUEUE = INIT_DELAYED_WORK(CHIP, work="job"), SCHEDULE_DELAYED_WORK(CHIP, work="job")
CANCEL = CANCEL_DELAYED_WORK_SYNC(CHIP, work="job")
ADD, DELETE = I2C_ADD_ADAPTER(CHIP), I2C_DEL_ADAPTER(CHIP)
DATA_SET = Fact("handler data", 1, "the data of the chained handler", local=True)
SET_DATA = Operation("irq_set_handler_data", ("dev",), (ok(sets(DATA_SET(DEV), 1)),), source="")
GET_DATA = Operation("irq_desc_get_handler_data", ("dev",), (ok(),), source="", needs=(DATA_SET,))
UNCHAIN = Of("irq_set_chained_handler NULL", "cancel and wait", "calls", "cascade", "")
CHAIN = Of("irq_set_chained_handler", "start", "calls", "cascade", "", undo=UNCHAIN)
DEAF = Of("clk_notifier_unregister", "cancel and wait", "calls", "rate", "")
LISTEN = Of("clk_notifier_register", "start", "calls", "rate", "", undo=DEAF)
SOURCE = Fact("pps source", 1, "what events are reported of", held=True)
DROP = Operation("pps_unregister_source", ("dev",), (ok(sets(SOURCE(DEV), 0)),), source="")
TAKE = Operation("pps_register_source", ("dev",), (ok(sets(SOURCE(DEV), 1)), fault("-ENOMEM")),
                 source="", undo=DROP)
REPORT = Operation("pps_event", ("dev",), (ok(),), source="", needs=(SOURCE,), sleeps=False)


def _chip(
    probe: Block, remove: Block, *contexts: Context, atomic: Block = (), **callbacks: Block
) -> Design:
    driver = Driver("drv", CHIP, probe, remove, contexts=contexts, atomic=atomic,
                    **callbacks)  # type: ignore[arg-type]
    return Design("chip", "what is there still, or not yet", (CHIP,), (driver,))


def _adapter(stop: Of) -> Design:
    return _chip((KZALLOC_DATA(CHIP), TIMER_SETUP(CHIP), MOD_TIMER(CHIP)),
                 (stop(CHIP), KFREE_DATA(CHIP)), timer("timer"))


def _touch(*stop: Node) -> Design:
    return _chip((DATA, TIMER_SETUP(CHIP), *stop, LINE, DEVM_REQUEST_IRQ(CHIP, CHIP)), (),
                 timer("timer"), atomic=(MOD_TIMER(CHIP),))


def _storage(*down: Node) -> Design:
    reads = delayed_work("job", (access("ufshcd_update_rtc", CLOCK_ON)(CHIP), QUEUE))
    probe = (DATA, DEVM_PLATFORM_IOREMAP_RESOURCE(CHIP), DEVM_CLK_GET(CHIP), ON, INIT, QUEUE)
    return _chip(probe, (CANCEL, OFF), reads, suspend=down,
                 resume=(CLK_PREPARE_ENABLE(CHIP, fail=RETURN), QUEUE))


def _led(register: Node, *remove: Node) -> Design:
    job = (SCHEDULE_WORK(CHIP, work="job"),)
    return _chip((DATA, INIT_WORK(CHIP, work="job"), register), remove, calls("led", job),
                 work("job"))


def _decoder(*last: Node) -> Design:
    return _chip((DATA, INIT, ADD), (DELETE, *last), calls("i2c", (QUEUE,)), delayed_work("job"))


def _bridge(once: Block, each: Block) -> Design:
    return _chip((DATA, *once, GPIOCHIP_ADD_DATA(CHIP)), (GPIOCHIP_REMOVE(CHIP), CANCEL),
                 calls("gpio", (*each, QUEUE)), delayed_work("job", (QUEUE,)))


def _bus(*error: Node) -> Design:
    fails = I2C_ADD_ADAPTER(CHIP, fail=(*error, Return(ok=False)))
    return _chip((DATA, LISTEN(CHIP), fails), (DELETE, DEAF(CHIP)), calls("i2c"), calls("rate"))


def _cascade(*begin: Node) -> Design:
    return _chip((DATA, *begin), (UNCHAIN(CHIP),), calls("cascade", (GET_DATA(CHIP),)))


def _clock(*begin: Node) -> Design:
    return _chip((LINE, *begin), (FREE_IRQ(CHIP), DROP(CHIP)), atomic=(REPORT(CHIP),))


def _pulse(listen: Node, *remove: Node) -> Design:
    return _chip((LINE, TAKE(CHIP), listen), (*remove, DROP(CHIP)), atomic=(REPORT(CHIP),))


NO_JOB, NO_LED = CANCEL_WORK_SYNC(CHIP, work="job"), LED_CLASSDEV_UNREGISTER(CHIP)
STOPS = devm_action(TIMER_SHUTDOWN_SYNC(CHIP).op, "exc3000_shutdown_timer")(CHIP, CHIP)
DESIGN = _adapter(TIMER_DELETE_SYNC)
SOUND = (
    _touch(STOPS), _storage(CANCEL, OFF), _led(LED_CLASSDEV_REGISTER(CHIP), NO_LED, NO_JOB),
    _decoder(CANCEL), _bridge((INIT,), ()), _bus(DEAF(CHIP)),
    _cascade(SET_DATA(CHIP), CHAIN(CHIP)), _clock(TAKE(CHIP), REQUEST_IRQ(CHIP)),
    _pulse(REQUEST_IRQ(CHIP), FREE_IRQ(CHIP)),
)
BUGGY = (
    (_adapter(TIMER_DELETE), "N17"),
    (_touch(), "N17"),
    (_storage(OFF, CANCEL), "N12"),
    (_led(DEVM_LED_CLASSDEV_REGISTER(CHIP), NO_JOB), "N17"),
    (_decoder(), "N17"),
    (_bridge((INIT,), (INIT,)), "N17"),
    (_bus(), "N17"),
    (_cascade(CHAIN(CHIP), SET_DATA(CHIP)), "N12"),
    (_clock(REQUEST_IRQ(CHIP), TAKE(CHIP)), "N3"),
    (_pulse(DEVM_REQUEST_IRQ(CHIP, CHIP)), "N3"),
)
