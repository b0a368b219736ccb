# SPDX-License-Identifier: GPL-2.0-only
"""Managed calls on which no fact hangs: that they can fail is all that a driver's life minds.

They are those of the hundred commonest in the tree, counted by tests/bench/calls.py, that are not
in the file of a facility.
"""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Fact, Role
from generator.facts import RTC, RTC_POINTER, TRIGGER
from generator.fingerprint import Fails, Fingerprint
from generator.operation import Operation, fault, ok, sets
from generator.ops.perf import devm_memory


def can_fail(
    name: str, source: str, error: str, *, fails: Fails = Fails.ERRPTR, spelled: str = ""
) -> Operation:
    """Return such a call; spelled: what is left of it in C, where it is a macro."""
    return replace(
        devm_memory(name), outcomes=(ok(), fault(error)), source=f"{source} {spelled or name}()",
        fingerprint=Fingerprint((name, spelled) if spelled else (name,), on=0, fails=fails))


def lent(op: Operation, *facts: Fact, stays: tuple[Fact, ...] = ()) -> Operation:
    """Return it as what gives facts of the device, until devres takes them back.

    stays: what it gives as well, and devres does not take back: a pointer.
    """
    user = Role(op.roles[0])
    undo = Operation(f"free what {op.name}() gave", op.roles, (
        ok(*(sets(fact(user), 0) for fact in facts)),), source=op.source)
    return replace(op, outcomes=(ok(*(sets(fact(user), 1) for fact in (*facts, *stays))),
                                 *op.outcomes[1:]), undo=undo, leaves=stays, managed=True,
                   on_devres=op.roles[0])


DEVM_REGULATOR_REGISTER = can_fail(
    "devm_regulator_register", "drivers/regulator/devres.c", "-ENOMEM")
DEVM_OF_PHY_PROVIDER_REGISTER = can_fail(
    "devm_of_phy_provider_register", "drivers/phy/phy-core.c", "-ENOMEM",
    spelled="__devm_of_phy_provider_register")
DEVM_PHY_CREATE = can_fail("devm_phy_create", "drivers/phy/phy-core.c", "-EPROBE_DEFER")
DEVM_RTC_ALLOCATE_DEVICE = lent(
    can_fail("devm_rtc_allocate_device", "drivers/rtc/class.c", "-ENOMEM"),
    RTC, stays=(RTC_POINTER,))
DEVM_HWMON_DEVICE_REGISTER_WITH_INFO = can_fail(
    "devm_hwmon_device_register_with_info", "drivers/hwmon/hwmon.c", "-ENOMEM")
DEVM_HWMON_DEVICE_REGISTER_WITH_GROUPS = can_fail(
    "devm_hwmon_device_register_with_groups", "drivers/hwmon/hwmon.c", "-ENOMEM")
DEVM_OF_CLK_ADD_HW_PROVIDER = can_fail(
    "devm_of_clk_add_hw_provider", "drivers/clk/clk.c", "-EPROBE_DEFER", fails=Fails.NEGATIVE)
DEVM_REGMAP_INIT = can_fail(
    "devm_regmap_init", "drivers/base/regmap/regmap.c", "-EPROBE_DEFER",
    spelled="__devm_regmap_init")
DEVM_REGMAP_INIT_SPI = can_fail(
    "devm_regmap_init_spi", "drivers/base/regmap/regmap-spi.c", "-EPROBE_DEFER",
    spelled="__devm_regmap_init_spi")
DEVM_IIO_TRIGGERED_BUFFER_SETUP = can_fail(
    "devm_iio_triggered_buffer_setup", "drivers/iio/buffer/industrialio-triggered-buffer.c",
    "-EPROBE_DEFER", fails=Fails.NEGATIVE, spelled="devm_iio_triggered_buffer_setup_ext")
DEVM_PWMCHIP_ALLOC = can_fail("devm_pwmchip_alloc", "drivers/pwm/core.c", "-ENOMEM")
DEVM_PWMCHIP_ADD = can_fail(
    "devm_pwmchip_add", "drivers/pwm/core.c", "-EPROBE_DEFER", fails=Fails.NEGATIVE,
    spelled="__devm_pwmchip_add")
DEVM_CLK_HW_REGISTER = can_fail(
    "devm_clk_hw_register", "drivers/clk/clk.c", "-ENOMEM", fails=Fails.NEGATIVE)
DEVM_NVMEM_REGISTER = can_fail("devm_nvmem_register", "drivers/nvmem/core.c", "-ENOMEM")
DEVM_BACKLIGHT_DEVICE_REGISTER = can_fail(
    "devm_backlight_device_register", "drivers/video/backlight/backlight.c", "-ENOMEM")
DEVM_PINCTRL_REGISTER = can_fail("devm_pinctrl_register", "drivers/pinctrl/core.c", "-ENOMEM")
DEVM_THERMAL_OF_ZONE_REGISTER = can_fail(
    "devm_thermal_of_zone_register", "drivers/thermal/thermal_of.c", "-ENOMEM")
DEVM_REGMAP_ADD_IRQ_CHIP = can_fail(
    "devm_regmap_add_irq_chip", "drivers/base/regmap/regmap-irq.c", "-EPROBE_DEFER",
    fails=Fails.NEGATIVE)
DEVM_IIO_CHANNEL_GET = can_fail("devm_iio_channel_get", "drivers/iio/inkern.c", "-EPROBE_DEFER")
DEVM_IIO_TRIGGER_ALLOC = lent(can_fail(
    "devm_iio_trigger_alloc", "drivers/iio/industrialio-trigger.c", "-ENOMEM", fails=Fails.NULL,
    spelled="__devm_iio_trigger_alloc"), TRIGGER)
DEVM_IIO_TRIGGER_REGISTER = can_fail(
    "devm_iio_trigger_register", "drivers/iio/industrialio-trigger.c", "-ENOMEM",
    fails=Fails.NEGATIVE)
DEVM_MBOX_CONTROLLER_REGISTER = can_fail(
    "devm_mbox_controller_register", "drivers/mailbox/mailbox.c", "-ENOMEM", fails=Fails.NEGATIVE)
DEVM_RTC_NVMEM_REGISTER = can_fail(
    "devm_rtc_nvmem_register", "drivers/rtc/nvmem.c", "-ENOMEM", fails=Fails.NEGATIVE)
DEVM_PHY_GET = can_fail("devm_phy_get", "drivers/phy/phy-core.c", "-EPROBE_DEFER")
DEVM_PHY_OPTIONAL_GET = can_fail("devm_phy_optional_get", "drivers/phy/phy-core.c", "-EPROBE_DEFER")
DEVM_GPIOD_GET_INDEX = can_fail(
    "devm_gpiod_get_index", "drivers/gpio/gpiolib-devres.c", "-EPROBE_DEFER")
DEVM_PINCTRL_GET = can_fail("devm_pinctrl_get", "drivers/pinctrl/core.c", "-EPROBE_DEFER")
DEVM_REGISTER_SYS_OFF_HANDLER = can_fail(
    "devm_register_sys_off_handler", "kernel/reboot.c", "-ENOMEM")
DEVM_ALLOC_ETHERDEV = can_fail(
    "devm_alloc_etherdev", "net/devres.c", "-ENOMEM", fails=Fails.NULL,
    spelled="devm_alloc_etherdev_mqs")
DEVM_RPROC_ALLOC = can_fail(
    "devm_rproc_alloc", "drivers/remoteproc/remoteproc_core.c", "-ENOMEM", fails=Fails.NULL)
DEVM_PCI_ALLOC_HOST_BRIDGE = can_fail(
    "devm_pci_alloc_host_bridge", "drivers/pci/probe.c", "-ENOMEM", fails=Fails.NULL)
DEVM_DRM_DEV_ALLOC = can_fail(
    "devm_drm_dev_alloc", "drivers/gpu/drm/drm_drv.c", "-ENOMEM", spelled="__devm_drm_dev_alloc")
DEVM_REGMAP_FIELD_ALLOC = can_fail(
    "devm_regmap_field_alloc", "drivers/base/regmap/regmap.c", "-ENOMEM")
DEVM_IOPORT_MAP = can_fail("devm_ioport_map", "lib/devres.c", "-ENOMEM", fails=Fails.NULL)
DEVM_KMALLOC_ARRAY = can_fail(
    "devm_kmalloc_array", "include/linux/device/devres.h", "-ENOMEM", fails=Fails.NULL)
