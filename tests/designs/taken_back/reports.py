# SPDX-License-Identifier: GPL-2.0-only
"""What handlers and works report to what is registered, which must be there then.

goldfish_battery and act8945a had the irq on the devres list before the power supply, which is freed
first then: power_supply_changed() of it. Input devices, triggers and RTCs may be reported to from
when they are allocated. rtc_update_irq() and led_trigger_event() do nothing of NULL.
"""

from generator.context import calls, registered, work
from generator.design import Design, Device, Driver
from generator.operation import Operation, ok
from generator.ops.allocated import (
    DEVM_INPUT_ALLOCATE_DEVICE,
    INPUT_ALLOCATE_DEVICE,
    KFREE_OWN,
    KZALLOC_OWN,
)
from generator.ops.irq import DEVM_REQUEST_IRQ, FREE_IRQ, REQUEST_IRQ
from generator.ops.managed import (
    DEVM_IIO_TRIGGER_ALLOC,
    DEVM_IIO_TRIGGER_REGISTER,
    DEVM_RTC_ALLOCATE_DEVICE,
)
from generator.ops.own import registers
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.registered import (
    DEVM_POWER_SUPPLY_REGISTER,
    DEVM_RTC_DEVICE_REGISTER,
    DEVM_RTC_REGISTER_DEVICE,
    INPUT_REGISTER_DEVICE,
    INPUT_UNREGISTER_DEVICE,
    LED_TRIGGER_REGISTER_SIMPLE,
    LED_TRIGGER_UNREGISTER_SIMPLE,
    POWER_SUPPLY_REGISTER,
    POWER_SUPPLY_UNREGISTER,
)
from generator.ops.uses import (
    IIO_TRIGGER_POLL,
    INPUT_REPORT_KEY,
    LED_TRIGGER_EVENT,
    POWER_SUPPLY_CHANGED,
    RTC_UPDATE_IRQ,
)
from generator.ops.work import CANCEL_WORK_SYNC, INIT_WORK, SCHEDULE_WORK
from generator.program import Block

DEV = Device("chip", "platform")
LINE = PLATFORM_GET_IRQ(DEV, DEV)
IRQ = (LINE, DEVM_REQUEST_IRQ(DEV, DEV))


def _chip(*probe: Block, reports: Block, remove: Block = (), **more: Block) -> Design:
    return Design("chip", "an irq that reports", (DEV,), (Driver(
        "chip", DEV, tuple(node for block in probe for node in block), remove, atomic=reports,
        **more),))


CHANGED: Block = (POWER_SUPPLY_CHANGED(DEV),)
SUPPLY: Block = (DEVM_POWER_SUPPLY_REGISTER(DEV),)
TWO: Block = (*SUPPLY, DEVM_POWER_SUPPLY_REGISTER(DEV, supply="ac"))
BOTH: Block = (*CHANGED, POWER_SUPPLY_CHANGED(DEV, supply="ac"))
# The property of a supply that is unregistered may tell of a change to the end.
ASKED = Design("asked", "told by a call", (DEV,), (Driver(
    "chip", DEV, (KZALLOC_OWN(DEV), POWER_SUPPLY_REGISTER(DEV)),
    (POWER_SUPPLY_UNREGISTER(DEV), KFREE_OWN(DEV)), contexts=(calls("supply", CHANGED),)),))

START, END = registers("psu", "psu_register", "psu_unregister")
TELL = Operation("psu_tell", ("dev",), (ok(),), source="", needs=(registered("psu"),))


def _own(*remove: Block) -> Design:
    return Design("psu", "one of its own", (DEV,), (Driver(
        "chip", DEV, (KZALLOC_OWN(DEV), INIT_WORK(DEV), START(DEV), SCHEDULE_WORK(DEV)),
        (*(node for block in remove for node in block), KFREE_OWN(DEV)),
        contexts=(work("work", (TELL(DEV),)),)),))


STOP: Block = (CANCEL_WORK_SYNC(DEV),)
KEYS: Block = (INPUT_REPORT_KEY(DEV),)
INPUT: Block = (INPUT_REGISTER_DEVICE(DEV),)
ALARM: Block = (RTC_UPDATE_IRQ(DEV),)
POLL: Block = (IIO_TRIGGER_POLL(DEV),)
LED: Block = (LED_TRIGGER_EVENT(DEV),)
BY_HAND: Block = (INPUT_ALLOCATE_DEVICE(DEV), LINE, REQUEST_IRQ(DEV))
TRIGGER: Block = (LINE, REQUEST_IRQ(DEV), LED_TRIGGER_REGISTER_SIMPLE(DEV))
GONE = LED_TRIGGER_UNREGISTER_SIMPLE(DEV)

DESIGN = _chip(SUPPLY, IRQ, reports=CHANGED)
SOUND = (
    _chip(TWO, IRQ, reports=BOTH), ASKED, _own(STOP, (END(DEV),)),
    _chip((DEVM_INPUT_ALLOCATE_DEVICE(DEV),), IRQ, INPUT, reports=KEYS),
    _chip(BY_HAND, INPUT, reports=KEYS, remove=(FREE_IRQ(DEV), INPUT_UNREGISTER_DEVICE(DEV))),
    _chip((DEVM_RTC_ALLOCATE_DEVICE(DEV),), IRQ, (DEVM_RTC_REGISTER_DEVICE(DEV),), reports=ALARM),
    _chip((DEVM_RTC_DEVICE_REGISTER(DEV),), IRQ, reports=ALARM),
    _chip((DEVM_IIO_TRIGGER_ALLOC(DEV),), IRQ, (DEVM_IIO_TRIGGER_REGISTER(DEV),), reports=POLL),
    _chip(TRIGGER, reports=LED, remove=(FREE_IRQ(DEV), GONE)),
)
BUGGY = (
    (_chip(IRQ, SUPPLY, reports=CHANGED), "N3"),
    (_chip(SUPPLY, IRQ, (DEVM_POWER_SUPPLY_REGISTER(DEV, supply="ac"),), reports=BOTH), "N3"),
    (_own((END(DEV),), STOP), "N12"),
    (_chip(BY_HAND, INPUT, reports=KEYS, remove=(INPUT_UNREGISTER_DEVICE(DEV), FREE_IRQ(DEV))),
     "N3"),
    # freed before the irq, which comes once more; before it is there, nothing is done of NULL
    (_chip(IRQ, (DEVM_RTC_DEVICE_REGISTER(DEV),), reports=ALARM), "N12"),
    (_chip(IRQ, (DEVM_IIO_TRIGGER_ALLOC(DEV), DEVM_IIO_TRIGGER_REGISTER(DEV)), reports=POLL),
     "N3"),
    (_chip(TRIGGER, reports=LED, remove=(GONE, FREE_IRQ(DEV))), "N12"),
)
