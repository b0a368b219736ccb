# SPDX-License-Identifier: GPL-2.0-only
"""A port whose child has an id and keeps it awake: each given back once, and only if it was had.

lib/idr.c ida_free() warns of an id that is free, drivers/base/power/runtime.c
rpm_drop_usage_count() of a count below zero; an id taken twice is lost once.
"""

from generator.design import Design, Device, Driver
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import DEVM_KZALLOC, IDA_ALLOC, IDA_FREE, KZALLOC
from generator.ops.pm import PM_RUNTIME_PUT, PM_RUNTIME_RESUME_AND_GET
from generator.program import Block

PORT = Device("port", "pci")
LED = Device("led", "aux", PORT)
ADD: Block = (KZALLOC(LED), AUXILIARY_DEVICE_INIT(LED), AUXILIARY_DEVICE_ADD(LED))
DELETE: Block = (AUXILIARY_DEVICE_DELETE(LED), AUXILIARY_DEVICE_UNINIT(LED))
TAKE, FREE = IDA_ALLOC(LED), IDA_FREE(LED)
GET, PUT = PM_RUNTIME_RESUME_AND_GET(PORT, LED), PM_RUNTIME_PUT(PORT, LED)


def _design(probe: Block, remove: Block, got: Block, put: Block) -> Design:
    port = Driver("portdrv", PORT, probe, remove)
    # memory is taken twice, as most drivers do: devres has both on its list
    led = Driver("leddrv", LED, (DEVM_KZALLOC(LED, LED), *got, DEVM_KZALLOC(LED, LED)), put)
    return Design("ids", "a port with a light", (PORT, LED), (port, led))


DESIGN = _design((TAKE, *ADD), (*DELETE, FREE), (GET,), (PUT,))
BUGGY = (
    (_design((TAKE, *ADD), (*DELETE, FREE, FREE), (GET,), (PUT,)), "N20"),
    (_design((TAKE, *ADD), (*DELETE, FREE), (), (PUT,)), "N41"),
    (_design((TAKE, TAKE, *ADD), (*DELETE, FREE), (GET,), (PUT,)), "N21"),
)
