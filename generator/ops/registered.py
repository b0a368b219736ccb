# SPDX-License-Identifier: GPL-2.0-only
"""Interfaces that drivers register with a subsystem: others call them from then on.

Each is of a context of the driver, `calls()` or `file()` of generator/context.py, which says what
is done when it is called; its name is by default the word of the subsystem. Who unregisters a
`calls` waits for the calls that there are, as of a `file` nobody does: it stays open.
"""

from __future__ import annotations

from dataclasses import replace

from generator.fingerprint import Fails
from generator.ops.work import Of


def _calls(
    word: str, register: str, unregister: str, source: str, *, kind: str = "calls",
    error: str = "-ENOMEM", fails: Fails = Fails.NEGATIVE, on: int | None = 0,
    managed_by: str = "", idempotent: bool = False, spelled: str = "",
) -> tuple[Of, Of]:
    """Return what registers an interface, and what unregisters it."""
    undo = Of(unregister, "cancel" if kind == "file" else "cancel and wait", kind, word,
              f"{source} {unregister}()", idempotent=idempotent)
    return Of(register, "start", kind, word, f"{source} {register}()", undo=undo, error=error,
              fails=fails, argument=on, managed_by=managed_by,
              spelled=(spelled,) if spelled else ()), undo


def _devm(of: Of, callee: str, source: str, spelled: str = "") -> Of:
    """Return the managed call that devres undoes as the plain one is undone."""
    return replace(of, callee=callee, source=f"{source} {callee}()", managed=True, managed_by="",
                   argument=0, spelled=(spelled,) if spelled else ())


_GPIO = "include/linux/gpio/driver.h"
# drivers/gpio/gpiolib.c gpiochip_remove(): the chip is gone behind synchronize_srcu().
GPIOCHIP_ADD_DATA, GPIOCHIP_REMOVE = _calls(
    "gpio", "gpiochip_add_data", "gpiochip_remove", _GPIO, spelled="gpiochip_add_data_with_key")
DEVM_GPIOCHIP_ADD_DATA = _devm(
    GPIOCHIP_ADD_DATA, "devm_gpiochip_add_data", _GPIO, "devm_gpiochip_add_data_with_key")

WATCHDOG_REGISTER_DEVICE, WATCHDOG_UNREGISTER_DEVICE = _calls(
    "watchdog", "watchdog_register_device", "watchdog_unregister_device",
    "drivers/watchdog/watchdog_core.c")
DEVM_WATCHDOG_REGISTER_DEVICE = _devm(
    WATCHDOG_REGISTER_DEVICE, "devm_watchdog_register_device", "drivers/watchdog/watchdog_core.c")

_I2C = "drivers/i2c/i2c-core-base.c"
I2C_ADD_ADAPTER, I2C_DEL_ADAPTER = _calls(  # one that was not added is told, and left alone
    "i2c", "i2c_add_adapter", "i2c_del_adapter", _I2C, idempotent=True)
I2C_ADD_NUMBERED_ADAPTER = replace(I2C_ADD_ADAPTER, callee="i2c_add_numbered_adapter",
                                   source=f"{_I2C} i2c_add_numbered_adapter()")
DEVM_I2C_ADD_ADAPTER = _devm(I2C_ADD_ADAPTER, "devm_i2c_add_adapter", _I2C)

HWRNG_REGISTER, HWRNG_UNREGISTER = _calls(
    "hwrng", "hwrng_register", "hwrng_unregister", "drivers/char/hw_random/core.c")
DEVM_HWRNG_REGISTER = _devm(
    HWRNG_REGISTER, "devm_hwrng_register", "drivers/char/hw_random/core.c")

# Of a device from devm_input_allocate_device() devres unregisters as well, and frees.
_INPUT = "drivers/input/input.c"
INPUT_REGISTER_DEVICE, INPUT_UNREGISTER_DEVICE = _calls(
    "input", "input_register_device", "input_unregister_device", _INPUT,
    managed_by="devm_input_allocate_device")

_, _RTC_GONE = _calls("rtc", "", "devm_rtc_unregister_device", "drivers/rtc/class.c")
DEVM_RTC_REGISTER_DEVICE = Of(
    "devm_rtc_register_device", "start", "calls", "rtc",
    "drivers/rtc/class.c __devm_rtc_register_device()", managed=True, undo=_RTC_GONE,
    argument=1, spelled=("__devm_rtc_register_device",))
DEVM_RTC_DEVICE_REGISTER = replace(
    DEVM_RTC_REGISTER_DEVICE, callee="devm_rtc_device_register", fails=Fails.ERRPTR,
    source="drivers/rtc/class.c devm_rtc_device_register()")

_IIO = "include/linux/iio/iio.h"
IIO_DEVICE_REGISTER, IIO_DEVICE_UNREGISTER = _calls(
    "iio", "iio_device_register", "iio_device_unregister", _IIO, spelled="__iio_device_register")
DEVM_IIO_DEVICE_REGISTER = _devm(
    IIO_DEVICE_REGISTER, "devm_iio_device_register", _IIO, "__devm_iio_device_register")

BACKLIGHT_DEVICE_REGISTER, BACKLIGHT_DEVICE_UNREGISTER = _calls(
    "backlight", "backlight_device_register", "backlight_device_unregister",
    "drivers/video/backlight/backlight.c", fails=Fails.ERRPTR, on=1)
BACKLIGHT_DEVICE_UNREGISTER = replace(BACKLIGHT_DEVICE_UNREGISTER, idempotent=True)

TYPEC_REGISTER_PORT, TYPEC_UNREGISTER_PORT = _calls(
    "typec", "typec_register_port", "typec_unregister_port", "drivers/usb/typec/class.c",
    fails=Fails.ERRPTR)

_, _EXTCON_GONE = _calls("extcon", "", "extcon_dev_unregister", "drivers/extcon/extcon.c")
DEVM_EXTCON_DEV_REGISTER = Of(
    "devm_extcon_dev_register", "start", "calls", "extcon",
    "drivers/extcon/devres.c devm_extcon_dev_register()", managed=True, undo=_EXTCON_GONE)

RESET_CONTROLLER_REGISTER, RESET_CONTROLLER_UNREGISTER = _calls(
    "resets", "reset_controller_register", "reset_controller_unregister", "drivers/reset/core.c")
DEVM_RESET_CONTROLLER_REGISTER = _devm(
    RESET_CONTROLLER_REGISTER, "devm_reset_controller_register", "drivers/reset/core.c")

POWER_SUPPLY_REGISTER, POWER_SUPPLY_UNREGISTER = _calls(
    "supply", "power_supply_register", "power_supply_unregister",
    "drivers/power/supply/power_supply_core.c", fails=Fails.ERRPTR)
DEVM_POWER_SUPPLY_REGISTER = _devm(
    POWER_SUPPLY_REGISTER, "devm_power_supply_register", "drivers/power/supply/power_supply_core.c")

LED_CLASSDEV_REGISTER, LED_CLASSDEV_UNREGISTER = _calls(
    "led", "led_classdev_register", "led_classdev_unregister", "include/linux/leds.h",
    spelled="led_classdev_register_ext")
DEVM_LED_CLASSDEV_REGISTER = _devm(
    LED_CLASSDEV_REGISTER, "devm_led_classdev_register", "include/linux/leds.h",
    "devm_led_classdev_register_ext")

# Attributes and files of debugfs go like these: fs/kernfs/dir.c kernfs_drain(), and
# fs/debugfs/inode.c __debugfs_file_removed() wait for who is inside; who holds one open gets an
# error from then on.
SYSFS_CREATE_GROUP, SYSFS_REMOVE_GROUP = _calls(
    "attributes", "sysfs_create_group", "sysfs_remove_group", "fs/sysfs/group.c")
DEBUGFS_CREATE_FILE, DEBUGFS_REMOVE = _calls(
    "debugfs", "debugfs_create_file", "debugfs_remove", "fs/debugfs/inode.c", on=2,
    fails=Fails.ERRPTR)

# Files whose operations go on until they are closed, be the driver unbound or not.
MISC_REGISTER, MISC_DEREGISTER = _calls(
    "misc", "misc_register", "misc_deregister", "drivers/char/misc.c", kind="file")
CDEV_ADD, CDEV_DEL = _calls("cdev", "cdev_add", "cdev_del", "fs/char_dev.c", kind="file")
CDEV_DEVICE_ADD, CDEV_DEVICE_DEL = _calls(
    "cdev", "cdev_device_add", "cdev_device_del", "fs/char_dev.c", kind="file")
USB_REGISTER_DEV, USB_DEREGISTER_DEV = _calls(
    "node", "usb_register_dev", "usb_deregister_dev", "drivers/usb/core/file.c", kind="file")
# A channel is used until its client gives it back, and that one does not ask: what must be there
# is freed in .device_release, drivers/dma/dmaengine.c dma_device_release().
DMA_ASYNC_DEVICE_REGISTER, DMA_ASYNC_DEVICE_UNREGISTER = _calls(
    "dma", "dma_async_device_register", "dma_async_device_unregister", "drivers/dma/dmaengine.c",
    kind="file")
