# SPDX-License-Identifier: GPL-2.0-only
"""States per second of the explorer beside SPIN's, on the same designs.

    .venv/bin/python tests/bench/engines.py [DESIGN...]

The explorer keeps fewer states, for it takes steps at once that nobody else can see; SPIN's are
given twice, from the machine that the explorer prepares and from the machine as it is ("raw").
`s` is all of it, with the time in which SPIN's model is made and compiled; `per s` counts the
search alone. Numbers are printed, nothing is asserted.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from checks.rules.all import RULES
from checks.search import spin
from checks.search.explore import explore
from checks.search.liveness import forget
from checks.search.promela import promela
from checks.search.told import Report
from generator.design import Design
from generator.load import load, names

Row = tuple[int, float, bool]  # states, seconds of the search alone, finished


def ours(design: Design) -> Row:
    """Search with the explorer."""
    report: Report = explore(design, RULES, states=10**8)
    return report.bounds.states, report.bounds.seconds, report.bounds.complete


def theirs(design: Design) -> Row:
    """Search with SPIN, in the machine that the explorer prepares."""
    machine, watches = spin.machine_of(design, RULES)
    found = spin.search(promela([(forget(machine, watches), watches)]))
    return found.states, found.seconds, found.complete


def raw(design: Design) -> Row:
    """Search with SPIN, in the machine as it is."""
    found = spin.search(promela([spin.machine_of(design, RULES)]))
    return found.states, found.seconds, found.complete


ENGINES: dict[str, Callable[[Design], Row]] = {"explorer": ours, "SPIN": theirs, "SPIN raw": raw}


def main(argv: Sequence[str]) -> None:
    """Print one row for each design and engine."""
    print(f"{'design':<17}{'engine':<10}{'states':>10}{'s':>8}{'per s':>9}")
    for name in argv or names():
        for engine, search in ENGINES.items():
            began = time.monotonic()
            states, seconds, complete = search(load(name).design)
            whole = time.monotonic() - began
            print(f"{name:<17}{engine:<10}{states:>10}{whole:>8.1f}{states / seconds:>9.0f}"
                  f"{'' if complete else '  unfinished'}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
