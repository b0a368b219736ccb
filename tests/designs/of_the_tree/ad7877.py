# SPDX-License-Identifier: GPL-2.0-only
"""drivers/input/touchscreen/ad7877.c: a touchscreen on SPI, with a timer, disabled by an action."""

from dataclasses import replace

from generator.context import calls, irq_thread, timer
from generator.design import Design, Device, Driver
from generator.fingerprint import Fails, Fingerprint
from generator.operation import RETURN, Operation, fault, ok
from generator.ops.allocated import DEVM_INPUT_ALLOCATE_DEVICE
from generator.ops.device import DEVM_KZALLOC
from generator.ops.drvdata import SPI_SET_DRVDATA
from generator.ops.irq import DEVM_REQUEST_IRQ, DISABLE_IRQ, ENABLE_IRQ
from generator.ops.perf import devm_action
from generator.ops.platform import CLIENT_IRQ
from generator.ops.registered import INPUT_REGISTER_DEVICE
from generator.ops.source import ENABLE_SOURCE
from generator.ops.work import DEL_TIMER_SYNC, MOD_TIMER, TIMER_SETUP

TS = Device("ts", "spi")
RAISES = replace(ENABLE_SOURCE, name="data interrupts", fingerprint=None,
                 source="the chip raises /DAV when it has data: nothing masks it")
SPI_SETUP = Operation("spi_setup", ("dev",), (ok(), fault("-EINVAL")), source="",
                      fingerprint=Fingerprint(("spi_setup",), fails=Fails.NEGATIVE))
VERIFY = Operation("ad7877_read", ("dev",), (ok(), fault("-ENODEV")), source="",
                   fingerprint=Fingerprint(("ad7877_read",), fails=Fails.NEGATIVE))
DELETE = DEL_TIMER_SYNC.on("timer")
ACTION = devm_action(replace(DELETE, name="ad7877_disable", fingerprint=None), "ad7877_disable")

DESIGN = Design("ad7877", "a touchscreen on SPI", (TS,), (Driver(
    "ad7877", TS,
    probe=(
        SPI_SETUP(TS, fail=RETURN),  # 695
        DEVM_KZALLOC(TS, TS, fail=RETURN),  # 701
        DEVM_INPUT_ALLOCATE_DEVICE(TS, fail=RETURN),  # 705
        ACTION(TS, TS, fail=RETURN),  # 709
        SPI_SET_DRVDATA(TS),  # 713
        TIMER_SETUP(TS, timer="timer"),  # 717
        VERIFY(TS, fail=RETURN),  # 758
        CLIENT_IRQ(TS, TS, fail=RETURN),  # 773
        RAISES(TS),  # 773
        DEVM_REQUEST_IRQ(TS, TS, fail=RETURN),  # 773
        INPUT_REGISTER_DEVICE(TS, fail=RETURN),  # 781
    ),
    suspend=(
        DISABLE_IRQ(TS),  # 416
        DEL_TIMER_SYNC(TS, timer="timer"),  # 418
    ),
    resume=(ENABLE_IRQ(TS),),  # 436
    contexts=(
        irq_thread("handler", (MOD_TIMER(TS, timer="timer"),)),  # 401
        timer("timer"),
        calls("input"),
    ),
),))
