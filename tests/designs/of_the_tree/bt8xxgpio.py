# SPDX-License-Identifier: GPL-2.0-only
"""drivers/gpio/gpio-bt8xx.c: GPIOs of a frame grabber, by a driver with PCI's legacy callbacks."""

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.operation import RETURN
from generator.ops.assign import plain
from generator.ops.device import DEVM_KZALLOC
from generator.ops.mapping import access
from generator.ops.pci import (
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_RESTORE_STATE,
    PCI_SAVE_STATE,
    PCI_SET_DRVDATA,
    PCI_SET_MASTER,
)
from generator.ops.perf import DEVM_IOREMAP, DEVM_REQUEST_MEM_REGION
from generator.ops.registered import GPIOCHIP_ADD_DATA, GPIOCHIP_REMOVE
from generator.program import Return

CARD = Device("card", "pci")
BGWRITE, BGREAD = access("bgwrite"), access("bgread")
SET_POWER_STATE = plain("pci_set_power_state")

OFF = (PCI_DISABLE_DEVICE(CARD), Return(ok=False))  # 217
DESIGN = Design("bt8xxgpio", "GPIOs of a PCI card", (CARD,), (Driver(
    "bt8xxgpio", CARD,
    probe=(
        DEVM_KZALLOC(CARD, CARD, fail=RETURN),  # 169
        PCI_ENABLE_DEVICE(CARD, fail=RETURN),  # 176
        DEVM_REQUEST_MEM_REGION(CARD, CARD, fail=OFF),  # 181
        PCI_SET_MASTER(CARD),  # 189
        PCI_SET_DRVDATA(CARD),  # 190
        DEVM_IOREMAP(CARD, CARD, fail=OFF),  # 192
        BGWRITE(CARD),  # 200
        BGWRITE(CARD),  # 203
        BGWRITE(CARD),  # 204
        BGWRITE(CARD),  # 205
        GPIOCHIP_ADD_DATA(CARD, fail=OFF),  # 208
    ),
    remove=(
        GPIOCHIP_REMOVE(CARD),  # 226
        BGWRITE(CARD),  # 228
        BGWRITE(CARD),  # 229
        BGWRITE(CARD),  # 230
        PCI_DISABLE_DEVICE(CARD),  # 232
    ),
    suspend=(
        BGREAD(CARD),  # 243
        BGREAD(CARD),  # 244
        BGWRITE(CARD),  # 246
        BGWRITE(CARD),  # 247
        BGWRITE(CARD),  # 248
        PCI_SAVE_STATE(CARD),  # 252
        PCI_DISABLE_DEVICE(CARD),  # 253
        SET_POWER_STATE(CARD),  # 254
    ),
    resume=(
        SET_POWER_STATE(CARD),  # 265
        PCI_ENABLE_DEVICE(CARD, fail=RETURN),  # 266
        PCI_RESTORE_STATE(CARD),  # 269
        BGWRITE(CARD),  # 273
        BGWRITE(CARD),  # 276
    ),
    contexts=(calls("gpio", (
        BGREAD(CARD),  # 77
        BGWRITE(CARD),  # 79
    )),),
),))
