# SPDX-License-Identifier: GPL-2.0-only
"""Interfaces that drivers register with a subsystem: others call them from then on.

Each is of a context of the driver, `calls()` or `file()` of generator/context.py, which says what
is done when it is called; its name is by default the word of the subsystem. Who unregisters a
`calls` waits for the calls that there are, as of a `file` nobody does: it stays open.
"""

from __future__ import annotations

from dataclasses import replace

from generator.expr import pick
from generator.facts import INPUT_MEMORY, OWN_INPUT, RTC, RTC_POINTER
from generator.fingerprint import Fails
from generator.operation import sets
from generator.ops.work import USER, Of


def _calls(
    word: str, register: str, unregister: str, source: str, *, kind: str = "calls",
    error: str = "-ENOMEM", fails: Fails = Fails.NEGATIVE, on: int | None = 0,
    managed_by: str = "", idempotent: bool = False, spelled: str = "", undone: str = "",
) -> tuple[Of, Of]:
    """Return what registers an interface, and what unregisters it."""
    undo = Of(unregister, "cancel" if kind == "file" else "cancel and wait", kind, word,
              f"{undone or source} {unregister}()", idempotent=idempotent)
    called = spelled if spelled.startswith("__") else register  # else a macro names it
    return Of(register, "start", kind, word, f"{source} {called}()", undo=undo, error=error,
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
INPUT_UNREGISTER_DEVICE = replace(INPUT_UNREGISTER_DEVICE, also=(
    sets(OWN_INPUT(USER), 0),
    sets(INPUT_MEMORY(USER), pick(OWN_INPUT(USER).eq(1), 0, INPUT_MEMORY(USER)))))
INPUT_REGISTER_DEVICE = replace(INPUT_REGISTER_DEVICE, undo=INPUT_UNREGISTER_DEVICE)

_, _RTC_GONE = _calls("rtc", "", "devm_rtc_unregister_device", "drivers/rtc/class.c")
DEVM_RTC_REGISTER_DEVICE = Of(
    "devm_rtc_register_device", "start", "calls", "rtc",
    "drivers/rtc/class.c __devm_rtc_register_device()", managed=True, undo=_RTC_GONE,
    argument=1, spelled=("__devm_rtc_register_device",))
DEVM_RTC_DEVICE_REGISTER = replace(  # which allocates it
    DEVM_RTC_REGISTER_DEVICE, callee="devm_rtc_device_register", fails=Fails.ERRPTR,
    also=(sets(RTC(USER), 1), sets(RTC_POINTER(USER), 1)),
    undo=replace(_RTC_GONE, also=(sets(RTC(USER), 0),)),
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

LED_TRIGGER_REGISTER_SIMPLE, LED_TRIGGER_UNREGISTER_SIMPLE = (
    replace(one, read=False) for one in _calls(  # where it fails the pointer is NULL
        "trigger", "led_trigger_register_simple", "led_trigger_unregister_simple",
        "drivers/leds/led-triggers.c", fails=Fails.NEVER, idempotent=True))
LED_CLASSDEV_REGISTER, LED_CLASSDEV_UNREGISTER = _calls(
    "led", "led_classdev_register", "led_classdev_unregister", "include/linux/leds.h",
    spelled="led_classdev_register_ext")
DEVM_LED_CLASSDEV_REGISTER = _devm(
    LED_CLASSDEV_REGISTER, "devm_led_classdev_register", "include/linux/leds.h",
    "devm_led_classdev_register_ext")

DRM_BRIDGE_ADD, DRM_BRIDGE_REMOVE = _calls(
    "bridge", "drm_bridge_add", "drm_bridge_remove", "drivers/gpu/drm/drm_bridge.c",
    fails=Fails.NEVER)
I2C_MUX_ADD_ADAPTER, I2C_MUX_DEL_ADAPTERS = _calls(
    "mux", "i2c_mux_add_adapter", "i2c_mux_del_adapters", "drivers/i2c/i2c-mux.c",
    idempotent=True)
TCPCI_REGISTER_PORT, TCPCI_UNREGISTER_PORT = _calls(
    "tcpci", "tcpci_register_port", "tcpci_unregister_port", "drivers/usb/typec/tcpm/tcpci.c",
    fails=Fails.ERRPTR)
UCSI_REGISTER, UCSI_UNREGISTER = _calls(  # one that has no connectors yet is left alone
    "connectors", "ucsi_register", "ucsi_unregister", "drivers/usb/typec/ucsi/ucsi.c",
    idempotent=True)
MMC_ADD_HOST, MMC_REMOVE_HOST = _calls(
    "mmc", "mmc_add_host", "mmc_remove_host", "drivers/mmc/core/host.c")
VDPA_MGMTDEV_REGISTER, VDPA_MGMTDEV_UNREGISTER = _calls(
    "vdpa", "vdpa_mgmtdev_register", "vdpa_mgmtdev_unregister", "drivers/vdpa/vdpa.c")
CEC_REGISTER_ADAPTER, CEC_UNREGISTER_ADAPTER = _calls(
    "cec", "cec_register_adapter", "cec_unregister_adapter", "drivers/media/cec/core/cec-core.c",
    idempotent=True)
V4L2_ASYNC_REGISTER_SUBDEV, V4L2_ASYNC_UNREGISTER_SUBDEV = _calls(
    "subdev", "v4l2_async_register_subdev", "v4l2_async_unregister_subdev",
    "include/media/v4l2-async.h", idempotent=True, spelled="__v4l2_async_register_subdev")
COMPONENT_ADD, COMPONENT_DEL = _calls(
    "component", "component_add", "component_del", "drivers/base/component.c")
THERMAL_ZONE_DEVICE_REGISTER, THERMAL_ZONE_DEVICE_UNREGISTER = _calls(
    "zone", "thermal_zone_device_register_with_trips", "thermal_zone_device_unregister",
    "drivers/thermal/thermal_core.c", fails=Fails.ERRPTR, on=None)
USB_REGISTER_NOTIFIER, USB_UNREGISTER_NOTIFIER = _calls(
    "notifier", "usb_register_notifier", "usb_unregister_notifier", "include/linux/usb/phy.h",
    idempotent=True)  # kernel/notifier.c: one that is not there is not found
CHARLCD_REGISTER, CHARLCD_UNREGISTER = _calls(
    "lcd", "charlcd_register", "charlcd_unregister", "drivers/auxdisplay/charlcd.c")

# Attributes and files of debugfs go like these: fs/kernfs/dir.c kernfs_drain(), and
# fs/debugfs/inode.c __debugfs_file_removed() wait for who is inside; who holds one open gets an
# error from then on.
SYSFS_CREATE_GROUP, SYSFS_REMOVE_GROUP = _calls(
    "attributes", "sysfs_create_group", "sysfs_remove_group", "fs/sysfs/group.c")
DEBUGFS_CREATE_FILE, DEBUGFS_REMOVE = _calls(
    "debugfs", "debugfs_create_file", "debugfs_remove", "fs/debugfs/inode.c", on=2,
    fails=Fails.ERRPTR, idempotent=True)  # it takes NULL and errors
DEBUGFS_LOOKUP_AND_REMOVE = replace(
    DEBUGFS_REMOVE, callee="debugfs_lookup_and_remove", argument=1,
    source="fs/debugfs/inode.c debugfs_lookup_and_remove()")

# Files whose operations go on until they are closed, be the driver unbound or not. One whose last
# close gives back what remove() leaves says so in its body: what it does behind CLOSE_FILE.
CLOSE_FILE = Of("close", "close", "file", "file", "fs/file_table.c __fput()", read=False)
MISC_REGISTER, MISC_DEREGISTER = _calls(
    "misc", "misc_register", "misc_deregister", "drivers/char/misc.c", kind="file")
CDEV_ADD, CDEV_DEL = _calls("cdev", "cdev_add", "cdev_del", "fs/char_dev.c", kind="file")
CDEV_DEVICE_ADD, CDEV_DEVICE_DEL = _calls(
    "cdev", "cdev_device_add", "cdev_device_del", "fs/char_dev.c", kind="file")
USB_REGISTER_DEV, USB_DEREGISTER_DEV = _calls(
    "node", "usb_register_dev", "usb_deregister_dev", "drivers/usb/core/file.c", kind="file")
# Channels that only devices get which name them in their dmas= (DMA_PRIVATE): the driver core has
# unbound those before, drivers/base/core.c device_links_unbind_consumers().
DMA_ASYNC_DEVICE_REGISTER_PRIVATE, DMA_ASYNC_DEVICE_UNREGISTER_PRIVATE = _calls(
    "dma", "dma_async_device_register", "dma_async_device_unregister", "drivers/dma/dmaengine.c")
# Any other channel is used until its client gives it back, and that one does not ask: what must be
# there is freed in .device_release, drivers/dma/dmaengine.c dma_device_release().
DMA_ASYNC_DEVICE_REGISTER, DMA_ASYNC_DEVICE_UNREGISTER = _calls(
    "dma", "dma_async_device_register", "dma_async_device_unregister", "drivers/dma/dmaengine.c",
    kind="file")

# Drivers, classes and numbers, which the init of a module registers. Who unregisters a driver waits
# until it is unbound from every device.
PLATFORM_DRIVER_REGISTER, PLATFORM_DRIVER_UNREGISTER = _calls(
    "driver", "platform_driver_register", "platform_driver_unregister", "drivers/base/platform.c",
    spelled="__platform_driver_register")
PLATFORM_REGISTER_DRIVERS, PLATFORM_UNREGISTER_DRIVERS = _calls(
    "drivers", "platform_register_drivers", "platform_unregister_drivers",
    "drivers/base/platform.c", spelled="__platform_register_drivers")
PLATFORM_DRIVER_PROBE = replace(
    PLATFORM_DRIVER_REGISTER, callee="platform_driver_probe", spelled=("__platform_driver_probe",),
    source="drivers/base/platform.c __platform_driver_probe()")
PCI_REGISTER_DRIVER, PCI_UNREGISTER_DRIVER = _calls(
    "driver", "pci_register_driver", "pci_unregister_driver", "drivers/pci/pci-driver.c",
    spelled="__pci_register_driver")
AUXILIARY_DRIVER_REGISTER, AUXILIARY_DRIVER_UNREGISTER = _calls(
    "driver", "auxiliary_driver_register", "auxiliary_driver_unregister",
    "drivers/base/auxiliary.c", spelled="__auxiliary_driver_register")
I2C_ADD_DRIVER, I2C_DEL_DRIVER = _calls(
    "driver", "i2c_add_driver", "i2c_del_driver", _I2C, on=1, spelled="i2c_register_driver")
SPI_REGISTER_DRIVER, SPI_UNREGISTER_DRIVER = _calls(
    "driver", "spi_register_driver", "spi_unregister_driver", "drivers/spi/spi.c", on=1,
    spelled="__spi_register_driver", undone="include/linux/spi/spi.h")
USB_REGISTER, USB_DEREGISTER = _calls(
    "driver", "usb_register_driver", "usb_deregister", "drivers/usb/core/driver.c",
    spelled="usb_register")
HID_REGISTER_DRIVER, HID_UNREGISTER_DRIVER = _calls(
    "driver", "hid_register_driver", "hid_unregister_driver", "drivers/hid/hid-core.c",
    spelled="__hid_register_driver")
DRIVER_REGISTER, DRIVER_UNREGISTER = _calls(
    "driver", "driver_register", "driver_unregister", "drivers/base/driver.c")
UART_REGISTER_DRIVER, UART_UNREGISTER_DRIVER = _calls(
    "driver", "uart_register_driver", "uart_unregister_driver",
    "drivers/tty/serial/serial_core.c")
BUS_REGISTER, BUS_UNREGISTER = _calls("bus", "bus_register", "bus_unregister", "drivers/base/bus.c")
CLASS_REGISTER, CLASS_UNREGISTER = _calls(
    "class_", "class_register", "class_unregister", "drivers/base/class.c")
CLASS_CREATE, CLASS_DESTROY = _calls(  # which takes an error as well
    "class_", "class_create", "class_destroy", "drivers/base/class.c", on=None, fails=Fails.ERRPTR,
    idempotent=True)
ALLOC_CHRDEV_REGION, UNREGISTER_CHRDEV_REGION = _calls(
    "numbers", "alloc_chrdev_region", "unregister_chrdev_region", "fs/char_dev.c")
REGISTER_REBOOT_NOTIFIER, UNREGISTER_REBOOT_NOTIFIER = _calls(
    "notifier", "register_reboot_notifier", "unregister_reboot_notifier", "kernel/reboot.c")
REGISTER_NETDEVICE_NOTIFIER, UNREGISTER_NETDEVICE_NOTIFIER = _calls(
    "notifier", "register_netdevice_notifier", "unregister_netdevice_notifier", "net/core/dev.c")

# Devices that a driver, or the init of a module, creates: from then on any driver may be bound to
# them, and use what their parent has, until who deletes them has waited for its unbind.
_PLATFORM = "drivers/base/platform.c"
PLATFORM_DEVICE_REGISTER, PLATFORM_DEVICE_UNREGISTER = _calls(
    "child", "platform_device_register", "platform_device_unregister", _PLATFORM)
PLATFORM_DEVICE_UNREGISTER = replace(PLATFORM_DEVICE_UNREGISTER, idempotent=True)
PLATFORM_DEVICE_REGISTER = replace(PLATFORM_DEVICE_REGISTER, undo=PLATFORM_DEVICE_UNREGISTER)
PLATFORM_DEVICE_ADD, PLATFORM_DEVICE_DEL = _calls(
    "child", "platform_device_add", "platform_device_del", _PLATFORM, idempotent=True)
PLATFORM_DEVICE_REGISTER_FULL = replace(
    PLATFORM_DEVICE_REGISTER, callee="platform_device_register_full", argument=None,
    fails=Fails.ERRPTR, source=f"{_PLATFORM} platform_device_register_full()")
PLATFORM_DEVICE_REGISTER_SIMPLE, PLATFORM_DEVICE_REGISTER_DATA = (
    replace(PLATFORM_DEVICE_REGISTER_FULL, callee=f"platform_device_register_{form}",
            source=f"include/linux/platform_device.h platform_device_register_{form}()")
    for form in ("simple", "data"))
# They lie in memory of their own, not in the driver's data.
DEVICES = frozenset(one.callee for one in (
    PLATFORM_DEVICE_REGISTER, PLATFORM_DEVICE_ADD, PLATFORM_DEVICE_REGISTER_FULL,
    PLATFORM_DEVICE_REGISTER_SIMPLE, PLATFORM_DEVICE_REGISTER_DATA))
PLATFORM_DEVICE_REGISTER_RESNDATA = replace(
    PLATFORM_DEVICE_REGISTER_FULL, callee="platform_device_register_resndata",
    source="include/linux/platform_device.h platform_device_register_resndata()")
I2C_NEW_CLIENT_DEVICE, I2C_UNREGISTER_DEVICE = _calls(  # it takes NULL and errors
    "client", "i2c_new_client_device", "i2c_unregister_device", _I2C, on=None, fails=Fails.ERRPTR,
    idempotent=True)
I2C_NEW_DUMMY_DEVICE, I2C_NEW_ANCILLARY_DEVICE = (
    replace(I2C_NEW_CLIENT_DEVICE, callee=callee, source=f"{_I2C} {callee}()")
    for callee in ("i2c_new_dummy_device", "i2c_new_ancillary_device"))
DEVM_I2C_NEW_DUMMY_DEVICE = replace(
    _devm(I2C_NEW_CLIENT_DEVICE, "devm_i2c_new_dummy_device", _I2C), fails=Fails.ERRPTR)
MFD_ADD_DEVICES, MFD_REMOVE_DEVICES = _calls(
    "cells", "mfd_add_devices", "mfd_remove_devices", "drivers/mfd/mfd-core.c", idempotent=True)
DEVM_MFD_ADD_DEVICES = _devm(MFD_ADD_DEVICES, "devm_mfd_add_devices", "drivers/mfd/mfd-core.c")
OF_PLATFORM_POPULATE, OF_PLATFORM_DEPOPULATE = _calls(
    "nodes", "of_platform_populate", "of_platform_depopulate", "drivers/of/platform.c", on=3,
    idempotent=True)
DEVM_OF_PLATFORM_POPULATE = _devm(
    OF_PLATFORM_POPULATE, "devm_of_platform_populate", "drivers/of/platform.c")


# Those below are not looked for in drivers that are read: who else has a part in it, as an ASoC
# card, a mac80211 interface or a gadget driver, is not.
def _written(register: Of, unregister: Of) -> tuple[Of, Of]:
    """Return both as what only a design that is written has."""
    return (replace(register, read=False, undo=replace(unregister, read=False)),
            replace(unregister, read=False))


_SOC = "sound/soc/soc-core.c"
# Its card goes with it, which waits for who has a PCM of it open: snd_card_disconnect_sync().
SND_SOC_REGISTER_COMPONENT, SND_SOC_UNREGISTER_COMPONENT = _written(*_calls(
    "dai", "snd_soc_register_component", "snd_soc_unregister_component", _SOC, idempotent=True))
DEVM_SND_SOC_REGISTER_COMPONENT = _devm(
    SND_SOC_REGISTER_COMPONENT, "devm_snd_soc_register_component", "sound/soc/soc-devres.c")
# netdev("hw", open=(...), stop=(...)): .stop is called of one that is up.
IEEE80211_REGISTER_HW, IEEE80211_UNREGISTER_HW = _written(*_calls(
    "hw", "ieee80211_register_hw", "ieee80211_unregister_hw", "net/mac80211/main.c", on=None))
_MDIO = "include/linux/phy.h"
MDIOBUS_REGISTER, MDIOBUS_UNREGISTER = _written(*_calls(
    "mdio", "mdiobus_register", "mdiobus_unregister", _MDIO, on=None))
DEVM_MDIOBUS_REGISTER = _devm(MDIOBUS_REGISTER, "devm_mdiobus_register", _MDIO)
# Who has it open gets -ENODEV from then on, but a call that has begun goes on, and release() comes.
_VIDEO = "include/media/v4l2-dev.h"
VIDEO_REGISTER_DEVICE, VIDEO_UNREGISTER_DEVICE = _written(*_calls(
    "video", "video_register_device", "video_unregister_device", _VIDEO, kind="file", on=None,
    idempotent=True))
# It frees its irq as well, and waits until the drivers of what hangs on its bus are unbound.
USB_ADD_HCD, USB_REMOVE_HCD = _written(*_calls(
    "hcd", "usb_add_hcd", "usb_remove_hcd", "drivers/usb/core/hcd.c", on=None))
USB_ADD_GADGET_UDC, USB_DEL_GADGET_UDC = _written(*_calls(
    "gadget", "usb_add_gadget_udc", "usb_del_gadget_udc", "drivers/usb/gadget/udc/core.c"))
# down_write() waits for the calls that there are; one that is not there is not found.
BLOCKING_NOTIFIER_CHAIN_REGISTER, BLOCKING_NOTIFIER_CHAIN_UNREGISTER = _written(*_calls(
    "notifier", "blocking_notifier_chain_register", "blocking_notifier_chain_unregister",
    "kernel/notifier.c", on=None, error="-EEXIST", idempotent=True))
# What calls() of it does is called between these two: raw_event, and who has a hidraw or an input
# device of it open. In raw_event nobody may sleep: what it does can stand in an urb() instead.
HID_HW_START, HID_HW_STOP = _written(*_calls(
    "hid", "hid_hw_start", "hid_hw_stop", "drivers/hid/hid-core.c", error="-ENODEV", on=None))

_HWMON = "drivers/hwmon/hwmon.c"
HWMON_DEVICE_REGISTER_WITH_INFO, HWMON_DEVICE_UNREGISTER = _written(*_calls(
    "hwmon", "hwmon_device_register_with_info", "hwmon_device_unregister", _HWMON,
    fails=Fails.ERRPTR))
# What its callbacks do is calls("hwmon", (...)); that of generator.ops.managed only can fail.
DEVM_HWMON_DEVICE_REGISTER_WITH_INFO = replace(_devm(
    HWMON_DEVICE_REGISTER_WITH_INFO, "devm_hwmon_device_register_with_info", _HWMON),
    fails=Fails.ERRPTR)
# netdev("uart", open=(...), stop=(...)): startup and shutdown; who removes a port that is open
# shuts it down.
UART_ADD_ONE_PORT, UART_REMOVE_ONE_PORT = _written(*_calls(
    "uart", "uart_add_one_port", "uart_remove_one_port", "drivers/tty/serial/serial_core.c", on=1,
    error="-EINVAL"))
SERIAL8250_REGISTER_8250_PORT, SERIAL8250_UNREGISTER_PORT = _written(*_calls(
    "uart", "serial8250_register_8250_port", "serial8250_unregister_port",
    "drivers/tty/serial/8250/8250_core.c", on=None, error="-ENOSPC"))
# Who unregisters one that somebody uses only warns: what becomes of that user is not explored.
(CRYPTO_REGISTER_ALG, CRYPTO_UNREGISTER_ALG), (CRYPTO_REGISTER_SKCIPHER,
 CRYPTO_UNREGISTER_SKCIPHER), (CRYPTO_REGISTER_AHASH, CRYPTO_UNREGISTER_AHASH), (
 CRYPTO_REGISTER_AEAD, CRYPTO_UNREGISTER_AEAD) = (
    _written(*_calls("algorithm", f"crypto_register_{kind}", f"crypto_unregister_{kind}",
                     f"crypto/{file}.c", on=None, error="-EEXIST"))
    for kind, file in (("alg", "algapi"), ("skcipher", "skcipher"), ("ahash", "ahash"),
                       ("aead", "aead")))
OF_DMA_CONTROLLER_REGISTER, OF_DMA_CONTROLLER_FREE = _written(*_calls(
    "ofdma", "of_dma_controller_register", "of_dma_controller_free", "drivers/dma/of-dma.c",
    on=None, idempotent=True))
DMAENGINEM_ASYNC_DEVICE_REGISTER = replace(_devm(
    DMA_ASYNC_DEVICE_REGISTER, "dmaenginem_async_device_register", "drivers/dma/dmaengine.c"),
    read=False)
SCSI_ADD_HOST, SCSI_REMOVE_HOST = _written(*_calls(
    "scsi", "scsi_add_host", "scsi_remove_host", "include/scsi/scsi_host.h", on=None))
SAS_REGISTER_HA, SAS_UNREGISTER_HA = _written(*_calls(
    "sas", "sas_register_ha", "sas_unregister_ha", "drivers/scsi/libsas/sas_init.c", on=None))
# netdev("rc", open=(...), stop=(...)): who unregisters one that is open closes it.
RC_REGISTER_DEVICE, RC_UNREGISTER_DEVICE = _written(*_calls(
    "rc", "rc_register_device", "rc_unregister_device", "drivers/media/rc/rc-main.c", on=None))
DEVICE_CREATE_FILE, DEVICE_REMOVE_FILE = _written(*_calls(
    "attribute", "device_create_file", "device_remove_file", "drivers/base/core.c",
    idempotent=True))
IIO_TRIGGER_REGISTER, IIO_TRIGGER_UNREGISTER = _written(*_calls(
    "iio_trigger", "iio_trigger_register", "iio_trigger_unregister",
    "drivers/iio/industrialio-trigger.c", on=None))
