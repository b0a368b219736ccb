# SPDX-License-Identifier: GPL-2.0-only
"""A machine and what is watched in it, compiled: searched breadth first, as often as is wanted."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from checks.machine.machine import Machine
from checks.search.machine_as_c import Watch
from checks.search.packed import pack
from checks.search.trace import ReplayError
from generator.expr import Read
from generator.system.stopping import asked

OFTEN = 1_000  # states that are expanded between two looks at the clock


class Search:
    """States are numbered in the order in which they are reached; 0 is where every life begins."""

    def __init__(self, machine: Machine, watches: Sequence[Watch]) -> None:
        """Compile.

        Errors: ModelError, EnvironmentFault without a compiler.
        """
        self.packed = pack(machine, watches)
        self.library = self.packed.library

    def run(
        self, given: Mapping[Read, int], *, states: int, seconds: float, first: bool = False
    ) -> bool:
        """Search where hardware gives some answers; return whether nothing is left to search.

        With `first`, it ends with the steps after which something broke. Errors:
        EnvironmentFault without memory.
        """
        until = time.monotonic() + seconds
        self.library.begin(self.packed.start(given), max(states, 1), until, first=first)
        while time.monotonic() < until and not asked():
            if not self.library.search(OFTEN):
                return self.library.complete()
        return False

    def path(self, at: int, origin: int | None = None) -> list[int]:
        """Return the transitions of a shortest way to a state, over the one before it if given.

        Errors: ReplayError when there is none: the search itself is wrong.
        """
        found: list[int] = []
        while at:
            before = self.library.origin(at) if origin is None else origin
            origin = None
            steps = self.library.between(before, at)
            if not steps:
                raise ReplayError("no steps lead from a state to one that was reached from it")
            found[:0] = steps
            at = before
        return found
