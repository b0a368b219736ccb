# SPDX-License-Identifier: GPL-2.0-only
"""Pointers that are not NULL although nothing is there: what kfree() and its like may not get.

Such a call does nothing of NULL, which the pointer is before anything was taken and behind an
allocation that failed. It is wrong behind the first that gave it back, and behind a look-up whose
error is in the pointer, unless it takes errors as well.
"""

from __future__ import annotations

from checks.machine.instances import View
from checks.machine.step import Build, Kind, Step, Transition
from generator.expr import TRUE, Expr, Read, any_of, num, pick
from generator.facts import URB
from generator.fingerprint import Fails
from generator.meaning import fold
from generator.ops.member import dangling

_HERE = ("probe", "remove", "devres")
# In C that was read the pointer may be of another node by then, as where a look-up has failed:
# drivers/regulator/rtq2208-regulator.c puts its own. Who writes a design writes what C puts.
_OF_ANOTHER = ("of_node_put",)


def given_back(step: Step) -> tuple[Read, ...]:
    """Return what a step gives back that does nothing of NULL."""
    if step.op is None or not step.op.takes_null or step.op.off_devres is not None:
        return ()
    if step.op.name in _OF_ANOTHER and step.where.file.endswith(".c"):
        return ()
    return tuple(
        one.target.fact(step.role(one.target.of.name))
        for way in step.op.outcomes if way.label == "ok"
        for one in way.gives if one.each is None
    )


def note_dangling(made: Build) -> None:
    """Keep up what dangles, where something is given back in more than one place."""
    places: dict[Read, list[Step]] = {}
    for one in made.transitions:
        for read in given_back(one.step):
            places.setdefault(read, []).append(one.step)
    for read, steps in places.items():
        errors = not all(step.op is not None and step.op.takes_error for step in steps)
        if (len(steps) > 1 or read.fact == URB or any(one.entry not in _HERE for one in steps)
                or (errors and any(_leaves_error(one.step, read) for one in made.transitions))):
            _keep_up(made, read, steps, errors=errors)


def _keep_up(made: Build, read: Read, steps: list[Step], *, errors: bool) -> None:
    left = dangling(read.fact)(read.of)
    at_hand = all(one.entry in _HERE[:2] and not one.context for one in steps)
    for at, one in enumerate(made.transitions):
        # nobody asks any more, and lives that differ in nothing else meet
        ends = at_hand and one.step.kind in (Kind.PROBE_FAILS, Kind.REMOVE_RETURNS) and any(
            (one.step.driver, one.step.inst) == (step.driver, step.inst) for step in steps)
        value = num(0) if ends else _behind(one, read, left, errors=errors)
        if value is not None and value != left:
            made.transitions[at] = one.changed(one.when, (*one.gives, (left, value)))


def _behind(one: Transition, read: Read, left: Read, *, errors: bool) -> Expr | None:
    """Return whether it dangles behind a transition; None where that changes nothing."""
    step = one.step
    if step.kind not in (Kind.OPERATION, Kind.OPERATION_RETURNS):
        return None
    if step.outcome == "fail" and _takes(step, read):
        return pick(read.eq(0), int(errors and _leaves_error(step, read)), left)
    for target, value in one.gives:
        if target == read:
            return fold(pick(value.gt(read), 0, pick(value.eq(0) & read.ne(0), 1, left)))
    return None


def _takes(step: Step, read: Read) -> bool:
    return step.op is not None and any(
        one.target.fact == read.fact and one.value != num(0)
        and one.each is None and step.binding.get(one.target.of.name) == read.of
        for way in step.op.outcomes for one in way.gives
    )


def _leaves_error(step: Step, read: Read) -> bool:
    """Return whether a step may fail to take something and leave an error in its pointer."""
    return (step.outcome == "fail" and step.op is not None and step.op.fingerprint is not None
            and step.op.fingerprint.fails is Fails.ERRPTR and _takes(step, read))


def not_null(step: Step, view: View) -> Expr:
    """Return whether a step that does nothing of NULL is given a pointer of what is gone.

    What no operation of the design takes, devres may have: then it is not NULL.
    """
    back = given_back(step)
    takers = [do.op for do in view.operations if not do.op.takes_null]
    if not back or not all(any(op.gives(read.fact) for op in takers) for read in back):
        return TRUE
    return any_of(*(dangling(read.fact)(read.of).eq(1) for read in back))
