# SPDX-License-Identifier: GPL-2.0-only
"""What is left open by functions of a driver that are not read: of it nothing true can be said.

A clock that a callback switches off, which nobody calls here, is not leaked by remove.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from generator.context import queued
from generator.expr import Fact
from generator.extraction.contexts import SetUp
from generator.extraction.vocabulary import (
    by_callee,
    facts_of,
    on_contexts,
    single,
    speaks,
    undoing,
)
from generator.facts import CLAIMED, MEMORY
from generator.fingerprint import Fails
from generator.operation import Operation
from generator.parsing.cursors import Unit
from generator.reading.cfg import Extent

_CALLEE = re.compile(r"\b([a-z_]\w+)\s*\(")


def left_open(
    units: Sequence[Unit], reached: Collection[str], there: Sequence[SetUp]
) -> frozenset[Fact]:
    """Return the facts that functions change which are not among those that were reached."""
    found: set[Fact] = set()
    for unit in units:
        lines = unit.text.decode("utf-8", "replace").split("\n")
        for name, definition in unit.definitions.items():
            if name in reached:
                continue
            extent = definition.cursor.extent
            text = "\n".join(lines[extent.start.line - 1 : extent.end.line])
            for callee in set(_CALLEE.findall(text)):
                found |= _changed(callee)
                found |= _context(callee, text, there)
    return frozenset(found - {MEMORY})


def _changed(callee: str) -> frozenset[Fact]:
    """Return what a call of some function takes or gives back by hand."""
    return frozenset().union(*(
        facts_of(one) for facility, one in by_callee().get(callee, ())
        if speaks(facility, one) and not one.managed
        and (one.undo is not None or one in undoing())
    ))


def _context(callee: str, text: str, there: Sequence[SetUp]) -> frozenset[Fact]:
    """Return the contexts that a function with this text cancels or initialises."""
    of = on_contexts().get(callee)
    if of is None or of.does == "queue":
        return frozenset()
    return frozenset(
        queued(one.function) for one in there
        if one.kind == of.kind and re.search(rf"\b{re.escape(one.member)}\b", text)
    )


# Which argument of a call says what it takes or gives back, where that is not the first.
_HANDLE = {"devm_request_irq": 1, "devm_request_threaded_irq": 1, "devm_free_irq": 1}


# Behind the one call, others take the fact by hand in some kernels and by devres in others:
# drivers/pci/pci.c __pci_request_region().
_HYBRID = {"pcim_enable_device": CLAIMED}


def of_several(
    units: Sequence[Unit], meant: Sequence[tuple[str, Operation | None, Extent]]
) -> frozenset[Fact]:
    """Return the facts of which a driver has several, where a device can only have one.

    Of two mappings that are given back one after the other neither is given back twice: they are
    told by what C hands over, its last member. So are those of which it depends on the kernel who
    gives them back.
    """
    lines = {unit.path: unit.text.decode("utf-8", "replace").split("\n") for unit in units}
    handles: dict[Fact, set[str]] = {}
    hybrid = frozenset(_HYBRID[callee] for callee, _, _ in meant if callee in _HYBRID)
    for callee, operation, place in meant:
        if operation is None or place.path not in lines or not operation.fingerprint:
            continue
        if operation.fingerprint.on == 0 and callee not in _HANDLE:
            continue  # of the device itself
        rows = lines[place.path][place.line - 1 : place.end_line]
        inside = " ".join(rows)[place.column - 1 :].partition("(")[2]
        given = _arguments(inside)
        at = _HANDLE.get(callee, 0)
        if at < len(given):
            words = re.findall(r"[A-Za-z_]\w*|\d+", given[at])
            for fact in single(facts_of(operation)):
                handles.setdefault(fact, set()).add(words[-1] if words else "")
    return hybrid | {fact for fact, names in handles.items() if len(names) > 1}


def of_numbers(
    units: Sequence[Unit], meant: Sequence[tuple[str, Operation | None, Extent]]
) -> frozenset[Fact]:
    """Return the facts of calls that give a number which C compares with another than 0.

    How many vectors there are decides then what is done, and a sign does not say it.
    """
    text = {unit.path: unit.text.decode("utf-8", "replace") for unit in units}
    found: set[Fact] = set()
    for callee, operation, place in meant:
        if operation is None or not operation.fingerprint or place.path not in text:
            continue
        if operation.fingerprint.fails not in (Fails.POSITIVE, Fails.NONNEGATIVE):
            continue
        kept = re.findall(rf"(\w+)\s*=\s*{callee}\s*\(", text[place.path])
        if any(re.search(rf"\b{one}\s*(?:[=!]=|[<>]=?)\s*(?!0\b|-)\w"
                         rf"|\b\w+\s*(?:[=!]=|[<>]=?)\s*{one}\b", text[place.path])
               for one in kept):
            found |= facts_of(operation)
    return frozenset(found)


def _arguments(inside: str) -> list[str]:
    """Return the arguments of a call from the text behind its parenthesis."""
    found, depth, begin = [], 0, 0
    for at, letter in enumerate(inside):
        depth += (letter in "([{") - (letter in ")]}")
        if depth < 0 or (depth == 0 and letter == ","):
            found.append(inside[begin:at])
            begin = at + 1
        if depth < 0:
            break
    return found
