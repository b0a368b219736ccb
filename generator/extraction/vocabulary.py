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
def by_callee() -> Mapping[str, tuple[tuple[str, str, Operation], ...]]:
    """Return callee -> the operations that it can be, each with its facility and name."""
    found: dict[str, dict[int, tuple[str, str, Operation]]] = {}
    for facility, values in sorted(shipped().items()):
        for name, value in values.items():
            if isinstance(value, Operation) and value.fingerprint and value.label is None:
                at_home = (facility, name, value)
                known = found.setdefault(value.fingerprint.callees[0], {})
                if id(value) not in known or name.lower() == value.name:
                    known[id(value)] = known.get(id(value), at_home)
    return {callee: tuple(known.values()) for callee, known in found.items()}


def done(label: Label, device: Device, fail: OnFail | Block) -> Do | None:
    """Return what a call is of a driver of one device; None when no operation says it."""
    for facility, _, operation in by_callee().get(label.name, ()):
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


def _params(operation: Operation, label: Label) -> dict[str, Any] | None:
    """Return the numbers that C gives, None when they are not this operation's."""
    texts = dict(zip(operation.shown, label.args.split(", "), strict=False))
    words = {text: value for value, text in operation.words}
    found: dict[str, Any] = {}
    for name in operation.shown:
        text = texts.get(name, "*")
        if name not in operation.params:
            if text not in (name, "*"):
                return None
            continue
        if text in words or text.isdigit():
            found[name] = words[text] if text in words else int(text)
    for name in operation.params:
        known = dict(operation.defaults)
        if name not in found and name not in known:
            found[name] = next((least for one, least, _ in operation.ranges if one == name), 0)
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
        operation.undo for known in by_callee().values() for _, _, operation in known
        if operation.undo is not None
    )
