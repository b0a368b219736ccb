# SPDX-License-Identifier: GPL-2.0-only
"""drivers/iio/light/opt3001.c: a light sensor whose irq is freed by hand."""

from dataclasses import replace

from generator.context import calls, irq_thread
from generator.design import Design, Device, Driver
from generator.facts import IRQ
from generator.fingerprint import Fails, Fingerprint
from generator.operation import IGNORE, RETURN, Guard, Operation, fault, ok
from generator.ops.allocated import DEVM_IIO_DEVICE_ALLOC
from generator.ops.drvdata import I2C_SET_CLIENTDATA
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.platform import CLIENT_IRQ
from generator.ops.registered import DEVM_IIO_DEVICE_REGISTER
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.program import If

CHIP = Device("chip", "i2c")
HAS_IRQ = Guard("the client has an irq", IRQ(CHIP).ne(0), ("irq > 0",))
WRITE = "i2c_smbus_write_word_swapped"
SOURCE_ON = replace(ENABLE_SOURCE, name=f"{WRITE}, source on", fingerprint=Fingerprint((WRITE,)))
SOURCE_OFF = replace(DISABLE_SOURCE, name=f"{WRITE}, source off", fingerprint=Fingerprint((WRITE,)))
READ_ID = Operation("opt3001_read_id", ("dev",), (ok(), fault("-EIO")), source="",
                    fingerprint=Fingerprint(("opt3001_read_id",), fails=Fails.NEGATIVE))
CONFIGURE = Operation("opt3001_configure", ("dev",), (ok(), fault("-EIO")), source="",
                      fingerprint=Fingerprint(("opt3001_configure",), fails=Fails.NEGATIVE))

DESIGN = Design("opt3001", "a light sensor on I2C", (CHIP,), (Driver(
    "opt3001", CHIP,
    probe=(
        DEVM_IIO_DEVICE_ALLOC(CHIP, CHIP, fail=RETURN),  # 754
        I2C_SET_CLIENTDATA(CHIP),  # 764
        READ_ID(CHIP, fail=RETURN),  # 766
        CONFIGURE(CHIP, fail=RETURN),  # 770
        DEVM_IIO_DEVICE_REGISTER(CHIP, fail=RETURN),  # 780
        CLIENT_IRQ(CHIP, CHIP, fail=IGNORE),  # 787
        If(HAS_IRQ, (
            REQUEST_IRQ(CHIP, fail=RETURN),  # 788
        )),
    ),
    remove=(
        If(HAS_IRQ, (
            FREE_IRQ(CHIP),  # 811
        )),
        SOURCE_OFF(CHIP),  # 823
    ),
    contexts=(
        irq_thread("handler"),
        calls("iio", (If(HAS_IRQ, (SOURCE_ON(CHIP),)),)),  # 243
    ),
),))
