# SPDX-License-Identifier: GPL-2.0-only
"""References that are counted: given back once for each, by what gives back just that.

pci-pwrctrl-tc9563 put a module that it had never got, with i2c_put_adapter(); IIO puts the trigger
of mma8452, which had taken no reference for it (CVE-2021-47500); SPI drivers put a controller that
devres puts (CVE-2021-46959); mctp-usb left its USB device behind when probe failed.
"""

from generator.context import calls
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role, minimum, pick
from generator.operation import RETURN, Operation, fault, ok, sets
from generator.ops.clk import DEVM_CLK_GET_ENABLED
from generator.ops.netdev import ALLOC_ETHERDEV, FREE_NETDEV, REGISTER_NETDEV, UNREGISTER_NETDEV
from generator.ops.spi import (
    DEVM_SPI_ALLOC_HOST,
    DEVM_SPI_REGISTER_CONTROLLER,
    SPI_CONTROLLER_PUT,
)
from generator.ops.usb import (
    USB_ALLOC_URB,
    USB_FREE_URB,
    USB_GET_DEV,
    USB_PUT_DEV,
)
from generator.program import Block, Node, Return

POWER, SENSOR = Device("power", "platform"), Device("sensor", "i2c")
HOST, BRIDGE = Device("host", "platform"), Device("bridge", "usb")
DEV = Role("dev")
ADAPTER = Fact("adapter", 1, "a reference on an adapter", held=True)
MODULE = Fact("adapter module", 1, "a reference on the module of an adapter", held=True)
PUT = Operation("put_device", ("dev",), (ok(sets(ADAPTER(DEV), 0)),), source="")
FIND = Operation("of_find_i2c_adapter_by_node", ("dev",),
                 (ok(sets(ADAPTER(DEV), 1)), fault("NULL")), source="", undo=PUT)
PUT_BOTH = Operation("i2c_put_adapter", ("dev",),
                     (ok(sets(ADAPTER(DEV), 0), sets(MODULE(DEV), 0)),), source="")
TRIGGER = Fact("trigger", 3, "references on a trigger", held=True)
LESS = ok(sets(TRIGGER(DEV), pick(TRIGGER(DEV).gt(0), TRIGGER(DEV) - 1, 0)))
MORE = ok(sets(TRIGGER(DEV), minimum(TRIGGER(DEV) + 1, TRIGGER.top)))
FREE = Operation("iio_trigger_free", ("dev",), (LESS,), source="")
ALLOC = Operation("iio_trigger_alloc", ("dev",), (MORE, fault("-ENOMEM")), source="", undo=FREE)
CORE_PUTS = Operation("iio_trigger_put", ("dev",), (LESS,), source="")
GET = Operation("iio_trigger_get", ("dev",), (MORE,), source="", undo=CORE_PUTS)
ERROR = Return(ok=False)


def _of(device: Device, probe: Block, remove: Block = ()) -> Design:
    contexts = (calls("spi"),) if device == HOST else ()
    driver = Driver("drv", device, probe, remove, contexts=contexts)
    return Design(device.name, "references", (device,), (driver,))


def _triggered(*get: Node) -> Design:
    return _of(SENSOR, (ALLOC(SENSOR, fail=RETURN), *get), (CORE_PUTS(SENSOR), FREE(SENSOR)))


def _host(*error: Node) -> Design:
    failed = (*error, ERROR)
    return _of(HOST, (
        DEVM_SPI_ALLOC_HOST(HOST, fail=RETURN), DEVM_CLK_GET_ENABLED(HOST, fail=failed),
        DEVM_SPI_REGISTER_CONTROLLER(HOST, fail=failed),
    ))


def _bridge(*error: Node) -> Design:
    def left(*more: Node) -> Block:
        return (*more, *error, FREE_NETDEV(BRIDGE), ERROR)

    return _of(BRIDGE, (
        ALLOC_ETHERDEV(BRIDGE, fail=RETURN), USB_GET_DEV(BRIDGE),
        USB_ALLOC_URB(BRIDGE, fail=left()),
        REGISTER_NETDEV(BRIDGE, fail=left(USB_FREE_URB(BRIDGE))),
    ), (UNREGISTER_NETDEV(BRIDGE), USB_FREE_URB(BRIDGE), USB_PUT_DEV(BRIDGE), FREE_NETDEV(BRIDGE)))


DESIGN = _of(POWER, (FIND(POWER),), (PUT(POWER),))
SOUND = (_triggered(GET(SENSOR)), _host(), _bridge(USB_PUT_DEV(BRIDGE)))
BUGGY = (
    (_of(POWER, (FIND(POWER),), (PUT_BOTH(POWER),)), "N20"),
    (_triggered(), "N20"),
    (_host(SPI_CONTROLLER_PUT(HOST)), "N20"),
    (_bridge(), "R40"),
)
