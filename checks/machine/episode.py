# SPDX-License-Identifier: GPL-2.0-only
"""Episodes: what happens to a design beside binding and unbinding, one at a time.

An episode begins in a life without accidents, once nothing is being bound or unbound, happens
once, and is followed by the unbinding of the port. Memory that runs out, drivers that bind within
their parent's probe or that sysfs unbinds, and shutdown are the plain episode's, so that the
product of all stays out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generator.design import RECOVERY, RUNTIME, SLEEP, Design
from generator.expr import reads
from generator.facts import GONE, SUBSTORE
from generator.operation import Operation
from generator.program import guards, operations

PLAIN = "plain"


@dataclass(frozen=True)
class Episode:
    """What is explored in it, in one sentence, and its stages in order."""

    name: str
    says: str
    stages: tuple[str, ...] = ()


EPISODES: Mapping[str, Episode] = {
    one.name: one
    for one in (
        Episode(PLAIN, "binding, unbinding, failing operations, events and shutdown"),
        Episode(
            "sleep",
            "system sleep with loss of power, and runtime PM with its callbacks",
            ("suspend", "suspend_noirq", "off", "resume_noirq", "resume", "after"),
        ),
        Episode(
            "recovery",
            "an error, a reset of the link above the port, and AER or DPC recovery",
            ("error_detected", "off", "slot_reset", "after"),
        ),
        Episode(
            "surprise",
            "the port is pulled out, and its drivers are unbound then",
            ("gone",),
        ),
        Episode(
            "late",
            "a driver that comes later is bound in the place of the port's",
            ("swap",),
        ),
    )
}


def episodes_of(design: Design) -> tuple[str, ...]:
    """Return the episodes that a design has something to say to, by name, the plain one first."""
    callbacks = {name for driver in design.drivers for name in driver.callbacks()}
    told = {
        PLAIN: True,
        "sleep": bool(callbacks & {*SLEEP, *RUNTIME}) or _sets_substore(design),
        "recovery": bool(callbacks & set(RECOVERY)),
        "surprise": _knows_of_removal(design),
        "late": any(driver.instead_of for driver in design.drivers),
    }
    return tuple(name for name in EPISODES if told[name])


# Why an episode is left out of designs that have nothing to say to it.
_NOTHING_TO_SAY: Mapping[str, str] = {
    "sleep": "no driver has a callback for system sleep or runtime PM, and no vector is in a "
             "store of a subdevice",
    "recovery": "no driver has error_detected or slot_reset",
    "surprise": "nothing that the design does goes otherwise where the device is gone",
    "late": "no driver comes instead_of= another",
}


def left_out(design: Design, episode: str = "") -> tuple[tuple[str, str], ...]:
    """Return the episodes that are not explored of a design, by name, each with the reason.

    With an `episode`, only that one was asked for.
    """
    explored = episodes_of(design)
    if episode:
        return tuple(
            (name, f"only {episode} was asked for" if name in explored else _NOTHING_TO_SAY[name])
            for name in EPISODES if name != episode
        )
    return tuple((name, _NOTHING_TO_SAY[name]) for name in EPISODES if name not in explored)


def _operations(design: Design) -> Iterator[Operation]:
    for driver in design.drivers:
        for block in driver.blocks().values():
            for do in operations(block):
                yield do.op
                if do.op.undo is not None:
                    yield do.op.undo


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
