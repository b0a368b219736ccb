# SPDX-License-Identifier: GPL-2.0-only
"""Episodes: what happens to a design beside binding and unbinding, one at a time.

An episode begins in a life without accidents, once nothing is being bound or unbound, happens
once, and is followed by the unbinding of the port. Memory that runs out, drivers that bind within
their parent's probe or that sysfs unbinds, and shutdown are the plain episode's, so that the
product of all stays out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from generator.design import RECOVERY, RUNTIME, SLEEP, Design
from generator.facts import GONE, SUBSTORE
from generator.operation import Operation
from generator.program import guards, operations
from generator.reads import reads

PLAIN = "plain"
# Callbacks that the PM core calls for children before parents, and what it calls, parents first, of
# those that have had theirs when one fails (drivers/base/power/main.c).
TAKEN_BACK_BY = {"suspend": "resume", "suspend_noirq": "resume_noirq"}
USB = "USB autosuspend"  # that is no episode, and is not explored at all


@dataclass(frozen=True)
class Episode:
    """What is explored in it, in one sentence, and its stages in order.

    `of` says whether a design has something to say to it, `otherwise` what is said if not.
    """

    name: str
    says: str
    stages: tuple[str, ...] = ()
    of: Callable[[Design], bool] = lambda _design: True
    otherwise: str = ""


def _operations(design: Design) -> Iterator[Operation]:
    for driver in design.drivers:
        for block in driver.blocks().values():
            for do in operations(block):
                yield do.op
                if do.op.undo is not None:
                    yield do.op.undo


def _called(design: Design, *names: str) -> bool:
    return any(name in driver.callbacks() for driver in design.drivers for name in names)


def _sets_substore(design: Design) -> bool:
    return any(
        one.target.fact == SUBSTORE
        for op in _operations(design) for way in op.outcomes for one in way.gives
    )


def _knows_of_removal(design: Design) -> bool:
    """Return whether something that the design does goes otherwise where nothing answers."""
    asked = [
        guard.when for driver in design.drivers for block in driver.blocks().values()
        for guard in guards(block) if guard.when is not None
    ]
    asked += [
        expr for op in _operations(design) for way in op.outcomes
        for expr in (way.when, *(one.value for one in way.gives))
    ]
    return any(read.fact == GONE for expr in asked for read in reads(expr))


EPISODES: Mapping[str, Episode] = {
    one.name: one
    for one in (
        Episode(PLAIN, "binding, unbinding, failing operations, events and shutdown"),
        Episode(
            "sleep",
            "system sleep with loss of power, and runtime PM with its callbacks",
            ("suspend", "suspend_noirq", "off", "resume_noirq", "resume", "after"),
            lambda design: _called(design, *SLEEP, *RUNTIME) or _sets_substore(design),
            "no driver has a callback for system sleep or runtime PM, and no vector is in a "
            "store of a subdevice",
        ),
        Episode(
            "recovery",
            "an error, a reset of the link above the port, and AER or DPC recovery",
            ("error_detected", "off", "slot_reset", "after"),
            lambda design: _called(design, *RECOVERY),
            "no driver has error_detected or slot_reset",
        ),
        Episode(
            "surprise",
            "the port is pulled out, and its drivers are unbound then",
            ("gone",),
            _knows_of_removal,
            "nothing that the design does goes otherwise where the device is gone",
        ),
        Episode(
            "late",
            "a driver that comes later is bound in the place of the port's",
            ("swap",),
            lambda design: any(driver.instead_of for driver in design.drivers),
            "no driver comes instead_of= another",
        ),
    )
}


def episodes_of(design: Design) -> tuple[str, ...]:
    """Return the episodes that a design has something to say to, by name, the plain one first."""
    return tuple(one.name for one in EPISODES.values() if one.of(design))


def left_out(design: Design, episode: str = "") -> tuple[tuple[str, str], ...]:
    """Return the episodes that are not explored of a design, and what else, each with the reason.

    With an `episode`, only that one was asked for.
    """
    explored = episodes_of(design)
    left = {one.name: one.otherwise for one in EPISODES.values() if one.name not in explored}
    if episode:
        left |= {name: f"only {episode} was asked for" for name in explored if name != episode}
    usb = [one.name for one in design.drivers
           if one.device.kind == "usb" and {*SLEEP, *RUNTIME} & one.callbacks().keys()]
    if usb:
        left[USB] = (f"usbcore calls suspend and resume of {', '.join(usb)} at run time too, if "
                     "the struct says supports_autosuspend, and no runtime PM callback of an "
                     "interface")
    return tuple((name, left[name]) for name in (*EPISODES, USB) if name in left)
