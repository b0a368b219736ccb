# SPDX-License-Identifier: GPL-2.0-only
"""drivers/iio/light/us5182d.c: a light sensor on I2C; one that is not continuous autosuspends."""

from generator.context import calls, irq_thread
from generator.design import Design, Device, Driver
from generator.fingerprint import Fails, Fingerprint
from generator.operation import IGNORE, RETURN, Operation, asked, fault, ok
from generator.ops.allocated import DEVM_IIO_DEVICE_ALLOC
from generator.ops.drvdata import I2C_SET_CLIENTDATA
from generator.ops.irq import DEVM_REQUEST_IRQ
from generator.ops.lock import MUTEX_LOCK, MUTEX_UNLOCK
from generator.ops.platform import CLIENT_IRQ
from generator.ops.pm import (
    PM_RUNTIME_MARK_LAST_BUSY,
    PM_RUNTIME_PUT_AUTOSUSPEND,
    PM_RUNTIME_RESUME_AND_GET,
    PM_RUNTIME_SET_ACTIVE,
    PM_RUNTIME_SET_AUTOSUSPEND_DELAY,
    PM_RUNTIME_SET_SUSPENDED,
    PM_RUNTIME_USE_AUTOSUSPEND,
)
from generator.ops.power import PM_RUNTIME_DISABLE, PM_RUNTIME_ENABLE
from generator.ops.registered import IIO_DEVICE_REGISTER, IIO_DEVICE_UNREGISTER
from generator.program import If, Return

CHIP = Device("chip", "i2c")


def _call(name: str) -> Operation:
    return Operation(name, ("dev",), (ok(), fault("-EIO")), source="",
                     fingerprint=Fingerprint((name,), fails=Fails.NEGATIVE))


READ, WRITE = _call("i2c_smbus_read_byte_data"), _call("i2c_smbus_write_byte_data")
INIT, DARK = _call("us5182d_init"), _call("us5182d_dark_gain_config")
SHUTDOWN = _call("us5182d_shutdown_en")
CONTINUOUS = asked(CHIP, "data->default_continuous")
SHUT = (
    SHUTDOWN(CHIP, fail=IGNORE),  # 901
    Return(ok=False),
)
UNLOCK = MUTEX_UNLOCK(CHIP)  # 415
NO_POWER = (UNLOCK, Return())
PUT = (
    PM_RUNTIME_MARK_LAST_BUSY(CHIP),  # 372
    PM_RUNTIME_PUT_AUTOSUSPEND(CHIP),  # 373
)

DESIGN = Design("us5182d", "a light sensor that autosuspends", (CHIP,), (Driver(
    "us5182d", CHIP,
    probe=(
        DEVM_IIO_DEVICE_ALLOC(CHIP, CHIP, fail=RETURN),  # 841
        I2C_SET_CLIENTDATA(CHIP),  # 846
        READ(CHIP, fail=RETURN),  # 857
        CLIENT_IRQ(CHIP, CHIP, fail=RETURN),  # 865
        DEVM_REQUEST_IRQ(CHIP, CHIP, fail=RETURN),  # 865
        INIT(CHIP, fail=RETURN),  # 875
        DARK(CHIP, fail=SHUT),  # 879
        If(CONTINUOUS, (
            PM_RUNTIME_SET_ACTIVE(CHIP),  # 884
        )),
        PM_RUNTIME_ENABLE(CHIP),  # 889
        PM_RUNTIME_SET_AUTOSUSPEND_DELAY(CHIP),  # 890
        PM_RUNTIME_USE_AUTOSUSPEND(CHIP),  # 892
        IIO_DEVICE_REGISTER(CHIP, fail=SHUT),  # 894
    ),
    remove=(
        IIO_DEVICE_UNREGISTER(CHIP),  # 911
        PM_RUNTIME_DISABLE(CHIP),  # 913
        PM_RUNTIME_SET_SUSPENDED(CHIP),  # 914
        SHUTDOWN(CHIP, fail=IGNORE),  # 916
    ),
    suspend=(SHUTDOWN(CHIP, fail=RETURN),),  # 928
    resume=(SHUTDOWN(CHIP, fail=RETURN),),  # 939
    runtime_suspend=(SHUTDOWN(CHIP, fail=RETURN),),  # 928
    runtime_resume=(SHUTDOWN(CHIP, fail=RETURN),),  # 939
    contexts=(
        irq_thread("handler", (
            READ(CHIP, fail=(Return(),)),  # 816
            WRITE(CHIP, fail=IGNORE),  # 827
        )),
        calls("iio", (
            MUTEX_LOCK(CHIP),  # 384
            PM_RUNTIME_RESUME_AND_GET(CHIP, CHIP, fail=NO_POWER),  # 370
            READ(CHIP, fail=(*PUT, *NO_POWER)),
            *PUT,
            MUTEX_UNLOCK(CHIP),  # 409
        )),
    ),
),))
