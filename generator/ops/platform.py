# SPDX-License-Identifier: GPL-2.0-only
"""Interrupts and registers of devices that firmware describes (drivers/base/platform.c).

Their irqs are lines of their own: the first is told as vector 0, the second as vector 1.
"""

from __future__ import annotations

from dataclasses import replace

from generator.expr import Role
from generator.facts import CLAIMED, IRQ, LINE_ROUTED, MAPPED
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, Operation, Param, fail, ok, sets
from generator.ops.counted import gets, released

USER = Role("user")
NR = Param("nr")

PLATFORM_GET_IRQ = Operation(
    "platform_get_irq",
    ("dev", "user"),
    (
        ok(sets(IRQ(USER), NR + 1), when=LINE_ROUTED(DEV).eq(1)),
        fail("-ENXIO", LINE_ROUTED(DEV).eq(0), sets(IRQ(USER), 0)),
    ),
    source="drivers/base/platform.c platform_get_irq(): -ENXIO where firmware has none",
    fingerprint=Fingerprint(("platform_get_irq",), on=0, fails=Fails.POSITIVE),
    params=("nr",),
    defaults=(("nr", 0),),
)

PLATFORM_GET_IRQ_BYNAME = replace(
    PLATFORM_GET_IRQ, name="platform_get_irq_byname",
    source="drivers/base/platform.c platform_get_irq_byname()",
    fingerprint=Fingerprint(("platform_get_irq_byname",), on=0, fails=Fails.POSITIVE))
PLATFORM_GET_IRQ_OPTIONAL = replace(
    PLATFORM_GET_IRQ, name="platform_get_irq_optional",
    source="drivers/base/platform.c platform_get_irq_optional()",
    fingerprint=Fingerprint(("platform_get_irq_optional",), on=0, fails=Fails.POSITIVE))
# Of a GPIO that the device has of others: drivers/gpio/gpiolib.c.
GPIOD_TO_IRQ = replace(
    PLATFORM_GET_IRQ, name="gpiod_to_irq", source="drivers/gpio/gpiolib.c gpiod_to_irq()",
    fingerprint=Fingerprint(("gpiod_to_irq",), fails=Fails.POSITIVE))
# Of a firmware node, where a mapping of 0 is an error: drivers/base/property.c.
FWNODE_IRQ_GET, FWNODE_IRQ_GET_BYNAME = (
    replace(PLATFORM_GET_IRQ, name=name, source=f"drivers/base/property.c {name}()",
            fingerprint=Fingerprint((name,), fails=Fails.POSITIVE))
    for name in ("fwnode_irq_get", "fwnode_irq_get_byname"))
# Of a node of the device tree; 0 says that there is none.
IRQ_OF_PARSE_AND_MAP, OF_IRQ_GET, OF_IRQ_GET_BYNAME = (
    replace(PLATFORM_GET_IRQ, name=name, source=f"drivers/of/irq.c {name}()",
            fingerprint=Fingerprint((name,), fails=Fails.TAKEN))
    for name in ("irq_of_parse_and_map", "of_irq_get", "of_irq_get_byname"))

# Of an I2C client or SPI device: who probes it has looked the irq up before.
CLIENT_IRQ = Operation(
    "irq of the client",
    ("dev", "user"),
    (
        ok(sets(IRQ(USER), 1), when=LINE_ROUTED(DEV).eq(1)),
        fail("-EINVAL", LINE_ROUTED(DEV).eq(0), sets(IRQ(USER), 0)),
    ),
    source="drivers/i2c/i2c-core-base.c i2c_device_probe(); drivers/spi/spi.c spi_probe()",
    sleeps=False,
)

DEVM_PLATFORM_IOREMAP_RESOURCE = gets(
    "devm_platform_ioremap_resource", sets(CLAIMED(DEV), 1), sets(MAPPED(DEV), 1), managed=True,
    error="-EBUSY",
    undo=released("unmap and release registers", sets(MAPPED(DEV), 0), sets(CLAIMED(DEV), 0),
                  source="lib/devres.c devm_ioremap_release()"),
    source="drivers/base/platform.c devm_platform_ioremap_resource()")
