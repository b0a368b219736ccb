# SPDX-License-Identifier: GPL-2.0-only
"""pm_runtime_force_suspend() and its counterpart as what they do: they call the driver's callbacks.

So the operation in a design stands for disabling runtime PM and, unless the device is suspended,
the block of its runtime_suspend; a design that has neither is left as it is. Off PCI, of a device
whose runtime PM nobody enables or says to be active, it only counts power.disable_depth up and
down, which is above 0 from device_initialize() on.
"""

from __future__ import annotations

from dataclasses import replace

from checks.machine.runtime_calls import CALLED_KINDS
from generator.design import Design, Device, Driver
from generator.expr import Place, all_of
from generator.facts import POWER, RPM_ACTIVE, RPM_ASLEEP, RPM_ENABLED, RPM_FORCED
from generator.operation import DEV, IGNORE, Do, Guard, Operation, ok, sets
from generator.ops.power import (
    PM_RUNTIME_DISABLE,
    PM_RUNTIME_ENABLE,
    PM_RUNTIME_FORCE_RESUME,
    PM_RUNTIME_FORCE_SUSPEND,
    suspended,
)
from generator.program import Block, Call, Function, If, Node, Return, operations
from generator.rewrite import block

_FORCED = {PM_RUNTIME_FORCE_SUSPEND.name, PM_RUNTIME_FORCE_RESUME.name}
_RUNTIME = "drivers/base/power/runtime.c"
# A reference of the driver's own says that the device is in use, and is to be resumed again.
_DOWN = Operation(
    "status suspended", ("dev",),
    (ok(sets(RPM_ACTIVE(DEV), 0), sets(RPM_ASLEEP(DEV), 1), sets(RPM_FORCED(DEV), POWER(DEV))),),
    source=f"{_RUNTIME} pm_runtime_force_suspend()", sleeps=False,
)
_UP = Operation(
    "status active", ("dev",),
    (ok(sets(RPM_ACTIVE(DEV), 1), sets(RPM_ASLEEP(DEV), 0), sets(RPM_FORCED(DEV), 0)),),
    source=f"{_RUNTIME} pm_runtime_force_resume()", sleeps=False,
)


def with_forced(design: Design) -> Design:
    """Return a design with what those operations do in their place."""
    names = {do.op.name for driver in design.drivers for entry in driver.blocks().values()
             for do in operations(entry)}
    if not names & _FORCED:
        return design
    return replace(design, drivers=tuple(
        one.with_blocks(
            {name: block(nodes, _Forced(one, design)) for name, nodes in one.blocks().items()})
        for one in design.drivers
    ))


class _Forced:
    """What stands in the place of a node of one driver: None for the node itself."""

    def __init__(self, driver: Driver, design: Design) -> None:
        self.callbacks = driver.callbacks()
        self.used = {
            place for one in design.drivers for entry in one.blocks().values()
            for do in operations(entry) if do.op.gives(RPM_ENABLED) or do.op.gives(RPM_ACTIVE)
            for place in do.places}

    def __call__(self, node: Node) -> Block | None:
        if not isinstance(node, Do) or node.op.name not in _FORCED:
            return None
        dev = node.places[0]
        called = replace(node, op=replace(node.op, outcomes=(ok(),)), on_fail=IGNORE)
        if isinstance(dev, Device) and dev.kind in CALLED_KINDS and dev not in self.used:
            return (called,)
        asleep = suspended(dev)
        if node.op.name == PM_RUNTIME_FORCE_SUSPEND.name:
            failed = (_at(node, PM_RUNTIME_ENABLE, dev), Return(ok=False, where=node.where))
            down = (self._callback("runtime_suspend", node, failed), _at(node, _DOWN, dev))
            body: Block = (
                _at(node, PM_RUNTIME_DISABLE, dev), If(asleep, (), down, where=node.where))
        else:
            on = _at(node, PM_RUNTIME_ENABLE, dev)
            failed = (on, Return(ok=False, where=node.where))
            up = (self._callback("runtime_resume", node, failed), _at(node, _UP, dev))
            used = Guard("it was in use", all_of(RPM_ACTIVE(dev).eq(0), RPM_FORCED(dev).eq(1)), ())
            body = (If(used, up, where=node.where), on)
        fails = node.on_fail if _can_fail(body) else IGNORE
        return (called, Call(Function(node.op.name, body), fails, where=node.where))

    def _callback(self, name: str, node: Do, failed: Block) -> Call:
        body = self.callbacks.get(name, ())
        return Call(Function(name, body), failed, where=node.where)


def _at(node: Do, op: Operation, dev: Place) -> Do:
    return replace(op(dev), where=node.where)


def _can_fail(body: Block) -> bool:
    return Function("", body).fallible
