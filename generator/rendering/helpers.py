# SPDX-License-Identifier: GPL-2.0-only
"""The helpers that the drivers of a design call: functions of their own in C."""

from __future__ import annotations

from generator.ctext import Written
from generator.design import Design
from generator.errors import ModelError
from generator.program import Function, called


def functions(design: Design) -> dict[str, Function]:
    """Return every helper that a design's drivers call, by name.

    Errors: ModelError when two that the series writes have one name and different bodies.
    """
    found: dict[str, Function] = {}
    for driver in design.drivers:
        for entry in driver.functions().values():
            for one in called(entry):
                known = found.setdefault(one.name, one)
                if isinstance(one, Written) and known != one:
                    raise ModelError(
                        design.where,
                        f"{design.name} has two different helpers of the name "
                        f"{one.name}: C can have only one"
                    )
    return found
