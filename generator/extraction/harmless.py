# SPDX-License-Identifier: GPL-2.0-only
"""Calls of a driver on which no fact of its device hangs: they are read, and mean nothing."""

from __future__ import annotations

from generator.reading.driver_code import HARMLESS

# What a driver has put there itself: a probe that went well has.
DATA = frozenset((
    "dev_get_drvdata", "platform_get_drvdata", "pci_get_drvdata", "i2c_get_clientdata",
    "spi_get_drvdata", "auxiliary_get_drvdata", "usb_get_intfdata",
))
# What only looks up, names, prints or fills memory that was there before.
_LOOKS = frozenset((
    "of_device_get_match_data", "device_get_match_data", "i2c_get_match_data", "of_match_device",
    "of_device_is_compatible", "of_machine_is_compatible", "i2c_client_get_device_id",
    "spi_get_device_id", "i2c_match_id", "pci_match_id", "acpi_match_device",
    "dev_get_platdata", "dev_fwnode", "__dev_fwnode", "__dev_fwnode_const", "dev_of_node",
    "of_property_read_u32", "of_property_read_u32_index", "of_property_read_u32_array",
    "of_property_read_string", "of_property_read_bool", "of_find_property", "of_get_property",
    "device_property_read_u32", "device_property_present", "device_property_read_bool",
    "device_property_read_string", "device_property_read_u32_array",
    "resource_size", "platform_get_resource", "platform_get_resource_byname",
    "i2c_check_functionality", "i2c_get_functionality", "clk_get_rate", "dev_get_regmap",
    "interface_to_usbdev", "iio_priv", "netdev_priv", "i2c_adapter_id",
    "init_completion", "__mutex_init", "__raw_spin_lock_init", "__init_waitqueue_head",
    "mutex_destroy", "__init_rwsem", "__init_swait_queue_head",
    "snprintf", "scnprintf", "sprintf", "sized_strscpy", "strscpy",
    "size_mul", "size_add", "__ab_c_size",
    "phy_set_drvdata", "input_set_drvdata", "input_set_capability", "input_set_abs_params",
    "v4l2_i2c_subdev_init", "v4l2_subdev_init",
))
HARMLESS_CALLS = HARMLESS | DATA | _LOOKS
