# SPDX-License-Identifier: GPL-2.0-only
"""Calls in a WARN_ON(), which warns where they fail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from generator.design import Device
from generator.extraction.texts import lines_of
from generator.facts import AFFINITY
from generator.operation import Do, Operation
from generator.ops.handling import WARN_ON
from generator.parsing.cursors import Unit
from generator.program import Block
from generator.reading.sites import Site
from generator.reads import reads

_WARNS = r"WARN(?:_ON)?(?:_ONCE)?\s*\(\s*!?\s*"  # what is asked is nothing else
_ENDS = re.compile(r"\s*(?:(?:<|!=)\s*0\s*)?[,)]")
_MOST = 3  # lines that it goes on
# What is soldered on has its irq on a controller that whoever wrote the driver knew.
_SOLDERED = ("platform", "i2c", "spi")


def warned(do: Do, failed: Block | None, sites: Sequence[Site], units: Sequence[Unit]) -> Do:
    """Return a call with the warning of its failure, where C warns and it may fail at all.

    failed: what is done when it fails, None or () when nothing is.
    """
    if not sites or not all(_warns(do.op, one, units) for one in sites):
        return do
    device = next(iter(do.places), None)
    if not isinstance(device, Device) or not _may_fail(do.op, device.kind):
        return do
    return replace(do, on_fail=(replace(WARN_ON(device), where=do.where), *(failed or ())))


def _warns(op: Operation, site: Site, units: Sequence[Unit]) -> bool:
    place = site.place
    for unit in units:
        if unit.path == place.path:
            rest = "\n".join((lines_of(unit)[place.line - 1][place.column - 1 :],
                              *lines_of(unit)[place.line : place.line + _MOST]))
            begins = re.match(rf"{_WARNS}{re.escape(op.name)}\s*\(", rest)
            return begins is not None and _ENDS.match(_behind(rest[begins.end() :])) is not None
    return False


def _behind(text: str) -> str:
    """Return what stands behind the parenthesis that closes a call; "" where none does."""
    depth = 1
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[at + 1 :]
    return ""


def _may_fail(op: Operation, kind: str) -> bool:
    """Return whether hardware that is as it should be, or too little memory, makes it fail."""
    for way in op.outcomes:
        asked = {one.fact for one in reads(way.when) if one.fact.question}
        if way.label == "fail" and (
            (asked and not (asked == {AFFINITY} and kind in _SOLDERED)) or way.error == "-ENOMEM"
        ):
            return True
    return False
