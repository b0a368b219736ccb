# SPDX-License-Identifier: GPL-2.0-only
"""Where scenarios happen: a guest, and what its design says of the ports that it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from checks.boot.board import Board
from checks.boot.kind import PLAIN, Kind
from checks.boot.observe import Pci, Seen, observed
from checks.boot.predict import LINE_IRQ, Predicted, predict
from checks.boot.qemu import Guest
from generator.design import Design


@dataclass
class Stage:
    """A guest, what it runs, and what its design says of the ports of its board."""

    guest: Guest
    design: Design
    board: Board
    modules: tuple[str, ...] = ()
    predicted: Mapping[str, Predicted] = field(default_factory=dict)
    kind: Kind = PLAIN

    def look(self) -> Seen:
        """Look at everything that the guest shows."""
        return observed(self.guest.order("observe").lines)

    def settled(self) -> None:
        """Wait until what was set going is done: deferred probes, workqueues of hotplug."""
        self.guest.order("sleep 0.5")


def stage(
    guest: Guest, design: Design, board: Board, modules: tuple[str, ...] = (),
    kind: Kind = PLAIN,
) -> Stage:
    """Return a guest with what its design predicts of each port, and the modules it can load."""
    said = {
        port.name: predict(design, port, board.platform, twice=kind.twice)
        for port in board.ports
    }
    return Stage(guest, design, board, modules, said, kind)


def message_count(seen: Seen, pci: Pci, message: int) -> tuple[int, str]:
    """Return how often a message of a port came, and the line that says so."""
    if message == LINE_IRQ:
        irq = seen.irqs.get(pci.irq)
    else:
        irq = next((one for one in seen.of(pci) if one.hwirq == message), None)
    return (irq.count, irq.text) if irq is not None else (0, "no such irq")
