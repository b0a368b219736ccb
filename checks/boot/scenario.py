# SPDX-License-Identifier: GPL-2.0-only
"""What is done to a guest, in the words of the exploration: bind, unbind, interrupt, sleep, ...

Each scenario is a function of a `Stage` that yields lines; it ends where it began, so that the
next one finds the guest as it was. `ALL` has them in the order in which they are run. Hotplug is
late, because the pinned kernel's own lockdep splat ends lockdep. Resets are later still: the slot
of a port that was reset tells nothing of hotplug any more, under the pinned kernel either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from checks.boot.broken import forbidden, provoke
from checks.boot.guest.line import Line
from checks.boot.predict.board import Board
from checks.boot.scenarios import aer, binding, counting, openevent, plug, power
from checks.boot.scenarios.stage import Stage

Scenario = Callable[[Stage], Iterator[Line]]

ALL: Mapping[str, Scenario] = {
    "boot": binding.boot, "load": binding.load, "count": counting.count,
    "reload": counting.reload, "rebind": binding.rebind, "sleep": power.sleep,
    "interrupt": aer.interrupt, "churn": aer.churn, "hotplug": plug.hotplug,
    "reset": power.reset, "recover": aer.recover, "unbind-open": openevent.unbind_open,
    **provoke.ALL, **forbidden.SCENARIOS,
}
FATAL = ("unbind-open",)  # the guest does not survive it, if it goes as is predicted
# What a design is driven through when nobody names a scenario.
USUAL = tuple(
    name for name in ALL if name not in {*FATAL, *provoke.ALL, *forbidden.SCENARIOS}
)


def usual(board: Board) -> tuple[str, ...]:
    """Return what is done to a guest of a board when nobody asks for anything."""
    return tuple(name for name in USUAL if name not in board.without)
