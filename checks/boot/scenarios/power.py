# SPDX-License-Identifier: GPL-2.0-only
"""What is lost and has to come back: over system sleep, and over a reset of the link above."""

from __future__ import annotations

from collections.abc import Iterator

from checks.boot.guest.line import Line
from checks.boot.predict.expect import Look, port_lines, unchanged
from checks.boot.scenarios.aer import was_reset
from checks.boot.scenarios.counting import again
from checks.boot.scenarios.delivery import delivered
from checks.boot.scenarios.stage import Stage

_LOSES = "/sys/module/port_model/parameters/lose_asleep"
SLEEP = (
    f"[ ! -e {_LOSES} ] || echo 1 >{_LOSES}; "
    "echo 1 >/sys/module/suspend/parameters/pm_test_delay; "
    "echo core >/sys/power/pm_test; echo mem >/sys/power/state; status=$?; "
    "echo none >/sys/power/pm_test; exit $status"
)


def sleep(on: Stage) -> Iterator[Line]:
    """The system sleeps and wakes, the modelled port without power: all is served as before."""
    before = on.look()
    resets = on.beside.resets if on.beside is not None else 0
    answer = on.guest.order(SLEEP, seconds=120)
    yield Line("sleep", "system", "suspend to RAM, as far as the core", "went and came back",
               "went and came back" if answer.status == 0 else f"failed: {answer.text[-200:]}",
               "/sys/power/state, pm_test core", "kernel")
    if on.modelled is not None and on.beside is not None:
        yield Line("sleep", on.modelled.port.name, "lost its power meanwhile", "1 times",
                   f"{on.beside.resets - resets} times", "the hardware beside the guest", "premise")
    look = Look("sleep", on.look())
    for port in on.board.ports:
        yield from port_lines(look, on.predicted[port.name])
    yield from delivered("sleep", on)
    yield from again("sleep", on)
    yield from unchanged("sleep", before, look.seen)


def reset(on: Stage) -> Iterator[Line]:
    """What is below a port is reset while it is in use, children and all."""
    before = on.look()
    above = [(port, pci) for port in on.board.ports
             if port.below and (pci := before.at(port.place)) is not None]
    for port, pci in above:
        resets = on.beside.resets if on.beside is not None else 0
        file = f"/sys/bus/pci/devices/{pci.name}/reset_subordinate"
        answer = on.guest.order(f"echo 1 >{file}")
        yield Line("reset", port.name, "reset of the bus below", "done",
                   "done" if answer.status == 0 else f"refused: {answer.text[-200:]}", file,
                   "kernel")
        yield from was_reset("reset", on, port, resets)
    if above:
        on.settled()
        look = Look("reset", on.look())
        for port in on.board.ports:
            yield from port_lines(look, on.predicted[port.name])
        yield from delivered("reset", on)
        yield from again("reset", on)
        yield from unchanged("reset", before, look.seen)
