# SPDX-License-Identifier: GPL-2.0-only
"""What has to be done to a guest before a broken rule shows, and what no design is driven through.

Like the scenarios of `scenario.py`, but nobody gets these unless he asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from threading import Timer

from checks.boot.guest.line import Line, shown
from checks.boot.model.cpmu import M2S_REQ
from checks.boot.model.guest_object import PROGRAM
from checks.boot.model.running import HOST, Order
from checks.boot.predict.expect import Look, port_lines
from checks.boot.predict.predict import after_unbind
from checks.boot.scenarios.counting import CONFIG, EVENT, TIMES, WRAPS, traffic
from checks.boot.scenarios.power import SLEEP
from checks.boot.scenarios.stage import Stage

BUILD = "build"
_UNBIND = (
    f"{PROGRAM} {HOST} open:{{pmu}}:{CONFIG:#x} sleep:4000 read & sleep 1; "
    "echo {child} >/sys/bus/auxiliary/devices/{child}/driver/unbind; wait"
)
_HAPPENS = f"{traffic(0, TIMES)} model:{Order.SETTLE:d}:0 read"
# The event is open for so long that what is done meanwhile is over by then, on a slow machine too.
_MEANWHILE = (
    f"{PROGRAM} {HOST} open:{{pmu}}:{CONFIG:#x} {_HAPPENS} {_HAPPENS} sleep:30000 "
    f"{_HAPPENS} {_HAPPENS} & sleep 5; ({{what}}); wait"
)
_INTO = 11.0  # seconds from the order to the overflow: five to the doze, of ten
_RESET = "echo 1 >/sys/bus/pci/devices/{pci}/reset_subordinate"
# As far as interrupts that are to wake the system are armed, to stay there for some seconds.
_DOZE = (
    "echo enabled >/sys/bus/pci/devices/{pci}/power/wakeup; "
    "cat /sys/bus/pci/devices/{pci}/power/wakeup; echo 1 >/sys/power/pm_debug_messages; "
    "echo 10 >/sys/module/suspend/parameters/pm_test_delay; echo platform >/sys/power/pm_test; "
    f"{PROGRAM} {HOST} open:{{pmu}}:{CONFIG:#x} sleep:30000 read & sleep 5; echo dozes; "
    "echo freeze >/sys/power/state; echo status $?; echo none >/sys/power/pm_test; wait; "
    "dmesg | grep 'Triggering wakeup from IRQ'"
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
    yield from _counts("sleep-counting", "sleep", on, pmu, SLEEP)


def reset_counting(on: Stage) -> Iterator[Line]:
    """The link above the modelled port is reset while an event is open on its PMU."""
    pmu, child = _first(on)
    yield _there("reset-counting", pmu, child)
    look = on.look()
    above = next((pci for port in on.board.ports
                  if port.below and (pci := look.at(port.place)) is not None), None)
    yield Line("reset-counting", "system", "a port above that resets it", "there",
               "there" if above is not None else "none", "the board", "premise")
    if above is not None:
        yield from _counts("reset-counting", "a reset", on, pmu, _RESET.format(pci=above.name))


def _counts(scenario: str, over: str, on: Stage, pmu: str, what: str) -> Iterator[Line]:
    """Yield what an event counts that is open while something is done."""
    answer = on.guest.order(_MEANWHILE.format(pmu=pmu, what=what), seconds=180)
    reads = [int(line.rpartition(" ")[2]) for line in answer.lines if line.startswith("read ")]
    told = answer.text[-300:]
    yield Line(scenario, "system", "reads of the event, and the second of them",
               f"4, {2 * TIMES}", f"{len(reads)}, {reads[1] if len(reads) > 1 else 'nothing'}",
               told, "premise")
    if len(reads) != 4:
        return
    # What is lost, or taken for an overflow, shows at the first read; what stands still, after it.
    yield Line(scenario, "system", f"an event that is open over {over} has counted then",
               str(TIMES), str(reads[2] - reads[1]), told, "kernel")
    yield Line(scenario, "system", f"an event that is open over {over} counts", str(TIMES),
               str(reads[3] - reads[2]), told, "kernel")


def sleep_waking(on: Stage) -> Iterator[Line]:
    """PME is to wake the system, and a PMU on its irq overflows while it sleeps."""
    pmu, child = _first(on)
    yield _there("sleep-waking", pmu, child)
    pci = on.look().at(on.modelled.port.place) if on.modelled is not None else None
    if pci is None or on.beside is None or not pmu:
        return
    # nobody in the guest could say so: it sleeps
    overflow = Timer(_INTO, on.beside.traffic, (0, M2S_REQ, EVENT, WRAPS))
    overflow.start()
    try:
        answer = on.guest.order(_DOZE.format(pci=pci.name, pmu=pmu), seconds=180)
    finally:
        overflow.cancel()
        overflow.join()
    asked = [line for line in answer.lines if line in ("enabled", "status 0")]
    yield Line("sleep-waking", "system", "PME is to wake it, and it goes to sleep and comes back",
               "enabled, status 0", ", ".join(asked) or "neither", answer.text[-300:], "premise")
    woken = sum("PM: Triggering wakeup from IRQ" in line for line in answer.lines)
    yield Line("sleep-waking", "system", "woken by the irq of the port while a PMU overflows",
               "0 times", f"{woken} times", answer.text[-300:], "kernel")


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
    "reset-counting": reset_counting, "sleep-waking": sleep_waking, "unbind": unbind,
}
ORDERS: Mapping[str, tuple[str, ...]] = {
    "unbind-counting": (_UNBIND,), "sleep-counting": (_MEANWHILE, SLEEP),
    "reset-counting": (_MEANWHILE, _RESET), "sleep-waking": (_DOZE, f"{_INTO}"),
}
