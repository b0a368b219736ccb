# SPDX-License-Identifier: GPL-2.0-only
"""SPI controllers (drivers/spi/spi.c): the host that is allocated has the driver's data behind it.

It is counted who holds it; a registered one that devres did not allocate goes with its
unregistration, unless somebody else has taken a reference.
"""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Role, pick
from generator.facts import MEMORY, SPI_HOST
from generator.fingerprint import Fails, Fingerprint
from generator.operation import Operation, Set, fault, ok, sets
from generator.ops.device import FREE_DATA
from generator.ops.work import Of

USER = Role("user")
_SOURCE = "drivers/spi/spi.c"


def _put() -> tuple[Set, ...]:
    """Return what one reference less does: the last one frees the data as well."""
    held = SPI_HOST(USER)
    return (sets(MEMORY(USER), pick(held.eq(1), 0, MEMORY(USER))),
            sets(held, pick(held.gt(0), held - 1, 0)))


SPI_CONTROLLER_PUT = Operation(
    "spi_controller_put", ("user",), (ok(*_put()),),
    source="include/linux/spi/spi.h spi_controller_put()",
    fingerprint=Fingerprint(("spi_controller_put",), on=0), sleeps=False,
)
SPI_CONTROLLER_GET = Operation(
    "spi_controller_get", ("user",),
    (ok(sets(SPI_HOST(USER), pick(SPI_HOST(USER).lt(3), SPI_HOST(USER) + 1, 3))),),
    source="include/linux/spi/spi.h spi_controller_get()",
    fingerprint=Fingerprint(("spi_controller_get",), on=0), needs=(MEMORY,), sleeps=False,
)
SPI_ALLOC_HOST = Operation(
    "spi_alloc_host", ("user",),
    (ok(sets(SPI_HOST(USER), 1), sets(MEMORY(USER), 1)), fault("-ENOMEM")),
    source=f"{_SOURCE} __spi_alloc_controller()",
    fingerprint=Fingerprint(("spi_alloc_host", "spi_alloc_target"), on=0, fails=Fails.NULL),
    undo=SPI_CONTROLLER_PUT,
)
# Beside what devm_kzalloc() has of the same driver it is data as that is: devres frees all of it.
DEVM_SPI_ALLOC_HOST = Operation(
    "devm_spi_alloc_host", ("user",), (ok(sets(MEMORY(USER), 1)), fault("-ENOMEM")),
    source=f"{_SOURCE} __devm_spi_alloc_controller()",
    fingerprint=Fingerprint(
        ("devm_spi_alloc_host", "devm_spi_alloc_target"), on=0, fails=Fails.NULL),
    undo=FREE_DATA, managed=True, on_devres="user",
)

# "Release the last reference on the controller if its driver has not yet been converted to
# devm_spi_alloc_host/target()", says spi_unregister_controller().
SPI_UNREGISTER_CONTROLLER = Of(
    "spi_unregister_controller", "cancel and wait", "calls", "spi",
    f"{_SOURCE} spi_unregister_controller()", also=_put(),
)
SPI_REGISTER_CONTROLLER = Of(
    "spi_register_controller", "start", "calls", "spi",
    f"{_SOURCE} spi_register_controller()", undo=SPI_UNREGISTER_CONTROLLER,
)
DEVM_SPI_REGISTER_CONTROLLER = replace(
    SPI_REGISTER_CONTROLLER, callee="devm_spi_register_controller", managed=True,
    source=f"{_SOURCE} devm_spi_register_controller()",
)
SPI_CONTROLLER_SUSPEND = Operation(
    "spi_controller_suspend", ("user",), (ok(), fault("-EBUSY")),
    source=f"{_SOURCE} spi_controller_suspend()", needs=(MEMORY,),
    fingerprint=Fingerprint(("spi_controller_suspend",), on=0, fails=Fails.NEGATIVE),
)
SPI_CONTROLLER_RESUME = Operation(
    "spi_controller_resume", ("user",), (ok(), fault("-EIO")),
    source=f"{_SOURCE} spi_controller_resume()", needs=(MEMORY,),
    fingerprint=Fingerprint(("spi_controller_resume",), on=0, fails=Fails.NEGATIVE),
)
