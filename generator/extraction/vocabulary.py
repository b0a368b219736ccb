# SPDX-License-Identifier: GPL-2.0-only
"""Which operation a label of C is, on which device, and with which numbers."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from generator.context import REGISTERED
from generator.design import Device
from generator.errors import ModelError
from generator.expr import TRUE, Fact, Place, num
from generator.extraction.contexts import INIT, SetUp, initialises
from generator.extraction.contexts import name as context_name
from generator.facts import ENABLED, HANDLER, IRQ, MAPPED, MASKED, MEMORY, POWER, RPM_ENABLED, WAKE
from generator.fingerprint import Fails, Fingerprint
from generator.graphs.design_lts import fingerprints
from generator.graphs.lts import Label
from generator.operation import UNSAID, Do, OnFail, Operation, Set
from generator.ops import shipped
from generator.ops.irq import INTX, MSI, MSIX
from generator.ops.perf import DEVM_ACTION
from generator.ops.power import PM_RUNTIME_FORCE_RESUME, PM_RUNTIME_FORCE_SUSPEND
from generator.ops.work import Of
from generator.program import Block, operations_once

# Operations that act on a device which the driver makes for somebody else, or on memory of which
# C does not say what it is for.
_ELSEWHERE = ("aux", "child", "service", "hotplug", "domain", "cxl", "corelock")
_OTHERS = (
    "kstrdup", "kmalloc", "kzalloc", "kzalloc note", "kfree", "kfree note", "put_device",
    "kzalloc own data", "kfree own data",  # said by own_data.py, where C says that it is that
    "device_unregister",
    "device_register", "ida_alloc", "ida_free", "list_del", "list_add_tail",
    "device_get_named_child_node", "fwnode_handle_put",  # often by a variable that cleans up
    # what the user may change in sysfs at any time: what a driver leaves there is no leak
    "pm_runtime_allow", "pm_runtime_forbid",
)
_FORCED = (PM_RUNTIME_FORCE_SUSPEND, PM_RUNTIME_FORCE_RESUME)
_OF_ENABLED = ("pdev->irq", "pci_alloc_irq_vectors")  # what a PCI device has where it is enabled
# What is taken for a number that C does not show: what most drivers ask for, where the least that
# there is would be odd. Of types of interrupts all are.
_USUAL = {"min": 1, "max": 1, "types": INTX | MSI | MSIX}


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


@functools.cache
def on_contexts() -> Mapping[str, Of]:
    """Return callee -> what it does to a context of the driver, an interface or a work."""
    return {
        callee: value for values in shipped().values() for value in values.values()
        if isinstance(value, Of) and value.callee and value.read
        for callee in (value.callee, *value.spelled)
    }


@functools.cache
def prints() -> tuple[Fingerprint, ...]:
    """Return how all that is known is found in C, a callee once."""
    found = {one.callees[0]: one for one in fingerprints()}
    found |= {
        callee: Fingerprint((callee,), on=1 if _manages_work(of) else of.argument,
                            fails=of.fails if of.does == "start" or of.managed else Fails.NEVER,
                            args=(0,) if of.kind == "thread" else ())
        for callee, of in on_contexts().items()
    }
    return tuple(found[name] for name in sorted(found))


def _manages_work(of: Of) -> bool:
    return of.managed and of.does == "initialise"


def known(callee: str) -> bool:
    """Return whether a call can be an operation of a driver as it is read."""
    return callee in (*on_contexts(), INIT, "kzalloc_noprof", "kfree") or any(
        speaks(facility, one) for facility, one in by_callee().get(callee, ())
    )


def speaks(facility: str, operation: Operation) -> bool:
    """Return whether an operation of a facility can be said of a driver's own device."""
    peeks = facility == "perf" and operation.name in ("ioremap", "iounmap")
    return facility not in _ELSEWHERE and operation.name not in _OTHERS and not peeks


def done(
    label: Label, device: Device, fail: OnFail | Block, there: Sequence[SetUp] = (),
    handle: str | None = None,
) -> Do | None:
    """Return what a call is of a driver of one device; None when no operation says it.

    there: the contexts that the driver sets up. handle: in init and exit of a module, by what C
    tells the things that these register, of which it may have several; "" is not known.
    """
    if handle is not None:
        of = on_contexts().get(label.name)
        known = of is not None and of.kind in REGISTERED and not of.managed and handle
        return of.on(handle)(device, fail=fail if of.does == "start" else UNSAID) if (
            of is not None and known) else None
    if "()" in label.on:  # what a call has returned: of another device
        return None
    of = initialises(label, there) if label.name == INIT else on_contexts().get(label.name)
    found: tuple[Operation, ...] = ()
    if of is not None:
        name = context_name(of, label, there)
        found = () if name is None else (of.on(name),)
    else:
        found = tuple(one for facility, one in by_callee().get(label.name, ())
                      if speaks(facility, one))
    for operation in found:
        params = _params(operation, label)
        if params is None:
            continue
        places: tuple[Place, ...] = (device,) * len(operation.roles)
        try:
            return operation(*places, fail=fail if operation.fallible else UNSAID, **params)
        except ModelError:  # of another kind of device
            continue
    return None


def says_nothing(operation: Operation) -> bool:
    """Return whether nothing is known to come of a call, so that designs do without it."""
    return not (
        operation.fallible or operation.needs or operation.needs_d0 or operation.flags
        or operation.begins or operation.locks or operation.waits != TRUE or operation.does
        or any(outcome.gives for outcome in operation.outcomes)
    )


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
        name: told.get(name, _USUAL.get(name, least.get(name, 0))) for name in operation.params
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
        elif text.isdigit():
            found[name] = int(text)
        else:  # one word, or several joined
            parts = (text,) if text in words else tuple(one.strip() for one in text.split("|"))
            if all(one in words for one in parts):
                found[name] = sum({words[one] for one in parts})
    return found


def not_founded(
    blocks: Iterable[Block], left_open: Collection[Fact] = frozenset()
) -> frozenset[Operation]:
    """Return operations that rest on what nothing here does: what they take back, need or use.

    What does it is a call that nobody names, so nothing true can be said of them. left_open:
    facts that other functions change, which nobody calls here.
    """
    there = {do.op for do in operations_once(blocks)}
    gone = frozenset(one for one in there if facts_of(one) & set(left_open))
    if any(ENABLED in facts_of(one) for one in gone):  # then nobody knows what is used too early
        gone |= {one for one in there if one.name in _OF_ENABLED or MAPPED in one.needs}
    if any(POWER in facts_of(one) for one in gone):  # nor when runtime PM calls the driver
        gone |= {one for one in there if RPM_ENABLED in facts_of(one) or one in _FORCED}
    while True:
        left = there - gone
        more = frozenset(one for one in left if not _founded(one, left))
        if not more:
            return gone
        gone |= more


def single(facts: Iterable[Fact]) -> frozenset[Fact]:
    """Return those of which a device has one, or none: what counts is not among them."""
    return frozenset(one for one in facts if one.top == 1 or one == HANDLER)


def facts_of(one: Operation) -> frozenset[Fact]:
    """Return the facts that an operation, or what undoes it, can change."""
    each = (one,) if one.undo is None else (one, one.undo)
    return frozenset(gives.target.fact for operation in each for gives in _changes(operation))


def _changes(one: Operation) -> tuple[Set, ...]:
    """Return what an operation does where it begins, and where it ends in any way."""
    return (*one.begins, *(gives for outcome in one.outcomes for gives in outcome.gives))


def _of_one(managed: Operation) -> frozenset[Fact]:
    """Return what a managed call gives of which a device has one: by hand it is given back too."""
    paired = managed.undo is not None and managed.undo.name == f"give back {managed.name}"
    return facts_of(managed) if paired else facts_of(managed) & {ENABLED}


def _founded(one: Operation, there: Collection[Operation]) -> bool:
    given = {
        gives.target.fact for operation in there for gives in _changes(operation)
        if gives.value != num(0)
    }
    own = {gives.target.fact for gives in _changes(one)}
    if one.fingerprint == DEVM_ACTION and one.undo is not None and one.undo in undoing():
        return _founded(one.undo, there)  # it takes nothing itself
    if one in undoing():
        return one in {operation.undo for operation in there if operation.fingerprint != DEVM_ACTION
                       } or any(
            operation.managed and own & _of_one(operation) for operation in there)
    if one.context[0] and one.does != "start" and not any(
        other.context == one.context and other.does in ("initialise", "start") for other in there
    ):
        return False
    if own & {HANDLER, MASKED, WAKE} and not (IRQ in given and MEMORY in given):
        return False
    return all(fact in given for fact in one.needs)


@functools.cache
def undoing() -> frozenset[Operation]:
    """Return all operations that undo others."""
    return frozenset(
        operation.undo for known in by_callee().values() for _, operation in known
        if operation.undo is not None
    )
