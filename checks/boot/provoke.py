# SPDX-License-Identifier: GPL-2.0-only
"""What has to be done to a guest before a broken rule shows, and what no design is driven through.

Like the scenarios of `scenario.py`, but nobody gets these unless he asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from checks.boot.counting import CONFIG
from checks.boot.expect import Look, port_lines
from checks.boot.guest import PROGRAM
from checks.boot.line import Line
from checks.boot.model import HOST
from checks.boot.predict import after_unbind
from checks.boot.stage import Stage

BUILD = "build"


def build(_on: Stage) -> Iterator[Line]:
    """Whoever is here has been built."""
    yield Line(BUILD, "system", "the kernel", "can be built", "can be built", "make", "kernel")


def unbind_counting(on: Stage) -> Iterator[Line]:
    """The user unbinds the driver of a PMU while somebody counts, and that one goes on."""
    look = on.look()
    pmus = sorted(one.name for one in look.devices
                  if one.bus == "event_source" and one.name.startswith("cxl_pmu_"))
    children = sorted(one.name for one in look.devices if one.bus == "auxiliary")
    if pmus and children:
        on.guest.order(
            f"{PROGRAM} {HOST} open:{pmus[0]}:{CONFIG:#x} sleep:4000 read & sleep 1; "
            f"echo {children[0]} >/sys/bus/auxiliary/devices/{children[0]}/driver/unbind; wait",
            seconds=120,
        )
    on.settled()
    yield Line("unbind-counting", "system", "an event over the unbinding of its PMU's driver",
               "survived", "survived", "", "kernel")


def unbind(on: Stage) -> Iterator[Line]:
    """The modelled port is unbound, once: of what goes wrong then the log is full after more."""
    wanted = on.modelled
    pci = on.look().at(wanted.port.place) if wanted is not None else None
    if wanted is None or pci is None:
        return
    on.guest.order(f"echo {pci.name} >/sys/bus/pci/drivers/pcieport/unbind", seconds=120)
    yield from port_lines(Look("unbind", on.look()), after_unbind(
        on.design, wanted.port, on.board.platform, loaded=on.loaded, twice=on.kind.twice))


ALL: Mapping[str, Callable[[Stage], Iterator[Line]]] = {
    BUILD: build, "unbind-counting": unbind_counting, "unbind": unbind,
}
