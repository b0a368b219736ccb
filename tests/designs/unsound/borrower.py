# SPDX-License-Identifier: GPL-2.0-only
"""A sensor whose driver claims and maps its registers on the port."""

from generator.design import Design, Device, Driver
from generator.facts import BLOCK, HAS
from generator.operation import Guard
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import IDA_ALLOC, IDA_FREE, KZALLOC
from generator.ops.perf import DEVM_IOREMAP, DEVM_REQUEST_MEM_REGION, devm_action
from generator.ops.pm import (
    PM_RUNTIME_ALLOW,
    PM_RUNTIME_FORBID,
    PM_RUNTIME_GET_NORESUME,
    PM_RUNTIME_PUT,
    PM_RUNTIME_PUT_AUTOSUSPEND,
    PM_RUNTIME_RESUME_AND_GET,
)
from generator.ops.source import DISABLE_SOURCE
from generator.program import If, Not, Return, either

PORT = Device("port", "pci")
SENSOR = Device("sensor", "aux", PORT)

THERE = Guard("the port has a sensor", HAS(SENSOR).eq(1), ())
MAPPABLE = Guard("its block lies in an assigned BAR", BLOCK(SENSOR).eq(0), ())

DESIGN = Design(
    "borrower", "a port creates a sensor, whose driver maps it and reads it when asked",
    (PORT, SENSOR),
    (
        Driver(
            "sensorport", PORT,
            probe=(
                If(either(Not(THERE), Not(MAPPABLE)), (Return(ok=False),)),
                IDA_ALLOC(SENSOR),
                KZALLOC(SENSOR),
                AUXILIARY_DEVICE_INIT(SENSOR),
                AUXILIARY_DEVICE_ADD(SENSOR),
                PM_RUNTIME_PUT_AUTOSUSPEND(PORT),
                PM_RUNTIME_ALLOW(PORT),
            ),
            remove=(
                PM_RUNTIME_FORBID(PORT),
                PM_RUNTIME_GET_NORESUME(PORT),
                AUXILIARY_DEVICE_DELETE(SENSOR),
                AUXILIARY_DEVICE_UNINIT(SENSOR),
                IDA_FREE(SENSOR),
            ),
        ),
        Driver(
            "sensor", SENSOR,
            probe=(
                PM_RUNTIME_RESUME_AND_GET(PORT, SENSOR),
                devm_action(PM_RUNTIME_PUT, "put_port")(PORT, SENSOR, SENSOR),
                DEVM_REQUEST_MEM_REGION(SENSOR, PORT),
                DEVM_IOREMAP(SENSOR, PORT),
                DISABLE_SOURCE(SENSOR),
            ),
        ),
    ),
)
