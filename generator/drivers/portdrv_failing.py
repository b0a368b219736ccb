# SPDX-License-Identifier: GPL-2.0-only
"""The port driver of trees in which a port fails when none of its services got a device.

Elsewhere such a port stays bound, without vectors. Here it counts its services' devices instead of
crossing out those that it could not make, and gives everything back when there is none.
"""

from __future__ import annotations

from dataclasses import replace

from generator import rewrite
from generator.ctext import helper
from generator.design import Design
from generator.drivers.pcie_cxlpmu_devices import pcie_cxlpmu_forget
from generator.drivers.portdrv import CAPABLE, SEEN_ANY
from generator.drivers.portdrv_services import PORT
from generator.expr import Role
from generator.facts import SEEN
from generator.operation import Do, Guard, sets
from generator.ops.assign import assign, note
from generator.ops.irq import PCI_FREE_IRQ_VECTORS
from generator.ops.pci import PCI_DISABLE_DEVICE
from generator.program import Block, Call, Each, If, Node, Not, Return, mapped

_REGISTER = "pcie_port_device_register"
_NR = f"{_REGISTER}:nr_service"
_NONE = Not(Guard("nr_service", SEEN_ANY, ("nr_service",)))
_COUNTED = assign(_NR, "++")
# In C such a service is only not counted; the model counts by crossing out.
_NOT_COUNTED = note("the service is not counted", sets(SEEN(Role("service")), 0),
                    roles=("service",))
# What the registration has done besides, by its name, and what takes that back.
_TAKEN_BACK = {"pcie_cxlpmu_discover": pcie_cxlpmu_forget}


def failing(design: Design) -> Design:
    """Return a design whose port driver fails to bind a port without any service device."""
    changed = rewrite.functions(design, _REGISTER, _fails)
    drivers = tuple(
        replace(new, sets=(*new.sets, _NR)) if new.blocks() != old.blocks() else new
        for new, old in zip(changed.drivers, design.drivers, strict=True)
    )
    return replace(changed, drivers=drivers)


def _fails(body: Block) -> Block:
    """Return the registration with two ways out that fail; what is called in it stays."""
    at = next((at for at, node in enumerate(body) if _called(node) == _REGISTER), None)
    if at is None:
        return body
    before, services, after = body[:at], body[at], body[at + 2:]  # between: if none is left
    assert isinstance(services, Call)
    back = tuple(helper(_TAKEN_BACK[_called(node)]()) for node in before
                 if _called(node) in _TAKEN_BACK)
    fails: Block = (*back, PCI_DISABLE_DEVICE(PORT), Return(ok=False))
    made = tuple(one for node in services.function.body for one in _counting(node, fails))
    return (*before, *made, If(_NONE, (PCI_FREE_IRQ_VECTORS(PORT), *fails)), *after)


def _called(node: Node) -> str:
    return node.function.name if isinstance(node, Call) else ""


def _counting(node: Node, fails: Block) -> Block:
    """Return what gets irqs, which fails where only hotplug could do without, or the loop."""
    if isinstance(node, Each):
        return (assign(_NR, "0")(), node.with_blocks(_each(node.body)))
    if isinstance(node, Call) and isinstance(node.on_fail, tuple):
        others = tuple(one for one in node.on_fail if not isinstance(one, If))
        return (replace(node, on_fail=(*others, If(Not(CAPABLE), fails))),)
    return (node,)


def _each(body: Block) -> Block:
    def counted(node: Node) -> Block | None:
        if not (isinstance(node, Call) and isinstance(node.on_fail, tuple)):
            return None
        (drop,) = node.on_fail
        assert isinstance(drop, Do)
        return (replace(node, on_fail=(_NOT_COUNTED(*drop.places),), then=(_COUNTED(),)),)

    return mapped(body, counted)
