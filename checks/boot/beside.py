# SPDX-License-Identifier: GPL-2.0-only
"""N2 on a kernel: what the pinned kernel's services get, beside what they get under a design.

with_today(run, base) -> the run with a line more for each thing that is to be as under today
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from checks.boot.guest.line import Line
from checks.boot.predict.board import BOARDS, Port
from checks.boot.run import AS_PREDICTED, FAILED, Run

_AFTER = ("load", "boot")  # the latest of these that both have
_ALWAYS = ("service ", "handlers of message ", "handlers on the INTx line", "driver")
_ALONE = ("interrupts are by", "messages with a vector", "bus mastering")


def with_today(run: Run, base: Run) -> Run:
    """Return a run with what its services must have as under the pinned kernel, by N2.

    Of ports with several vectors only what services have: CPMUs may add vectors.
    """
    scenario = next((name for name in _AFTER
                     if name in dict(run.seconds) and name in dict(base.seconds)), "")
    if not scenario or run.board not in BOARDS:
        return run
    fresh = [line for port in BOARDS[run.board].ports
             for line in _of_port(port, run, base, scenario)]
    at = max((n for n, line in enumerate(run.lines) if line.scenario == scenario), default=-1) + 1
    end = run.end
    if end == AS_PREDICTED and not all(line.holds for line in fresh):
        end = FAILED
    return replace(run, lines=(*run.lines[:at], *fresh, *run.lines[at:]), end=end)


def _of_port(port: Port, run: Run, base: Run, scenario: str) -> Iterator[Line]:
    """Yield the lines of a port, as it was seen under the pinned kernel and under the design."""
    kinds = _ALWAYS if (port.capability == "MSI-X" and port.entries > 1) or not port.services \
        else (*_ALWAYS, *_ALONE)
    ours, theirs = (
        {line.what: line for line in one.lines
         if line.scenario == scenario and line.subject == port.name and line.about == "design"
         and line.what.startswith(kinds) and not line.what.endswith("beside the services'")}
        for one in (run, base)
    )
    for what, line in theirs.items():
        mine = ours.get(what)
        yield Line(scenario, port.name, f"{what}, as under today", line.observed,
                   mine.observed if mine is not None else "was not seen",
                   mine.evidence if mine is not None else "")
