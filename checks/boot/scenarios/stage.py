# SPDX-License-Identifier: GPL-2.0-only
"""Where scenarios happen: a guest, and what its design says of the ports that it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from checks.boot.build.kernel import Kernel
from checks.boot.build.kind import Kind
from checks.boot.guest.lost import Lost
from checks.boot.guest.observe import Pci, Seen, observed
from checks.boot.guest.qemu import Guest
from checks.boot.model.running import Running
from checks.boot.predict.board import MODEL, Board
from checks.boot.predict.predict import LINE_IRQ, Predicted, predict
from generator.design import Design


@dataclass
class Stage:
    """A guest, what it runs, and what its design says of the ports of its board."""

    guest: Guest
    design: Design
    board: Board
    kernel: Kernel
    beside: Running | None = None
    bare: Mapping[str, Predicted] = field(default_factory=dict)  # before modules are loaded
    whole: Mapping[str, Predicted] = field(default_factory=dict)  # after that
    loaded: bool = False
    lost: Lost | None = None  # what a scenario whose end that is has found

    @property
    def predicted(self) -> Mapping[str, Predicted]:
        """Return what the design says of each port, with the drivers that are there by now."""
        return self.whole if self.loaded else self.bare

    @property
    def modules(self) -> tuple[str, ...]:
        """Return the modules that the guest can load."""
        return self.kernel.modules()

    @property
    def kind(self) -> Kind:
        """Return what its kernel has beside others."""
        return self.kernel.kind

    @property
    def modelled(self) -> Predicted | None:
        """Return what is predicted of the port that has the hardware model beside it."""
        return next((one for one in self.predicted.values() if one.port.device == MODEL), None)

    def look(self) -> Seen:
        """Look at everything that the guest and the hardware beside it show."""
        seen = observed(self.guest.order("observe").lines)
        return replace(seen, sources=self.beside.sources()) if self.beside is not None else seen

    def settled(self) -> None:
        """Wait until what was set going is done: deferred probes, workqueues of hotplug."""
        self.guest.order("sleep 0.5")


def stage(
    guest: Guest, design: Design, board: Board, kernel: Kernel, beside: Running | None = None
) -> Stage:
    """Return a guest with what its design predicts of each port, and the hardware beside it."""
    bare, whole = (
        {port.name: predict(design, port, board.platform, loaded=loaded, twice=kernel.kind.twice)
         for port in board.ports}
        for loaded in (False, True)
    )
    return Stage(guest, design, board, kernel, beside, bare, whole)


def message_count(seen: Seen, pci: Pci, message: int) -> tuple[int, str]:
    """Return how often a message of a port came, and the line that says so."""
    if message == LINE_IRQ:
        irq = seen.irqs.get(pci.irq)
    else:
        irq = next((one for one in seen.of(pci) if one.hwirq == message), None)
    return (irq.count, irq.text) if irq is not None else (0, "no such irq")
