# SPDX-License-Identifier: GPL-2.0-only
"""Numbers that a design computes with and that C gets by name are the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from generator.expr import Num
from generator.parsing.conditions import tokens
from generator.parsing.cursors import Kind, constant, spelled
from generator.program import Block, operations
from generator.reading.cfg import Extent

if TYPE_CHECKING:
    from generator.parsing.unit import Unit


def differing(blocks: Iterable[Block], units: Iterable[Unit]) -> Iterator[tuple[str, Extent]]:
    """Yield what is said of each argument whose value in C is not the design's, and where it is.

    A parameter is given as a number, which the design explores, and by `c=` as what stands in C
    for it, as a macro: what the compiler makes of that is to be the number.
    """
    wanted = _wanted(blocks)
    if not wanted:
        return
    for unit in units:
        lines = unit.text.split(b"\n")
        for name, function in unit.functions().items():
            text = unit.text[function.extent.start.offset:function.extent.end.offset]
            if not any(callee.encode() in text for callee in wanted):
                continue  # a walk over all cursors costs more than reading the function
            for one in function.walk_preorder():
                if one.kind != Kind.CALL_EXPR or one.spelling not in wanted:
                    continue
                for argument in one.get_arguments():
                    said = "".join(tokens(spelled(lines, argument)))
                    number = wanted[one.spelling].get(said)
                    value = constant(argument) if number is not None else None
                    if number is not None and value is not None and value != number:
                        yield (f"{one.spelling}: `{said}` is {value} in C, the design computes "
                               f"with {number}", _place(unit, name, argument))


def _wanted(blocks: Iterable[Block]) -> Mapping[str, Mapping[str, int]]:
    """Return by callee which number the design has for what stands in C."""
    found: dict[str, dict[str, int]] = {}
    for block in blocks:
        for do in operations(block):
            given = dict(do.c)
            for name, value in zip(do.op.params, do.params, strict=True):
                text = given.get(name)
                if do.op.fingerprint is None or text is None or not isinstance(value, Num):
                    continue
                for callee in do.op.fingerprint.callees:
                    found.setdefault(callee, {})["".join(tokens(text))] = value.value
    return found


def _place(unit: Unit, function: str, cursor: Any) -> Extent:  # noqa: ANN401 - libclang's
    start, end = cursor.extent.start, cursor.extent.end
    return Extent(unit.path, function, start.line, start.column, end.line, end.column)
