# SPDX-License-Identifier: GPL-2.0-only
"""The helpers that the drivers of a design call: functions of their own in C."""

from __future__ import annotations

from collections.abc import Iterator

from generator.ctext import Written
from generator.design import Design
from generator.errors import ModelError
from generator.operation import Do
from generator.program import Block, Call, Each, Function, If, Ifdef


def functions(design: Design) -> dict[str, Function]:
    """Return every helper that a design's drivers call, by name.

    Errors: ModelError when two that the series writes have one name and different bodies.
    """
    found: dict[str, Function] = {}
    for driver in design.drivers:
        for entry in driver.entries().values():
            for one in called(entry):
                known = found.setdefault(one.name, one)
                if isinstance(one, Written) and known != one:
                    raise ModelError(
                        f"{design.where}: {design.name} has two different helpers of the name "
                        f"{one.name}: C can have only one"
                    )
    return found


def called(block: Block) -> Iterator[Function]:
    """Yield the helpers of a block and theirs, in the order of the text."""
    for node in block:
        match node:
            case Do(on_fail=on_fail) if isinstance(on_fail, tuple):
                yield from called(on_fail)
            case If(then=then, other=other) | Ifdef(then=then, other=other):
                yield from called(then)
                yield from called(other)
            case Each(body=inner):
                yield from called(inner)
            case Call(function=function, on_fail=on_fail, then=then):
                yield function
                yield from called(function.body)
                if isinstance(on_fail, tuple):
                    yield from called(on_fail)
                yield from called(then)
