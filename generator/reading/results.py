# SPDX-License-Identifier: GPL-2.0-only
"""Calls whose result says what their arguments are: no operations, but what conditions ask."""

# What tells errors in pointers: include/linux/err.h. By what the argument is compared with 0.
POINTERS = {
    "IS_ERR": "<",
    "IS_ERR_OR_NULL": "<=",
    "PTR_ERR": "",
    "ERR_PTR": "",
    "ERR_CAST": "",
    "PTR_ERR_OR_ZERO": "?",
}

# What returns one of its arguments, the number of which is here: drivers/base/core.c.
GIVEN_BACK = {"dev_err_probe": 1}

# Callees that do nothing with NULL, which drivers give them on the way out of a failed allocation.
NOTHING_OF_NULL = frozenset((
    "kfree", "kvfree", "vfree", "kfree_sensitive", "put_device", "of_node_put", "fwnode_handle_put",
    "usb_free_urb", "usb_put_dev", "platform_device_put", "input_free_device", "clk_put",
    "clk_disable_unprepare",
))
