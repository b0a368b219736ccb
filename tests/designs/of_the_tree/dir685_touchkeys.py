# SPDX-License-Identifier: GPL-2.0-only
"""drivers/input/keyboard/dlink-dir685-touchkeys.c: keys on I2C, all of it managed."""

from dataclasses import replace

from generator.context import calls, irq_thread
from generator.design import Design, Device, Driver
from generator.operation import RETURN
from generator.ops.allocated import DEVM_INPUT_ALLOCATE_DEVICE
from generator.ops.device import DEVM_KZALLOC
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.platform import CLIENT_IRQ
from generator.ops.registered import INPUT_REGISTER_DEVICE
from generator.ops.source import ENABLE_SOURCE

KEYS = Device("keys", "i2c")
RAISES = replace(ENABLE_SOURCE, name="touches", fingerprint=None,
                 source="the chip raises it when it is touched: nothing masks it")

DESIGN = Design("dir685-touchkeys", "touch keys on I2C", (KEYS,), (Driver(
    "dlink-dir685-touchkeys", KEYS,
    probe=(
        DEVM_KZALLOC(KEYS, KEYS, fail=RETURN),  # 70
        DEVM_INPUT_ALLOCATE_DEVICE(KEYS, fail=RETURN),  # 74
        INPUT_REGISTER_DEVICE(KEYS, fail=RETURN),  # 104
        CLIENT_IRQ(KEYS, KEYS, fail=RETURN),  # 113
        RAISES(KEYS),  # 117
        DEVM_REQUEST_IRQ(KEYS, KEYS, fail=RETURN),  # 117
    ),
    contexts=(irq_thread("handler"), calls("input")),
),))
