# SPDX-License-Identifier: GPL-2.0-only
"""Callbacks that return an error and keep what they took, told by what they do alone.

ina3221 ("Fix PM usage counter unbalance in ina3221_write_enable"): pm_runtime_get_sync() counts
where it fails as well, and the way out of the write behind it put nothing. What probe and other
callbacks hold meanwhile, and what a call that goes well keeps for the next, is no such thing; nor
is what the driver has noted, as leds-aw2013 does in chip->enabled, when the write behind it fails.
"""

from generator.context import calls, netdev
from generator.design import Design, Device, Driver
from generator.expr import Fact, Role
from generator.operation import RETURN, Block, Guard, Node, Operation, fault, ok, sets
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC
from generator.ops.netdev import (
    ALLOC_ETHERDEV,
    FREE_NETDEV,
    REGISTER_NETDEV,
    UNREGISTER_NETDEV,
)
from generator.ops.pm import (
    PM_RUNTIME_GET_SYNC,
    PM_RUNTIME_PUT,
    PM_RUNTIME_PUT_NOIDLE,
    PM_RUNTIME_PUT_SYNC,
    PM_RUNTIME_RESUME_AND_GET,
)
from generator.ops.power import PM_RUNTIME_DISABLE, PM_RUNTIME_ENABLE
from generator.ops.registered import SYSFS_CREATE_GROUP, SYSFS_REMOVE_GROUP
from generator.program import If, Return

INA, ETH = Device("ina", "i2c"), Device("eth", "platform")
GET = PM_RUNTIME_RESUME_AND_GET(INA, INA, fail=RETURN)
PUT, NOIDLE = PM_RUNTIME_PUT_SYNC(INA, INA), PM_RUNTIME_PUT_NOIDLE(INA, INA)
ERROR = Return(ok=False)
DEV = Role("dev")
ON = Fact("channel on", 1, "that it is on, in the driver's data", local=True)
SET_ON, SET_OFF = (
    Operation(f"channel = {value}", ("dev",), (ok(sets(ON(DEV), value)),), source="")(INA)
    for value in (1, 0))
IS_ON, ENABLE = Guard("it is on", ON(INA).eq(1), ()), Guard("user writes 1", None, ())


def _ina(*body: Node) -> Design:
    probe = (DEVM_KZALLOC(INA, INA), PM_RUNTIME_ENABLE(INA), SYSFS_CREATE_GROUP(INA))
    last = If(IS_ON, (PM_RUNTIME_PUT(INA, INA),))
    return Design("ina", "a file that switches a channel", (INA,), (Driver(
        "ina", INA, probe, (SYSFS_REMOVE_GROUP(INA), last, PM_RUNTIME_DISABLE(INA)),
        contexts=(calls("attributes", body),), runtime_suspend=(), runtime_resume=()),))


def _write(get: Node, *error: Node) -> Node:
    update = Operation("regmap_field_write", ("dev",), (ok(), fault("-EIO")), source="")
    up = (get, update(INA, fail=(*error, ERROR)), SET_ON)
    return If(ENABLE, (If(IS_ON, (), up),), (If(IS_ON, (PUT, SET_OFF)),))


def _eth(*error: Node) -> Design:
    start = Operation("start_it", ("dev",), (ok(), fault("-EIO")), source="", sleeps=True)
    probe = (ALLOC_ETHERDEV(ETH), DEVM_CLK_GET(ETH), REGISTER_NETDEV(ETH))
    opens: Block = (CLK_PREPARE_ENABLE(ETH, fail=RETURN), start(ETH, fail=(*error, ERROR)))
    return Design("eth", "an interface with a clock", (ETH,), (Driver(
        "eth", ETH, probe, (UNREGISTER_NETDEV(ETH), FREE_NETDEV(ETH)),
        contexts=(netdev(open=opens, stop=(CLK_DISABLE_UNPREPARE(ETH),)),)),))


def _noted() -> Design:
    update = Operation("regmap_write", ("dev",), (ok(), fault("-EIO")), source="")
    up = (GET, SET_ON, update(INA, fail=RETURN))
    return _ina(If(ENABLE, (If(IS_ON, (), up),), (If(IS_ON, (PUT, SET_OFF)),)))


COUNTS = PM_RUNTIME_GET_SYNC(INA, INA, fail=RETURN)
PUTS = PM_RUNTIME_GET_SYNC(INA, INA, fail=(NOIDLE, ERROR))
DESIGN = _ina(_write(GET, PUT))
SOUND = (_ina(_write(PUTS, PUT)), _eth(CLK_DISABLE_UNPREPARE(ETH)), _noted())
BUGGY = ((_ina(_write(GET)), "N48"), (_ina(_write(COUNTS, PUT)), "N48"), (_eth(), "N48"))
