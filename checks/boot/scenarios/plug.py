# SPDX-License-Identifier: GPL-2.0-only
"""Devices that come and go below ports."""

from __future__ import annotations

from collections.abc import Iterator

from checks.boot.guest.line import Line
from checks.boot.guest.observe import Seen
from checks.boot.predict.expect import Look, port_lines
from checks.boot.predict.predict import LINE_IRQ
from checks.boot.scenarios.stage import Stage, message_count


def hotplug(on: Stage) -> Iterator[Line]:
    """A device comes and goes below a port: the slot's interrupt is on the predicted message.

    The one port of QEMU's that has its line only, cxl-rp, raises nothing for its slot.
    """
    before = on.look()
    ports = [
        (port, pci, given.message) for port in on.board.ports
        if (given := on.predicted[port.name].services.get("HP")) is not None and given.bound
        and given.message not in (None, LINE_IRQ) and not port.below
        and (pci := before.at(port.place)) is not None
    ]
    places = [f"{port.place}/00.0" for port, _, _ in ports]
    for port, _, _ in ports:
        on.guest.qmp("device_add", driver="pci-testdev", bus=port.name, id=f"below-{port.name}")
    there = _until(on, places, True)
    for (port, pci, message), place in zip(ports, places, strict=True):
        yield Line("hotplug", port.name, "a device that is added", "appears",
                   "appears" if there.at(place) else "does not appear", "QMP device_add", "kernel")
        old, new = (message_count(seen, pci, message) for seen in (before, there))
        yield Line("hotplug", port.name, "the slot's interrupt", "came",
                   "came" if new[0] > old[0] else "did not come", new[1])
    for port, _, _ in ports:
        on.guest.qmp("device_del", id=f"below-{port.name}")
    left = _until(on, places, False)
    for (port, _, _), place in zip(ports, places, strict=True):
        yield Line("hotplug", port.name, "the device that is removed", "is gone",
                   "is still there" if left.at(place) else "is gone", "QMP device_del", "kernel")
        yield from port_lines(Look("hotplug", left), on.predicted[port.name])
    _over(on, before)


def _over(on: Stage, before: Seen) -> None:
    """Wait until the slots are done: they hold runtime PM references for as long as power falls."""
    for _ in range(20):
        if on.look().usage == before.usage:
            return
        on.settled()


def _until(on: Stage, places: list[str], wanted: bool) -> Seen:
    """Wait until there are, or are not, devices at all of some places; return what there is."""
    for _ in range(15):
        on.settled()
        seen = on.look()
        if all((seen.at(place) is not None) == wanted for place in places):
            break
    return seen
