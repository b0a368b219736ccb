# SPDX-License-Identifier: GPL-2.0-only
"""Whose turn it is in an episode: the order in which the kernel calls the drivers' callbacks.

Suspend goes from children to parents and resume back (drivers/base/power/main.c), recovery
calls PCI drivers (drivers/pci/pcie/err.c). A turn is one callback, or what happens by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from checks.machine.episode import TAKEN_BACK_BY, Episode
from checks.machine.instances import SYSTEM, TURN, Inst
from generator.design import RUNTIME, Driver
from generator.expr import Expr, any_of
from generator.ops.pm import NO_DIRECT_COMPLETE, SMART_SUSPEND
from generator.program import operations

BEFORE = 0
BY_ITSELF = ("off", "gone", "swap")  # stages in which no driver is called


@dataclass(frozen=True)
class Turns:
    """Turns of an episode: `calls` are callbacks, `events` what happens by itself.

    `fails` is where the episode goes on when a callback returns an error, `last` the turn
    after which everything is over.
    """

    calls: Mapping[tuple[str, Inst], int] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    fails: Mapping[int, int] = field(default_factory=dict)
    stages: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    last: int = 0

    def at(self, turn: int) -> Expr:
        """Return whether it is one particular turn."""
        return TURN(SYSTEM).eq(turn)

    def quiet(self) -> Expr:
        """Return whether the episode has not begun, or is over."""
        ends = self.stages.get("after", ())
        return any_of(*(self.at(turn) for turn in (BEFORE, *ends)))


def schedule(episode: Episode, processes: Sequence[tuple[Driver, Inst]]) -> Turns:
    """Return the turns of an episode for the drivers and instances of a design."""
    calls: dict[tuple[str, Inst], int] = {}
    events: dict[str, int] = {}
    stages: dict[str, tuple[int, ...]] = {}
    turn = 1
    down = sorted(processes, key=lambda one: -depth(one[1]))
    up = list(reversed(down))
    for stage in episode.stages:
        begun = turn
        called = down if stage in TAKEN_BACK_BY else up
        for driver, inst in called:
            called_for = stage in driver.callbacks() or (
                stage == "suspend" and (woken_for_sleep(driver) or may_stay_suspended(driver))
            )
            if called_for and (stage, inst) not in calls:
                calls[stage, inst] = turn
                turn += 1
        if stage in BY_ITSELF:
            events[stage] = turn
            turn += 1
        if stage == "off" and episode.name == "sleep":
            events["restore"] = turn
            turn += 1
        if stage == "after":
            events["over"] = turn
            active = list(stages)[-1]
            stages[active] = (*stages[active], turn)
            begun = turn = turn + 1
        stages[stage] = tuple(range(begun, turn + (stage == "after")))
    last = turn if "after" in stages else turn - 1
    return Turns(calls, events, _failures(calls, events, last, tuple(stages)), stages, last)


def smart(driver: Driver) -> bool:
    """Return whether a driver says that its callbacks for sleep cope with runtime suspend."""
    return _tells(driver, SMART_SUSPEND)


def _tells(driver: Driver, flag: str) -> bool:
    return any(flag in do.op.flags and do.places == (driver.device,)
               for do in operations(driver.probe))


def woken_for_sleep(driver: Driver) -> bool:
    """Return whether runtime PM resumes a device before its driver is called for system sleep.

    drivers/pci/pci-driver.c pci_pm_suspend() does, of whoever does not say that it can do without;
    no other bus does.
    """
    return _sleeps_at_runtime(driver) and not smart(driver)


def may_stay_suspended(driver: Driver) -> bool:
    """Return whether the PM core may leave a suspended device alone all through a system sleep.

    drivers/pci/pci-driver.c pci_pm_prepare() says that it may, of whoever does not forbid it; on
    other buses .prepare of the driver would have to, which no design can say.
    """
    return _sleeps_at_runtime(driver) and not _tells(driver, NO_DIRECT_COMPLETE)


def _sleeps_at_runtime(driver: Driver) -> bool:
    return driver.device.kind == "pci" and bool(set(RUNTIME) & driver.callbacks().keys())


def _failures(
    calls: Mapping[tuple[str, Inst], int], events: Mapping[str, int], last: int,
    stages: Sequence[str],
) -> dict[int, int]:
    """Return where a suspend that fails leads: to the resume of those who sleep already.

    A slot_reset that fails gives the device up, PCI_ERS_RESULT_DISCONNECT: nobody expects anything
    of it from there on but that its driver can be unbound (drivers/pci/pcie/err.c).
    """
    found = {}
    for (stage, _), turn in calls.items():
        if stage == "slot_reset":
            found[turn] = last
        if stage not in TAKEN_BACK_BY:
            continue
        asleep = {one for (other, one), at in calls.items() if other == stage and at < turn}
        back = [at for (other, one), at in calls.items()
                if other == TAKEN_BACK_BY[stage] and one in asleep]
        earlier = stages[:stages.index(stage)]
        before = {TAKEN_BACK_BY[one] for one in earlier if one in TAKEN_BACK_BY}
        back += [at for (other, _), at in calls.items() if other in before]
        found[turn] = min(back, default=events["over"])
    return found


def depth(inst: Inst) -> int:
    """Return how many devices are above a device."""
    device, found = inst.device, 0
    while device.parent is not None:
        device, found = device.parent, found + 1
    return found
