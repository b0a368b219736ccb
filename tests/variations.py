# SPDX-License-Identifier: GPL-2.0-only
"""auxbus with a port driver that probes otherwise."""

from collections.abc import Callable
from dataclasses import replace

from generator.design import Design, Driver
from generator.designs.auxbus import auxbus
from generator.drivers.pcie_cxlpmu import CPMU
from generator.drivers.portdrv_irqs import TOO_MANY
from generator.drivers.portdrv_services import PORT
from generator.expr import EACH, Over, maximum, pick
from generator.facts import HAS, LOCAL, MSG, NO_MESSAGE
from generator.operation import RETURN, Do, sets
from generator.ops.assign import note
from generator.program import Block, Call, If, mapped

Change = Callable[[object], tuple[object, ...] | None]
SMALL = auxbus(zero_service=False, dynamic=False)


def rewritten(block: Block, change: Change) -> Block:
    """Return a block with every node for which `change` has something else replaced by it."""
    return mapped(block, change, lambda one: replace(one, body=rewritten(one.body, change)))


def varied(design: Design, change: Change) -> Design:
    """Return a design whose port driver probes otherwise."""

    def probe(driver: Driver) -> Driver:
        if driver.device != PORT:
            return driver
        changed = replace(driver, probe=rewritten(driver.probe, change))
        assert changed.probe != driver.probe
        return changed

    return replace(design, name="varied", drivers=tuple(map(probe, design.drivers)))


def counted_first(node: object) -> tuple[object, ...] | None:
    """Count the CPMUs in before it is known that the services have their vectors."""
    if not isinstance(node, If) or node.guard != TOO_MANY:
        return None
    there = HAS(EACH).eq(1) & MSG(EACH).ne(NO_MESSAGE)
    most = Over("max", CPMU, pick(there, MSG(EACH) + 1, 0))
    return note("nvec = max(nvec, msg + 1)", sets(LOCAL(PORT), maximum(LOCAL(PORT), most)))(), node


def fails_with(node: object) -> Block | None:
    """Let the probe fail when the memory of the extension cannot be had."""
    if isinstance(node, Do) and node.op.name == "kzalloc note":
        return (replace(node, on_fail=RETURN),)
    if isinstance(node, Call) and "cxlpmu" in node.function.name:
        body = rewritten(node.function.body, fails_with)
        return (replace(node, function=replace(node.function, body=body), on_fail=RETURN),)
    return None
