# SPDX-License-Identifier: GPL-2.0-only
"""A watchdog with operations of its own, beside the services of the pinned portdrv."""

from dataclasses import replace

from generator.design import Device, Driver
from generator.designs import today
from generator.drivers.portdrv import portdrv
from generator.drivers.portdrv_services import PORT, SERVICE
from generator.expr import Fact, Role
from generator.facts import ADDED, HAS, IRQ, LIFE, MSG, msi_on, on_vector
from generator.operation import IGNORE, Guard, Operation, fault, ok, sets
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import IDA_ALLOC, IDA_FREE, KZALLOC
from generator.ops.irq import DEVM_REQUEST_IRQ, PCI_IRQ_VECTOR
from generator.ops.perf import devm_action
from generator.ops.pm import PM_RUNTIME_PUT, PM_RUNTIME_RESUME_AND_GET
from generator.program import Function, If, call

DOG = Device("dog", "aux", PORT, answers=((MSG, ("0", "1")),))

# An operation of one's own: what it gives, how it fails, what undoes it.
RUNNING = Fact("running", 1, "the watchdog counts")
USER = Role("user")
STOP = Operation("watchdog_stop", ("user",), (ok(sets(RUNNING(USER), 0)),), source="our driver")
START = Operation(
    "watchdog_start", ("user",), (ok(sets(RUNNING(USER), 1)), fault("-EIO")),
    source="our driver", undo=STOP,
)

THERE = Guard("the port has a watchdog, and MSI", HAS(DOG).eq(1) & msi_on(PORT), ())
HAS_VECTOR = Guard("the watchdog has a vector", on_vector(IRQ, DOG), ())
WAS_ADDED = Guard("the watchdog was added", LIFE(DOG).eq(ADDED), ())
ADD = Function("add_dog", (
    IDA_ALLOC(DOG), KZALLOC(DOG), AUXILIARY_DEVICE_INIT(DOG), AUXILIARY_DEVICE_ADD(DOG),
))
SERVE = If(THERE, (
    PCI_IRQ_VECTOR(PORT, DOG, nr=MSG(DOG), fail=IGNORE),
    If(HAS_VECTOR, (call(ADD, fail=IGNORE),)),
))
DELETE = If(WAS_ADDED, (
    AUXILIARY_DEVICE_DELETE(DOG), AUXILIARY_DEVICE_UNINIT(DOG), IDA_FREE(DOG),
))

DESIGN = replace(
    today.DESIGN,
    name="beside services",
    drawing="portdrv gives a watchdog the vector that a service has as well",
    devices=(PORT, SERVICE, DOG),
    drivers=(
        portdrv(served=(SERVE,), before_remove=(DELETE,)),
        Driver(
            "watchdog", DOG,
            probe=(
                PM_RUNTIME_RESUME_AND_GET(PORT, DOG),  # or the port sleeps under the watchdog
                devm_action(PM_RUNTIME_PUT, "put_port")(PORT, DOG, DOG),
                DEVM_REQUEST_IRQ(DOG, DOG, shared=1),
                START(DOG),
                devm_action(STOP, "stop_dog")(DOG, DOG),
            ),
        ),
    ),
)
