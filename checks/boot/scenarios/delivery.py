# SPDX-License-Identifier: GPL-2.0-only
"""Messages of the modelled port: each is raised by its hardware, and has to arrive."""

from __future__ import annotations

from collections.abc import Iterator

from checks.boot.guest.line import Line, shown
from checks.boot.scenarios.stage import Stage, message_count


def delivered(scenario: str, on: Stage) -> Iterator[Line]:
    """Yield which messages of the port arrive when each is raised once.

    What the design says of it: those that have a handler, if the port masters the bus.
    """
    wanted = on.modelled
    if wanted is None or on.beside is None or not wanted.bound or wanted.mode == "INTx":
        return
    before = on.look()
    pci = before.at(wanted.port.place)
    if pci is None:
        return
    for message in wanted.messages:
        on.beside.fire(message)
    after = on.look()
    came = {
        message: message_count(after, pci, message)[0] - message_count(before, pci, message)[0]
        for message in wanted.messages
    }
    yield Line(
        scenario, wanted.port.name, "messages that arrive, each raised once",
        shown(wanted.handled() if wanted.master else ()),
        shown(f"{message}" if times == 1 else f"{message} ({times} times)"
              for message, times in came.items() if times),
        f"/proc/interrupts of {pci.name}",
    )
