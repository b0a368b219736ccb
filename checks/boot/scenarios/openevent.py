# SPDX-License-Identifier: GPL-2.0-only
"""A port unbound while an event is open on one of its PMUs: rule N1."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.boot.guest.line import Line
from checks.boot.guest.log import excerpt
from checks.boot.guest.lost import PANIC, Lost
from checks.boot.model.guest_object import PROGRAM
from checks.boot.model.running import HOST
from checks.boot.scenarios.counting import CONFIG, pmus
from checks.boot.scenarios.stage import Stage

GOES, FAILS = "the event ends", "perf or the PMU's driver fails on memory that is gone"
_SECONDS = 4


def unbind_open(on: Stage) -> Iterator[Line]:
    """A port is unbound under an open event; a design with a waiver for N1 says how that ends."""
    look = on.look()
    wanted = on.modelled
    pci = look.at(wanted.port.place) if wanted is not None else None
    if wanted is None or pci is None or not (there := pmus(look, wanted, pci)):
        return
    waived = any(one.rule == "N1" for one in on.design.waivers)
    said, evidence = GOES, ""
    try:
        on.guest.order(
            f"{PROGRAM} {HOST} open:{there[0][0]}:{CONFIG:#x} sleep:{1000 * (_SECONDS - 1)} read "
            f">/tmp/event & sleep 1; echo {pci.name} >/sys/bus/pci/drivers/pcieport/unbind")
        on.guest.order(f"sleep {_SECONDS}")
    except Lost as lost:
        on.lost = lost
        said, evidence = _failed(lost)
    yield Line("unbind-open", wanted.port.name, "unbound under an open event",
               FAILS if waived else GOES, said, evidence)


def _failed(lost: Lost) -> tuple[str, str]:
    """Return how the guest was lost, and where that is seen: a page or protection fault."""
    _, _, oops = lost.log.partition("Oops: ")
    where = re.search(r"\b(?:_*perf_\w+|cxl_pmu_\w+)\+0x\S+", oops)
    if lost.kind == PANIC and where is not None:
        return FAILS, where[0]
    return lost.kind, excerpt(lost.log)[-500:]
