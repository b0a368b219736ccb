# SPDX-License-Identifier: GPL-2.0-only
"""What has to be done to a guest before a broken rule shows, and what no design is driven through.

Like the scenarios of `scenario.py`, but nobody gets these unless he asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from checks.boot.guest.line import Line, shown
from checks.boot.model.guest_object import PROGRAM
from checks.boot.model.running import HOST, Order
from checks.boot.predict.expect import Look, port_lines
from checks.boot.predict.predict import after_unbind
from checks.boot.scenarios.counting import CONFIG, TIMES, traffic
from checks.boot.scenarios.power import SLEEP
from checks.boot.scenarios.stage import Stage

BUILD = "build"
_UNBIND = (
    f"{PROGRAM} {HOST} open:{{pmu}}:{CONFIG:#x} sleep:4000 read & sleep 1; "
    "echo {child} >/sys/bus/auxiliary/devices/{child}/driver/unbind; wait"
)
_HAPPENS = f"{traffic(0, TIMES)} model:{Order.SETTLE:d}:0 read"
# The event is open for so long that the sleep is over by then, on a slow machine too.
_SLEEP = (
    f"{PROGRAM} {HOST} open:{{pmu}}:{CONFIG:#x} {_HAPPENS} sleep:30000 {_HAPPENS} {_HAPPENS} & "
    f"sleep 5; ({SLEEP}); wait"
)


def build(_on: Stage) -> Iterator[Line]:
    """Nothing is done: whoever is here has been built, which is all that is asked."""
    yield from ()


def unbind_counting(on: Stage) -> Iterator[Line]:
    """The user unbinds the driver of a PMU while somebody counts, and that one goes on."""
    pmu, child = _first(on)
    yield _there("unbind-counting", pmu, child)
    if pmu and child:
        on.guest.order(_UNBIND.format(pmu=pmu, child=child), seconds=120)
    on.settled()


def sleep_counting(on: Stage) -> Iterator[Line]:
    """The system sleeps while an event is open, and it is counted afterwards."""
    pmu, child = _first(on)
    yield _there("sleep-counting", pmu, child)
    answer = on.guest.order(_SLEEP.format(pmu=pmu), seconds=180)
    reads = [int(line.rpartition(" ")[2]) for line in answer.lines if line.startswith("read ")]
    yield Line("sleep-counting", "system", "reads of the event, and the first of them",
               f"3, {TIMES}", f"{len(reads)}, {reads[0] if reads else 'nothing'}",
               answer.text[-300:], "premise")
    # What it reads right after the loss is the way to zero; what it adds from there on counts.
    added = str(reads[2] - reads[1]) if len(reads) == 3 else "not read"
    yield Line("sleep-counting", "system", "an event that is open over sleep counts", str(TIMES),
               added, answer.text[-300:], "kernel")


def _first(on: Stage) -> tuple[str, str]:
    """Return the first PMU of a port and its auxiliary device, "" for what is not there."""
    look = on.look()
    pmus = sorted(one.name for one in look.devices
                  if one.bus == "event_source" and one.name.startswith("cxl_pmu_"))
    children = sorted(one.name for one in look.devices if one.bus == "auxiliary")
    return next(iter(pmus), ""), next(iter(children), "")


def _there(scenario: str, pmu: str, child: str) -> Line:
    return Line(scenario, "system", "PMU of a port, and its auxiliary device", "there",
                "there" if pmu and child else f"only {shown({pmu, child} - {''})}",
                "/sys/bus", "premise")


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
    BUILD: build, "unbind-counting": unbind_counting, "sleep-counting": sleep_counting,
    "unbind": unbind,
}
ORDERS: Mapping[str, tuple[str, ...]] = {
    "unbind-counting": (_UNBIND,), "sleep-counting": (_SLEEP,),
}
