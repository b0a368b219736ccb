# SPDX-License-Identifier: GPL-2.0-only
"""How states and time grow with what a design has: operations, children and ports.

    .venv/bin/python tests/bench/explore_growth.py [--engine NAME]... [--seconds N]

Each engine explores each design, alone in a process of its own, which says how much memory it
took. Engines are `explore`, which is ours, `spin`, and `naive`, the oracle: it shows what there is
without any reduction. One that does not come to an end within N seconds (60) is UNFINISHED.
Numbers are printed, nothing is asserted.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from checks.rules.all import RULES
from checks.search import spin
from checks.search.explore import explore
from checks.search.oracle import naive
from generator.design import Design, Device, Driver
from generator.designs import auxbus, today
from generator.facts import ADDED, CAN_DYN, CAP, COUNT, LIFE
from generator.operation import Guard
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.device import IDA_ALLOC, IDA_FREE, KZALLOC
from generator.ops.perf import devm_action
from generator.ops.pm import PM_RUNTIME_PUT, PM_RUNTIME_RESUME_AND_GET
from generator.program import Each, If
from generator.resize import with_children

PORT = Device("port", "pci")


@dataclass(frozen=True)
class Row:
    """What an engine found: 0 states where it does not say."""

    verdict: str
    states: int
    transitions: int
    seconds: float
    megabytes: int


def family(operations: int, children: int, ports: int = 1) -> Design:
    """Return ports whose children hold them awake and take some things more."""
    devices: list[Device] = []
    drivers: list[Driver] = []
    for number in range(ports):
        port = replace(PORT, name=f"port{number}")
        kid = Device(f"kid{number}", "aux", port, count=children)
        make = (IDA_ALLOC(kid), KZALLOC(kid), AUXILIARY_DEVICE_INIT(kid),
                AUXILIARY_DEVICE_ADD(kid))
        there = Guard("it was added", LIFE(kid).eq(ADDED), ())
        drop = (AUXILIARY_DEVICE_DELETE(kid), AUXILIARY_DEVICE_UNINIT(kid), IDA_FREE(kid))
        put = devm_action(PM_RUNTIME_PUT, "put")
        held = (PM_RUNTIME_RESUME_AND_GET(port, kid), put(port, kid, kid))
        devices += [port, kid]
        drivers += [
            Driver(f"port driver {number}", port, (Each(kid, make),),
                   (Each(kid, (If(there, drop),), backwards=True),)),
            Driver(f"kid driver {number}", kid, held * operations),
        ]
    return Design("family", "ports with children", tuple(devices), tuple(drivers))


def designs() -> Iterator[tuple[str, Design]]:
    """Yield what is measured, each series with its smallest first."""
    for operations in (1, 2, 4, 8):
        yield f"{operations} times an operation", family(operations, 1)
    for children in range(1, 7):
        yield f"{children} children", family(1, children)
    for ports in range(1, 4):
        yield f"{ports} ports", family(1, 1, ports)
    yield "today", today.DESIGN
    one = {CAP: "MSI-X", COUNT: "2", CAN_DYN: "yes"}
    for children in (1, 2, 3):
        yield f"auxbus, {children} CPMU, one hardware", with_children(
            replace(auxbus.DESIGN, given=one), children)
    for children in (1, 2):
        yield f"auxbus, {children} CPMU", with_children(auxbus.DESIGN, children)


def ours(design: Design, seconds: float) -> tuple[str, int, int]:
    """Explore a design with our explorer."""
    found = explore(design, RULES, states=50_000_000, seconds=seconds)
    return found.verdict.value, found.bounds.states, found.bounds.transitions


def with_spin(design: Design, seconds: float) -> tuple[str, int, int]:
    """Explore a design with SPIN; translation and compilation are part of the time."""
    found = spin.explore(design, RULES, seconds=seconds)
    return found.verdict.value, found.bounds.states, found.bounds.transitions


def oracle(design: Design, _seconds: float) -> tuple[str, int, int]:
    """Explore a design without any reduction, as far as 200,000 states."""
    found = naive(design, RULES, states=200_000)
    return found.verdict.value, found.states, 0


ENGINES: dict[str, Callable[[Design, float], tuple[str, int, int]]] = {
    "explore": ours, "spin": with_spin, "naive": oracle,
}


def measured(engine: str, number: int, seconds: float) -> Row:
    """Return what one engine says about one design."""
    design = list(designs())[number][1]
    began = time.process_time()
    verdict, states, transitions = ENGINES[engine](design, seconds)
    own, below = (resource.getrusage(who) for who in
                  (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    spent = time.process_time() - began + below.ru_utime + below.ru_stime
    return Row(verdict, states, transitions, spent, max(own.ru_maxrss, below.ru_maxrss) // 1024)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--seconds", type=float, default=60.0)
    args = parser.parse_args()
    print(f"{'design':<30}{'engine':<9}{'verdict':<12}{'states':>9}{'transitions':>13}"
          f"{'CPU s':>8}{'states/s':>10}{'MB':>6}")
    for number, (name, _) in enumerate(designs()):
        for engine in args.engine or ["explore"]:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                row = pool.apply(measured, (engine, number, args.seconds))
            print(f"{name:<30}{engine:<9}{row.verdict:<12}{row.states:>9}{row.transitions:>13}"
                  f"{row.seconds:>8.2f}{row.states / row.seconds:>10.0f}{row.megabytes:>6}",
                  flush=True)


if __name__ == "__main__":
    main()
