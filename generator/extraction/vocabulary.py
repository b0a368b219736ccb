# SPDX-License-Identifier: GPL-2.0-only
"""Which operation a label of C is, on which device, and with which numbers."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from generator.design import Device
from generator.errors import ModelError
from generator.expr import Place, num
from generator.facts import HANDLER, IRQ, MASKED, MEMORY, WAKE
from generator.graphs.lts import Label
from generator.operation import UNSAID, Do, OnFail, Operation
from generator.ops import shipped
from generator.program import Block, operations

# Operations that act on a device which the driver makes for somebody else, or on memory of which
# C does not say what it is for.
_ELSEWHERE = ("aux", "child", "service", "hotplug", "domain", "cxl", "corelock")
_OTHERS = (
    "kzalloc", "kzalloc note", "kfree", "kfree note", "put_device", "device_unregister",
    "device_register", "ioremap", "iounmap", "ida_alloc", "ida_free", "list_del", "list_add_tail",
)


@functools.cache
def by_callee() -> Mapping[str, tuple[tuple[str, Operation], ...]]:
    """Return callee -> the operations that it can be, each with its facility."""
    found: dict[str, dict[int, tuple[str, Operation]]] = {}
    for facility, values in sorted(shipped().items()):
        for value in values.values():
            if isinstance(value, Operation) and value.fingerprint and value.label is None:
                known = found.setdefault(value.fingerprint.callees[0], {})
                known.setdefault(id(value), (facility, value))
    return {callee: tuple(known.values()) for callee, known in found.items()}


def done(label: Label, device: Device, fail: OnFail | Block) -> Do | None:
    """Return what a call is of a driver of one device; None when no operation says it."""
    for facility, operation in by_callee().get(label.name, ()):
        if facility in _ELSEWHERE or operation.name in _OTHERS:
            continue
        params = _params(operation, label)
        if params is None:
            continue
        places: tuple[Place, ...] = (device,) * len(operation.roles)
        try:
            return operation(*places, fail=fail if operation.fallible else UNSAID, **params)
        except ModelError:  # of another kind of device
            continue
    return None


def guessed(operation: Operation, label: Label) -> bool:
    """Return whether C does not show a number of a call: the usual one, or the least, is taken."""
    return set(_told(operation, label) or ()) != set(operation.params)


def _params(operation: Operation, label: Label) -> dict[str, Any] | None:
    """Return the numbers of a call, None when C's are not this operation's."""
    told = _told(operation, label)
    if told is None:
        return None
    least = {name: low for name, low, _ in operation.ranges}
    usual = dict(operation.defaults)
    return {
        name: told.get(name, least.get(name, 0)) for name in operation.params
        if name in told or name not in usual
    }


def _told(operation: Operation, label: Label) -> dict[str, int] | None:
    """Return the numbers that C gives as constants, None when they are not this operation's."""
    texts = dict(zip(operation.shown, label.args.split(", "), strict=False))
    words = {text: value for value, text in operation.words}
    found: dict[str, int] = {}
    for name in operation.shown:
        text = texts.get(name, "*")
        if name not in operation.params:
            if text not in (name, "*"):
                return None
        elif text in words or text.isdigit():
            found[name] = words[text] if text in words else int(text)
    return found


def not_founded(blocks: Iterable[Block]) -> frozenset[Operation]:
    """Return operations that rest on what nothing here does: what they take back, need or use.

    What does it is a call that nobody names, so nothing true can be said of them.
    """
    there = {do.op for block in blocks for do in operations(block)}
    gone: frozenset[Operation] = frozenset()
    while True:
        left = there - gone
        more = frozenset(one for one in left if not _founded(one, left))
        if not more:
            return gone
        gone |= more


def _founded(one: Operation, there: Collection[Operation]) -> bool:
    given = {
        gives.target.fact for operation in there for outcome in operation.outcomes
        for gives in outcome.gives if gives.value != num(0)
    }
    own = {gives.target.fact for outcome in one.outcomes for gives in outcome.gives}
    if one in _undoing() and one not in {operation.undo for operation in there}:
        return False
    if own & {HANDLER, MASKED, WAKE} and not (IRQ in given and MEMORY in given):
        return False
    return all(fact in given for fact in one.needs)


@functools.cache
def _undoing() -> frozenset[Operation]:
    return frozenset(
        operation.undo for known in by_callee().values() for _, operation in known
        if operation.undo is not None
    )
