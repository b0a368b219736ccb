# SPDX-License-Identifier: GPL-2.0-only
"""Rules about giving back and taking, derived from what each operation names as its undo."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache

import generator.ops
from checks.machine.dangling import not_null
from checks.machine.instances import Inst, View
from checks.machine.step import Kind, Step
from checks.rules.rule import COUNTED, counted_on, once, step_rule
from checks.rules.supplies import OFF
from generator.expr import TRUE, Expr, Num, Place, Read, Role, all_of, any_of, num
from generator.facts import ABSENT, EXCLUSIVE, HANDLER, IRQ, LIFE, RPM_ENABLED
from generator.meaning import assuming, fold_known
from generator.operation import ME, Operation, Set, fill
from generator.ops.pm import RUNTIME_PUTS
from generator.reads import reads

# Other rules say the same of these: R36 of the first, R24 of those of auxiliary devices, N12 of
# the rest, and of whatever an operation names in needs=; N44 of what arms an irq, R40 of what is
# switched off. So what those find does not hide what is found here.
_ASKED_ALREADY = frozenset({
    "pci_disable_device", "auxiliary_device_init", "auxiliary_device_add",
    "auxiliary_device_delete", "auxiliary_device_uninit", "device_register", "kfree note",
    "disable_irq_wake", *(name for _, names in OFF for name in names),
})

_PUTS = RUNTIME_PUTS | {"pm_runtime_put_autosuspend"}


@once
def _of_design(view: View) -> Mapping[str, list[Operation]]:
    """Return the operations of a design that name an undo, by the name of that."""
    found: dict[str, list[Operation]] = {}
    for do in view.operations:
        if do.op.undo is not None:
            found.setdefault(do.op.undo.name, []).append(do.op)
    return found


@cache
def _shipped(undo: str = "") -> tuple[Operation, ...]:
    """Return every operation of generator/ops/ that names an undo, or names that undo, once."""
    if undo:
        return tuple(one for one in _shipped() if one.undo is not None and one.undo.name == undo)
    found: dict[int, Operation] = {}
    for module in pkgutil.iter_modules(generator.ops.__path__):
        for thing in vars(importlib.import_module(f"generator.ops.{module.name}")).values():
            if isinstance(thing, Operation) and thing.undo is not None:
                found[id(thing)] = thing
    return tuple(found.values())


@cache
def _freed_by() -> Mapping[str, tuple[tuple[Operation, Operation], ...]]:
    """Return who frees what a shipped operation took when that fails: by name, both of them."""
    found: dict[str, list[tuple[Operation, Operation]]] = {}
    for did in _shipped():
        for _, other in did.frees_by:
            found.setdefault(other.name, []).append((other, did))
    return {name: tuple(some) for name, some in found.items()}


def _undone_by(op: Operation, view: View) -> Iterator[Operation]:
    """Yield the operations, shipped or of the design, that an operation undoes, each once."""
    named = {id(one): one for one in (*_shipped(op.name), *_of_design(view).get(op.name, ()))}
    yield from (one for one in named.values() if one.undo == op)


def _asked_already(step: Step, op: Operation) -> bool:
    if op.name == "kfree":
        return step.role("dev").device.kind == "aux"
    if op.name in _PUTS:  # off PCI N41 does, by the references alone
        return step.role("dev").device.kind not in ("pci", "core", "service")
    return op.name in _ASKED_ALREADY or bool(op.needs)


def _ends_well(step: Step) -> bool:
    return step.kind is Kind.OPERATION and step.outcome == "ok"


def _left_by(undo: Operation) -> dict[Read, Expr]:
    """Return what the undo of an operation makes of the facts that it takes back."""
    return {
        one.target: one.value for way in undo.outcomes if way.label == "ok"
        for one in way.gives if one.each is None
    }


def _gives_back(op: Operation) -> Iterator[Read]:
    """Yield what is held and has one less, or none, behind an operation that cannot fail."""
    if not op.fallible:
        for read, value in _left_by(op).items():
            if read.fact.held and reads(value) <= {read}:
                less = (fold_known(assuming(value, {read: had}), frozenset()) for had in (0, 1))
                if tuple(less) == (num(0), num(0)):
                    yield read


def _given(gives: tuple[Set, ...], left: dict[Read, Expr]) -> Iterator[tuple[Read, Expr]]:
    """Yield what is given, as far as the undo takes it back."""
    for one in gives:
        if one.each is None and one.target in left and one.value != num(0):
            yield one.target, one.value


@step_rule(
    "N20",
    mend="undo it once: by hand, by devres, or in the unwinding; take it off the devres "
    "list if by hand",
    evidence=("kernel/irq/manage.c __free_irq()", "lib/idr.c ida_free()",
              "drivers/base/core.c device_register()", "mm/slub.c kfree()",
              "drivers/base/power/runtime.c rpm_drop_usage_count()",
              "kernel/irq/devres.c devm_free_irq()"),
    symptom="Trying to free already-free IRQ; ida_free called for id which is not allocated; "
    "Runtime PM usage count underflow; a double free, or memory freed that is in use",
)
def taken_back_once(step: Step, view: View) -> Expr | None:
    """What takes an operation back is done once, and only where that operation was done.

    That goes for what a driver does by hand and for what devres does for it.
    """
    # What does nothing of NULL may be done where nothing was taken yet, but not behind what took it
    # back already: not_null(). Of what is counted, and of an irq, it is not asked behind a resume
    # that has failed.
    done = step.op
    if done is None or not _ends_well(step):
        return None
    op = done.off_devres or done
    if op.idempotent or _asked_already(step, op):
        return None if step.held == TRUE else ~step.held
    left = _left_by(op)
    given = [way.gives for did in _undone_by(op, view)
             for way in did.outcomes if way.label == "ok"]
    given += [did.failed for other, did in _freed_by().get(op.name, ()) if other == op]
    there = [held for gives in given if (held := _in_force(gives, left)) is not None]
    if not there:  # nobody names it as his undo: what it gives back is all there
        there = [all_of(*(read.ne(0) for read in _gives_back(op)))]
    if there == [TRUE] or not done.outcomes[0].gives:
        return None if step.held == TRUE else ~step.held
    wrong = view.bind(fill(~any_of(*there), step.params), _roles(step))
    wrong = all_of(wrong, not_null(step, view), *_irq_is_known(step, left))
    if all(target.fact in (*COUNTED, RPM_ENABLED, HANDLER, EXCLUSIVE) for target in left):
        wrong &= counted_on(step, view)
    return wrong if step.held == TRUE else wrong | ~step.held


def _roles(step: Step) -> dict[Place, Place]:
    return {Role(name): place for name, place in step.binding.items()}


def _irq_is_known(step: Step, left: dict[Read, Expr]) -> Iterator[Expr]:
    """Yield that a device is there whose irq is freed: facts forget the number with the device."""
    for target in left:
        inst = step.binding[target.of.name] if target.fact == IRQ else None
        if isinstance(inst, Inst) and inst.device.parent is not None:
            yield LIFE(inst).ne(ABSENT)


def _in_force(gives: tuple[Set, ...], left: dict[Read, Expr]) -> Expr | None:
    """Return whether what one way of doing it has given is there to be taken back.

    Of what is no plain number, it is enough that the undo would change any of it.
    """
    given = tuple(_given(gives, left))
    plain = [target.eq(value) for target, value in given if isinstance(value, Num)]
    other = [target.ne(left[target]) for target, value in given if not isinstance(value, Num)]
    found = [*plain, *([any_of(*other)] if other else [])]
    return all_of(*found) if found else None


@step_rule(
    "N21",
    mend="give it back before it is taken again; in resume, only what suspend gave back; a second "
    'one that is another, as memory, a clock or a mapping, is of a part: Device(..., "part", ...)',
    evidence=("include/linux/idr.h ida_alloc()", "kernel/irq/manage.c request_threaded_irq()"),
    symptom="ids, handlers or memory that nobody can give back: the first one is forgotten",
)
def taken_once(step: Step, view: View) -> Expr | None:
    """What a driver has taken by hand it gives back before it takes it again, or one leaks.

    What is managed is on the devres list as often as it was taken, and what counts may be nested.
    """
    op = step.op
    if (op is None or op.undo is None or op.managed or op.undo.idempotent
            or not _ends_well(step) or _asked_already(step, op)):
        return None
    left = _left_by(op.undo)
    given = {
        target: value for way in op.outcomes if way.label == "ok"
        for target, value in _given(way.gives, left)
    }
    counts = any(target in reads(value) for target, value in given.items())
    if counts or ME in given.values():  # who takes a lock waits until nobody has it: N18
        return None
    plain = [target.ge(value) if target.fact == LIFE else target.eq(value)
             for target, value in given.items() if isinstance(value, Num)]
    held = plain or [target.ne(left[target]) for target in given]
    return view.bind(fill(any_of(*held), step.params), _roles(step)) if held else None
