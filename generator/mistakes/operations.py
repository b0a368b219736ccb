# SPDX-License-Identifier: GPL-2.0-only
"""Operations as a user may define them wrongly: roles, values, and an undo that undoes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from generator import facts
from generator.context import KINDS
from generator.errors import ModelError, Where
from generator.expr import (
    EACH,
    ChildrenOf,
    Expr,
    Fact,
    Nth,
    Num,
    Over,
    ParentOf,
    Place,
    Read,
    Role,
    UsersOf,
    num,
)
from generator.meaning import evaluate
from generator.misfit import shown
from generator.mistakes.parts import check_parts
from generator.operation import Operation, Outcome
from generator.reads import reads

FITS = "fits"  # of one that was looked at: it is used again and again


def check_operation(op: Operation, where: Where) -> None:
    """Refuse an operation whose parts do not fit together.

    Errors: ModelError, at the line that uses it.
    """
    if FITS in op.__dict__:
        return
    check_parts(op, shown(op), where)
    wrong = _stranger(op) or _wrong(op)
    if wrong:
        raise ModelError(where, f"{op.name}: {wrong}")
    op.__dict__[FITS] = True


def _stranger(op: Operation) -> str:
    """Return which role, parameter or kind it speaks of that there is not; "" when there is none.

    What it may be written with is no part of what an operation is, so nothing here is remembered.
    """
    if not op.outcomes:
        return "outcomes=() has none in it, so it could never end: give it ok()"
    named = [(name, f"{field}=", "roles", op.roles) for field, name in (
        ("needs_d0", op.needs_d0), ("on_devres", op.on_devres), ("acts_on", op.acts_on),
        ("needs_of", op.needs_of), *(("locks", role) for _, role in op.locks),
        *(("kinds", role) for role, _ in op.kinds),
    ) if name]
    named += [(name, f"{field}=", "params", op.params) for field, name in (
        *(("ranges", one[0]) for one in op.ranges), *(("defaults", one[0]) for one in op.defaults),
        *(("ordered", name) for one in op.ordered for name in one),
    )]
    if op.does:
        named.append((op.context[0], "context=", "kinds of contexts", KINDS))
    for name, field, what, there in named:
        if name not in there:
            return f"{field} names {name!r}, which is not among its {what}: {', '.join(there)}"
    return ""


@cache
def _wrong(op: Operation) -> str:
    strange = sorted({role.name for role in _roles(op)} - set(op.roles))
    if strange:
        return (
            f"it speaks of the role {strange[0]}, and its roles are ({', '.join(op.roles)}): "
            "name it in roles="
        )
    for fact in _facts(op):
        if twin := named_twice(fact):
            return twin
    for outcome in op.outcomes:
        for one in outcome.gives:
            fact, value = one.target.fact, one.value
            if isinstance(value, Num) and not 0 <= value.value <= fact.top:
                return f"it sets {fact.name} to {value.value}: {span(fact)}"
    return _wrong_undo(op)


def span(fact: Fact) -> str:
    """Return what a fact can be, for messages."""
    if fact.values:
        return "it is one of " + ", ".join(f"{n} ({name})" for n, name in enumerate(fact.values))
    return f"it is 0 to {fact.top}"


def named_twice(fact: Fact) -> str:
    """Return what is wrong with a fact that has the name of another; "" when nothing is.

    Rules and operations look at the one, the design would change the other.
    """
    ours = _shipped().get(fact.name)
    if ours is None or ours[1] == fact:
        return ""
    return (
        f"its fact {fact.name!r} is not {ours[0]} of generator/facts.py, which has that name: "
        f"use {ours[0]}, or give the fact a name of its own"
    )


@cache
def _shipped() -> Mapping[str, tuple[str, Fact]]:
    return {one.name: (name, one) for name, one in vars(facts).items() if isinstance(one, Fact)}


def _facts(op: Operation) -> Iterator[Fact]:
    yield from (*op.needs, *op.leaves, *([op.needs_when] if op.needs_when is not None else []))
    exprs = [op.waits, *(outcome.when for outcome in op.outcomes)]
    for one in (*op.begins, *(one for outcome in op.outcomes for one in outcome.gives)):
        exprs += [one.target, one.value]
    for expr in exprs:
        yield from (read.fact for read in sorted(reads(expr), key=lambda read: read.fact.name))


def _wrong_undo(op: Operation) -> str:
    if op.managed and (op.undo is None or op.on_devres not in op.roles):
        return "a managed operation needs undo= and on_devres=, one of its roles"
    if op.off_devres is not None and (
        op.managed or op.on_devres not in op.roles or set(op.off_devres.roles) - set(op.roles)
    ):
        return (
            "what takes an entry off a devres list is not managed, has on_devres=, one of its "
            "roles, and the roles of the undo that it takes off"
        )
    if op.undo is None:
        return ""
    strange = sorted(set(op.undo.roles) - set(op.roles))
    if strange:
        return (
            f"its undo {op.undo.name} acts on the role {strange[0]}, which it does not have "
            f"itself: give both the same roles"
        )
    for target in _given(op):
        if target.fact not in op.leaves and not _taken_back(op, target):
            return (
                f"its undo {op.undo.name} does not take back {target.fact.name} of "
                f"{target.of.name}: let undo= name the operation that does, or name the fact "
                "in leaves="
            )
    return ""


def _outcomes(op: Operation) -> tuple[Outcome, ...]:
    """Return the outcomes; whatever else stands there is refused by its field's type."""
    fine = isinstance(op.outcomes, tuple)
    return tuple(one for one in op.outcomes if isinstance(one, Outcome)) if fine else ()


def _successes(op: Operation) -> tuple[Outcome, ...]:
    return tuple(one for one in op.outcomes if one.label == "ok")


def _given(op: Operation) -> list[Read]:
    """Return what success gives, other than a plain 0: that takes something away itself."""
    found: dict[Read, None] = {}
    for outcome in _successes(op):
        for one in outcome.gives:
            if one.value != num(0) and one.each is None:
                found[one.target] = None
    return list(found)


def _taken_back(op: Operation, target: Read) -> bool:
    """Return whether, from some value of a fact, doing it and then its undo leads back to it."""
    assert op.undo is not None
    for did in _successes(op):
        for undid in _successes(op.undo):
            before = {one.target: one.value for one in did.gives}
            after = {one.target: one.value for one in (*op.undo.begins, *undid.gives)}
            if target not in after:
                continue
            for start in range(target.fact.top + 1):
                for rest in (0, 1):
                    there = _value(before.get(target, target), {target: start}, rest)
                    if there is None:
                        return True
                    back = _value(after[target], {target: there}, rest)
                    if back is None or (back == start != there):
                        return True
    return False


def _value(expr: Expr, state: dict[Read, int], rest: int) -> int | None:
    """Return the value with `rest` for all other facts; None when that is not decided here."""
    try:
        return evaluate(expr, {**dict.fromkeys(reads(expr), rest), **state})
    except TypeError:  # a parameter, or something over many devices
        return None


def _roles(op: Operation) -> Iterator[Role]:
    exprs: list[Expr] = [op.waits]
    places: list[Place] = []
    for outcome in op.outcomes:
        exprs.append(outcome.when)
    for one in (*op.begins, *(one for outcome in op.outcomes for one in outcome.gives)):
        exprs += [one.target, one.value]
        places += [one.each] if one.each is not None else []
    for expr in exprs:
        places += _ranges(expr)
        places += [read.of for read in reads(expr)]
    for place in places:
        inner = place
        while isinstance(inner, ParentOf | ChildrenOf | UsersOf | Nth):
            inner = inner.of
        if isinstance(inner, Role) and inner != EACH:
            yield inner


def _ranges(expr: Expr) -> Iterator[Place]:
    if isinstance(expr, Over):
        yield expr.range
    for inner in vars(expr).values():
        if isinstance(inner, Expr):
            yield from _ranges(inner)
