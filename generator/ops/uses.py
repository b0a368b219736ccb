# SPDX-License-Identifier: GPL-2.0-only
"""What drivers do with what they have registered: handlers, works and timers report to it.

Each needs that it is there still, or there yet. By default of the context that has the name of the
subsystem: of a second one say POWER_SUPPLY_CHANGED(dev, supply="NAME"). What an operation of your
own uses is needs=(registered("supply"), ), of generator.context. What is allocated before it is
registered may be used from then on: input, IIO and remote control devices, triggers, RTCs.
"""

from __future__ import annotations

from generator.expr import Fact
from generator.facts import EXTCON, INPUT_MEMORY, MEMORY, RC_DEVICE, RTC, RTC_POINTER, TRIGGER
from generator.operation import Operation, ok
from generator.ops.work import Of


def _uses(
    callee: str, word: str, source: str, *, sleeps: bool = False, takes_null: bool = False
) -> Of:
    """Return a call on what is registered as `word`."""
    return Of(callee, "use", "calls", word, f"{source} {callee}()", sleeps=sleeps,
              takes_null=takes_null, read=False)


def _reports(
    callee: str, fact: Fact, source: str, *, sleeps: bool = False, pointer: Fact | None = None
) -> Operation:
    """Return a call on what is allocated, be it registered or not."""
    return Operation(callee, ("dev",), (ok(),), source=f"{source} {callee}()", sleeps=sleeps,
                     needs=(fact,), needs_when=pointer)


_SUPPLY, _EXTCON = "drivers/power/supply/power_supply_core.c", "drivers/extcon/extcon.c"
_LED, _TYPEC = "drivers/leds/led-triggers.c", "drivers/usb/typec/class.c"
POWER_SUPPLY_CHANGED = _uses("power_supply_changed", "supply", _SUPPLY)
THERMAL_ZONE_DEVICE_UPDATE = _uses(
    "thermal_zone_device_update", "zone", "drivers/thermal/thermal_core.c", sleeps=True)
# Its notifiers are there from when it is registered.
EXTCON_SET_STATE_SYNC = _uses("extcon_set_state_sync", "extcon", _EXTCON, sleeps=True)
EXTCON_SYNC = _uses("extcon_sync", "extcon", _EXTCON, sleeps=True)
EXTCON_SET_STATE = _reports("extcon_set_state", EXTCON, _EXTCON)
HWMON_NOTIFY_EVENT = _uses("hwmon_notify_event", "hwmon", "drivers/hwmon/hwmon.c", sleeps=True)
LED_TRIGGER_EVENT = _uses("led_trigger_event", "trigger", _LED, takes_null=True)
TYPEC_SET_DATA_ROLE = _uses("typec_set_data_role", "typec", _TYPEC, sleeps=True)
TYPEC_SET_PWR_ROLE = _uses("typec_set_pwr_role", "typec", _TYPEC, sleeps=True)

_INPUT, _RC, _IIO = "drivers/input/input.c", "drivers/media/rc", "drivers/iio"
INPUT_EVENT = _reports("input_event", INPUT_MEMORY, _INPUT)
INPUT_REPORT_KEY = _reports("input_report_key", INPUT_MEMORY, "include/linux/input.h")
INPUT_SYNC = _reports("input_sync", INPUT_MEMORY, "include/linux/input.h")
IIO_PUSH_TO_BUFFERS = _reports(
    "iio_push_to_buffers", MEMORY, f"{_IIO}/industrialio-buffer.c")
IIO_PUSH_EVENT = _reports("iio_push_event", MEMORY, f"{_IIO}/industrialio-event.c")
IIO_TRIGGER_POLL = _reports("iio_trigger_poll", TRIGGER, f"{_IIO}/industrialio-trigger.c")
IIO_TRIGGER_POLL_NESTED = _reports(
    "iio_trigger_poll_nested", TRIGGER, f"{_IIO}/industrialio-trigger.c", sleeps=True)
IIO_TRIGGER_NOTIFY_DONE = _reports(
    "iio_trigger_notify_done", TRIGGER, f"{_IIO}/industrialio-trigger.c", sleeps=True)
IR_RAW_EVENT_STORE = _reports("ir_raw_event_store", RC_DEVICE, f"{_RC}/rc-ir-raw.c")
IR_RAW_EVENT_HANDLE = _reports("ir_raw_event_handle", RC_DEVICE, f"{_RC}/rc-ir-raw.c")
RC_KEYDOWN = _reports("rc_keydown", RC_DEVICE, f"{_RC}/rc-main.c")
# Of NULL it does nothing.
RTC_UPDATE_IRQ = _reports(
    "rtc_update_irq", RTC, "drivers/rtc/interface.c", pointer=RTC_POINTER)
