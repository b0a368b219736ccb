# SPDX-License-Identifier: GPL-2.0-only
"""A machine as compiled C over states packed into one number: how to walk it.

A question takes one more value, 0, for "not asked yet".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checks.machine.machine import Machine
from checks.search.machine_as_c import Code, Field, Watch, code, fields_of
from checks.search.native import Library
from checks.search.partial_order import Reduction
from generator.expr import Expr, Read
from generator.meaning import fold_known

Successors = list[tuple[int, int]]  # (transition, state)


@dataclass(frozen=True)
class Packed:
    """Compiled functions of a machine, and where its variables are in a state."""

    fields: Mapping[Read, Field]
    code: Code
    library: Library

    def start(self, given: Mapping[Read, int]) -> int:
        """Return the state in which every life begins, with some questions answered."""
        return sum(
            (value + 1) << self.fields[read].shift
            for read, value in given.items() if read in self.fields
        )

    def steps(self, state: int) -> Successors:
        """Return every step from a state, and where it leads."""
        return self.library.steps(state)

    def values(self, state: int) -> dict[Read, int | None]:
        """Return the facts of a state; None is a question that nobody asked."""
        return {read: self.value(state, read) for read in self.fields}

    def value(self, state: int, read: Read) -> int | None:
        """Return one fact of a state."""
        field = self.fields[read]
        value = state >> field.shift & field.mask
        return value if not read.fact.question else value - 1 if value else None


def pack(machine: Machine, watches: Sequence[Watch]) -> Packed:
    """Return a machine as compiled functions, with the watches of the rules built in.

    Errors: ModelError, EnvironmentFault.
    """
    given = {read: value for read, value in machine.given.items()
             if read not in machine.variables}
    watches = [one.assuming(given) for one in watches]
    fields = fields_of(machine)
    made = code(machine, watches, fields, _reduced(machine, watches, frozenset(fields)))
    library = Library(made.text, made.words, len(machine.transitions), len(watches))
    return Packed(fields, made, library)


def _reduced(
    machine: Machine, watches: Sequence[Watch], known: frozenset[Read]
) -> Reduction:
    """Return what a search can do without."""
    at_step: dict[int, list[tuple[int, Expr, bool]]] = {}
    in_states: list[tuple[int, Expr, bool]] = []
    for index, watch in enumerate(watches):
        condition = index, fold_known(watch.when, known), bool(watch.waived)
        if watch.at is None:
            in_states.append(condition)
        else:
            at_step.setdefault(watch.at, []).append(condition)
    return Reduction(machine, at_step, in_states)
