# SPDX-License-Identifier: GPL-2.0-only
"""What the whole matrix costs: CPU seconds, states, memory of each exploration, and of all.

    .venv/bin/python tests/bench/matrix.py [--baseline] [DESIGN...]

Nothing that was kept from an earlier run is used. With --baseline, the states are written to
tests/states.json, which tests/verdict/test_states.py holds later runs against. Numbers are printed,
nothing is asserted.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from checks.verdict.matrix import KINDS, Exploration, Task, explore_all
from checks.verdict.parallel import PROCESSES
from generator.load import names

BASELINE = Path(__file__).parents[1] / "states.json"


def baseline(found: Sequence[Exploration]) -> str:
    """Return the states of some explorations as the text of the file."""
    states: dict[str, dict[str, int]] = {}
    for one in found:
        states.setdefault(one.design, {})[one.interrupts] = one.states
    return json.dumps(states, indent=2) + "\n"


def main(argv: Sequence[str]) -> None:
    """Explore and print; with --baseline, write the file as well."""
    wanted = [name for name in argv if not name.startswith("-")] or names()
    began = time.monotonic()
    found = explore_all(tuple(Task(name, kind.name) for name in wanted for kind in KINDS))
    wall = time.monotonic() - began
    print(f"{'design':<17}{'interrupts':<15}{'states':>9}{'transitions':>13}{'s':>7}{'MB':>6}")
    for one in found:
        print(f"{one.design:<17}{one.interrupts:<15}{one.states:>9}{one.transitions:>13}"
              f"{one.seconds:>7.1f}{one.megabytes:>6}")
    peaks: dict[int, int] = {}
    for one in found:
        peaks[one.process] = max(peaks.get(one.process, 0), one.megabytes)
    states, busy = sum(one.states for one in found), sum(one.seconds for one in found)
    print(f"\n{wall:.1f} s on {PROCESSES} processes, {busy:.1f} s of CPU time, "
          f"{sum(peaks.values())} MB; {states} states, {states / busy:.0f} per second of it")
    if "--baseline" in argv:
        BASELINE.write_text(baseline(found))


if __name__ == "__main__":
    main(sys.argv[1:])
