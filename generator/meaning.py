# SPDX-License-Identifier: GPL-2.0-only
"""What expressions mean: computed as far as is known, or to the end in a state."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from generator.expr import FALSE, TRUE, Bin, Expr, Not, Num, Pick, Read, num
from generator.reads import reads


def fold_known(expr: Expr, known: frozenset[Read]) -> Expr:
    """Return an expression in which every fact outside `known` has its initial value, 0."""
    if "folded" in expr.__dict__ and reads(expr) <= known:
        return expr
    found = computed(expr, lambda read: read if read in known else FALSE)
    found.__dict__["folded"] = True
    return found


def assuming(expr: Expr, values: Mapping[Read, int]) -> Expr:
    """Return an expression in which some facts have values, computed as far as that allows."""
    if reads(expr).isdisjoint(values):
        return expr
    return computed(expr, lambda read: Num(values[read]) if read in values else read)


def computed(expr: Expr, of: Callable[[Read], Expr]) -> Expr:
    """Return an expression with something for each read, computed as far as constants allow.

    What does not change is the same object: much is remembered by it.
    """
    if isinstance(expr, Read):  # no match: this runs more often than anything else
        return of(expr)
    if isinstance(expr, Bin):
        op, left, right = expr.op, expr.left, expr.right
        one = computed(left, of)
        if op == "and" and one is FALSE:
            return one
        other = computed(right, of)
        constants = isinstance(one, Num) + isinstance(other, Num)
        if one is left and other is right and constants < (1 if op in ("and", "or") else 2):
            return expr
        return folded(op, one, other)
    if isinstance(expr, Not):
        inner = computed(expr.of, of)
        if isinstance(inner, Num):
            return Num(int(not inner.value))
        return expr if inner is expr.of else Not(inner)
    if isinstance(expr, Pick):
        test = computed(expr.when, of)
        if isinstance(test, Num):
            return computed(expr.then if test.value else expr.other, of)
        one, two = computed(expr.then, of), computed(expr.other, of)
        if test is expr.when and one is expr.then and two is expr.other:
            return expr
        return Pick(test, one, two)
    return expr


def fold(expr: Expr) -> Expr:
    """Return an expression with constant parts computed."""
    match expr:
        case Bin(op=op, left=left, right=right):
            return folded(op, left, right)
        case Not(of=Num(value=value)):
            return num(int(not value))
        case Pick(when=Num(value=value), then=then, other=other):
            return then if value else other
    return expr


def folded(op: str, left: Expr, right: Expr) -> Expr:
    """Return two operands joined, computed as far as constants allow."""
    if isinstance(left, Num):
        if isinstance(right, Num):
            return Num(_OPERATIONS[op](left.value, right.value))
        one, other = left, right
    elif isinstance(right, Num):
        one, other = right, left
    else:
        return Bin(op, left, right)
    if op == "and":
        return other if one.value else FALSE
    if op == "or":
        return TRUE if one.value else other
    return Bin(op, left, right)


def evaluate(expr: Expr, state: Mapping[Read, int]) -> int:
    """Return the value of an expanded expression; the meaning of the language, stated once.

    Traces are replayed by this function; what the engines generate is held against it.
    """
    found: Meaning | None = expr.__dict__.get("meaning")
    if found is None:
        found = expr.__dict__["meaning"] = _meaning(expr)
    return found(state)


Meaning = Callable[[Mapping[Read, int]], int]


def _meaning(expr: Expr) -> Meaning:
    match expr:
        case Num(value=value):
            return lambda _state: value
        case Read():
            return operator.itemgetter(expr)
        case Not(of=of):
            inner = _meaning(of)
            return lambda state: 0 if inner(state) else 1
        case Pick(when=when, then=then, other=other):
            test, one, two = _meaning(when), _meaning(then), _meaning(other)
            return lambda state: one(state) if test(state) else two(state)
        case Bin(op=op, left=left, right=right):
            return _joined(op, _meaning(left), _meaning(right))
    raise TypeError(f"not an expanded expression: {expr!r}")


# What operators mean.
_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "and": lambda a, b: 1 if a and b else 0,
    "or": lambda a, b: 1 if a or b else 0,
    "+": operator.add,
    "-": operator.sub,
    "==": lambda a, b: 1 if a == b else 0,
    "!=": lambda a, b: 1 if a != b else 0,
    "<": lambda a, b: 1 if a < b else 0,
    "<=": lambda a, b: 1 if a <= b else 0,
    "min": min,
    "max": max,
    "has": lambda a, b: a >> b & 1,
    "with": lambda a, b: a | 1 << b,
    "without": lambda a, b: a & ~(1 << b),
}


def _joined(op: str, a: Meaning, b: Meaning) -> Meaning:
    match op:  # what comes after a condition may mean nothing where it does not hold
        case "and":
            return lambda state: 1 if a(state) and b(state) else 0
        case "or":
            return lambda state: 1 if a(state) or b(state) else 0
    meant = _OPERATIONS[op]
    return lambda state: meant(a(state), b(state))
