# SPDX-License-Identifier: GPL-2.0-only
"""A driver's entry point as the Lts that its C must have."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace

from generator.design import Device, Driver
from generator.entrypoint import DEVICE, INT, VOID, returned, struct_of
from generator.expr import Nth, ParentOf, Place
from generator.fingerprint import CGuard, Fingerprint
from generator.graphs.flow import Edge, flow
from generator.graphs.lts import Builder, Label, Lts, minimise
from generator.operation import Do, Operation
from generator.ops import shipped
from generator.program import guards


@dataclass(frozen=True, eq=False)
class _Same:
    """A driver, equal to itself alone: what is kept of it is found without comparing designs."""

    driver: Driver

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.driver is self.driver

    def __hash__(self) -> int:
        return id(self.driver)


def project(driver: Driver, entry: str, symbols: frozenset[str] | None = None) -> Lts:
    """Return the transition system of an entry point, in a kernel built with `symbols`.

    >>> from generator.design import Device
    >>> from generator.ops.pci import PCI_ENABLE_DEVICE, PCI_SET_MASTER
    >>> port = Device("port", "pci")
    >>> print(project(Driver("bell", port, (PCI_ENABLE_DEVICE(port), PCI_SET_MASTER(port)),
    ...                      c={port: "pci_dev"}), "probe"))
    start 0, final 3
       0 ->    1  pci_enable_device(pci_dev): fail
       0 ->    2  pci_enable_device(pci_dev): ok
       1 ->    3  return(): error
       2 ->    4  pci_set_master(pci_dev): ok
       4 ->    3  return(): 0
    """
    return _project(_Same(driver), entry, symbols)


@functools.lru_cache(maxsize=256)
def _project(same: _Same, entry: str, symbols: frozenset[str] | None) -> Lts:
    driver = _as_called(same.driver, entry)
    graph = flow(entry, driver.functions()[entry], None, symbols)
    builder = Builder()
    states = [builder.new_state() for _ in range(graph.size)]
    end = builder.new_state()
    for edge in graph.edges:
        builder.edge(states[edge.src], label_of(driver, edge), states[edge.dst])
    gives = returned(driver, entry)
    void = gives == VOID
    zero = "0" if gives == INT else "error"  # a pci_ers_result_t has no 0: all look like an error
    builder.edge(states[graph.done], Label("return", "", "void" if void else zero), end)
    builder.edge(states[graph.failed], Label("return", "", "void" if void else "error"), end)
    return minimise(builder.finish(states[graph.start], {end}))


def _as_called(driver: Driver, entry: str) -> Driver:
    """Return a driver with the paths that C has in an entry point that gets a struct device.

    What is a pci_dev elsewhere is computed from that there, and C knows it by where it came from.
    """
    struct = struct_of(driver.device.kind)
    point = struct.entries.get(entry) if struct is not None else None
    if struct is None or point is None or point.takes != DEVICE or not struct.local:
        return driver
    own = re.compile(rf"^{struct.record}(\.dev)?(?=\.|$)")
    return replace(driver, c={one: own.sub("device", path) for one, path in driver.c.items()})


def label_of(driver: Driver, edge: Edge) -> Label | None:
    """Return what a step looks like in C; None for what only the model sees."""
    if edge.guard is not None:
        if not edge.guard.c:
            return None
        return Label(edge.guard.name, "", "true" if edge.holds else "false")
    if edge.do is None or edge.op is None:
        return None
    if edge.op.label is not None:
        return Label(*edge.op.label)
    fingerprint = edge.op.fingerprint
    if fingerprint is None:
        return None
    on = ""
    if fingerprint.on is not None:
        role = edge.op.on_role
        on = dict(edge.do.c).get("on") or path_of(driver, edge.do.binding[role]) + edge.op.at
    return Label(fingerprint.callees[0], on, edge.outcome, _arguments(edge.do, edge.op))


def _arguments(do: Do, op: Operation) -> str:
    if op is not do.op or not op.shown:
        return ""
    given = dict(do.c)
    texts = []
    for name in op.shown:
        index = op.params.index(name) if name in op.params else -1
        text = given.get(name)
        if text is None and index >= 0:
            from generator.expr import Num

            value = do.params[index]
            text = dict(op.words).get(value.value, "*") if isinstance(value, Num) else "*"
        texts.append(text if text is not None else name)
    return ", ".join(texts)


def path_of(driver: Driver, place: Place) -> str:
    """Return the C path by which a driver's code names a device; "?" when it has none."""
    if isinstance(place, Nth):
        return path_of(driver, place.of)
    if isinstance(place, ParentOf) and isinstance(place.of, Device) and place.of.parent is not None:
        return path_of(driver, place.of.parent)
    return driver.c.get(place, "?") if isinstance(place, Device) else "?"


def guards_of_driver(driver: Driver) -> tuple[CGuard, ...]:
    """Return the fingerprint of every guard of one driver that stands in C."""
    return _guards_of(_Same(driver))


@functools.lru_cache(maxsize=64)
def _guards_of(same: _Same) -> tuple[CGuard, ...]:
    driver = same.driver
    found: dict[str, CGuard] = {}
    for block in driver.functions().values():
        for guard in guards(block):
            if guard.c:
                found.setdefault(guard.name + guard.function, guard.print)
    return tuple(found.values())


@functools.cache
def fingerprints() -> tuple[Fingerprint, ...]:
    """Return the fingerprint of every operation that the project knows, used or not.

    A call of a known operation that the design does not have must be seen.
    """
    found: dict[str, Fingerprint] = {}
    for facility in shipped().values():
        for value in facility.values():
            one = value.fingerprint if isinstance(value, Operation) else value
            if isinstance(one, Fingerprint):
                found.setdefault(one.callees[0], one)
    return tuple(found[name] for name in sorted(found))
