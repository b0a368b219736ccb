# SPDX-License-Identifier: GPL-2.0-only
"""On which message a device signals that can have one only: nobody has to say that.

With one message enabled an MSI function has no other to send, PCI Local Bus Specification 3.0,
6.8.1.3; a driver that asks for one vector of MSI-X has its device use that entry, or it says which
others it has. A driver that reads message numbers, or may get several vectors, is asked for them.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.machine.instances import Inst, View
from generator.expr import Expr, Nth, Num, Place, Read, num
from generator.facts import COUNT, DYN, MSG, NVEC
from generator.operation import Do
from generator.ops.irq import INTX
from generator.program import guards
from generator.reads import reads

FIRST = 0  # the message, and the answer


def first_messages(view: View) -> dict[Read, int]:
    """Return the message of each device whose PCI device gets one vector at most, where unsaid."""
    given = [do for do in view.operations if do.op.gives(NVEC) or do.op.gives(DYN)]
    if not given or any(read.fact == MSG for expr in _said(view) for read in reads(expr)):
        return {}
    found: dict[Read, int] = {}
    for port in view.pci:
        mine = [do for do in given if _device(do) == port.device]
        if mine and all(_one_at_most(do, port, view) for do in mine):
            found.update({
                MSG(user): FIRST for user in view.users(port)
                if all(fact != MSG for fact, _ in user.device.answers)
            })
    return found


def _said(view: View) -> Iterator[Expr]:
    """Yield what the design says in facts: numbers, conditions, what operations do and need."""
    for do in view.operations:
        yield from do.params
        for way in do.op.outcomes:
            yield way.when
            yield from (give.value for give in way.gives)
    for driver in view.design.drivers:
        for block in driver.blocks().values():
            yield from (guard.when for guard in guards(block) if guard.when is not None)
    yield from (when for _, when in view.design.serves)


def _device(do: Do) -> Place:
    place = do.places[0]
    return place.of if isinstance(place, Nth) else place


def _one_at_most(do: Do, port: Inst, view: View) -> bool:
    named = dict(zip(do.op.params, do.params, strict=True))
    if do.op.gives(DYN) or "max" not in named:
        return False
    most, types = named["max"], named.get("types")
    few = (isinstance(most, Num) and most.value <= 1) or types == num(INTX)
    said = view.design.given
    return few or said.get((COUNT, port.device), said.get(COUNT)) == "1"
