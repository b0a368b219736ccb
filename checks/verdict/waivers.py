# SPDX-License-Identifier: GPL-2.0-only
"""Waivers that could never fit anything: a rule, an operation or a function that there is not."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from checks.machine.step import Kind
from checks.rules.rule import Rule
from generator.design import CALLBACK_NAMES, Design
from generator.errors import ModelError
from generator.operation import Operation
from generator.ops import shipped
from generator.program import Function, called, operations

_ENTRIES = ("probe", "remove", "shutdown", "atomic", *CALLBACK_NAMES)
_NOBODYS = ("devres", "driver core", "environment")  # entry of steps that no driver makes


def check_waivers(design: Design, rules: Iterable[Rule]) -> None:
    """Refuse a waiver whose rule, op= or inside= is misspelt; one that fits nothing is reported.

    Errors: ModelError, at the waiver.
    """
    keys = [rule.key for rule in rules]
    known = _names(design) if any(one.op or one.inside for one in design.waivers) else {}
    for waiver in design.waivers:
        if waiver.rule not in keys:
            raise ModelError(
                waiver.where,
                f"a waiver of {waiver.rule}, which is no rule: {', '.join(keys)}"
            )
        for field, what in (("op", "operation"), ("inside", "entry point or helper")):
            name = getattr(waiver, field)
            if name and name not in known[field]:
                raise ModelError(
                    waiver.where,
                    f"the waiver of {waiver.rule}: {field}={name!r} is no {what}"
                    + _near(name, known[field])
                )


def _names(design: Design) -> dict[str, set[str]]:
    """Return what op= and inside= of a waiver can name."""
    blocks = [(name, block) for one in design.drivers for name, block in one.blocks().items()]
    done = [do.op for _, block in blocks for do in operations(block)]
    ours = [one for space in shipped().values() for one in space.values()
            if isinstance(one, Operation)]
    functions = [one for _, block in blocks for one in called(block)]
    return {
        "op": {*_undoing((*done, *ours)), *(kind.value for kind in Kind)},
        "inside": {*_ENTRIES, *_NOBODYS, *(name for name, _ in blocks), *_undone(functions)},
    }


def _undoing(ops: Iterable[Operation]) -> set[str]:
    """Return the names of operations, and of what takes them back."""
    found: dict[str, Operation] = {}
    todo = list(ops)
    while todo:
        op = todo.pop()
        if op.name not in found:
            found[op.name] = op
            todo += [one for one in (op.undo, op.off_devres, *(by for _, by in op.frees_by)) if one]
    return set(found)


def _undone(functions: Iterable[Function]) -> set[str]:
    found: set[str] = set()
    for function in functions:
        one: Function | None = function
        while one is not None:
            found.add(one.name)
            one = one.undo
    return found


def _near(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f": did you mean {close[0]!r}?" if close else ": write its name as the design does"
