# SPDX-License-Identifier: GPL-2.0-only
"""Expressions and effects in words, for whoever looks up what an operation means."""

from __future__ import annotations

from generator.expr import (
    TRUE,
    Bin,
    Expr,
    Not,
    Num,
    Over,
    Pick,
    Place,
    Read,
    Same,
)
from generator.operation import Outcome, Param, Set

_JOINED = {"and": "and", "or": "or", "+": "+", "-": "-", "<": "<", "<=": "<="}
_COMPARED = {"==": "is", "!=": "is not", "<": "<", "<=": "<="}
_TURNED = {"<": ">", "<=": ">="}  # with the constant, which stands on the left, on the right
_WEAK = ("and", "or")


def said(expr: Expr) -> str:
    """Return an expression in words."""
    match expr:
        case Num(value=value):
            return str(value)
        case Param(name=name):
            return name
        case Read(fact=fact, of=of):
            return f"{fact.name} of {_place(of)}"
        case Not(of=of):
            return f"not ({said(of)})"
        case Pick(when=when, then=then, other=other):
            return f"{said(then)} if {said(when)}, else {said(other)}"
        case Over(kind=kind, range=range_, body=body):
            return f"{kind} of {_place(range_)}: ({said(body)})"
        case Same(left=left, right=right):
            return f"{_place(left)} is {_place(right)}"
        case Bin():
            return _joined(expr)
    return type(expr).__name__


def _joined(expr: Bin) -> str:
    op, left, right = expr.op, expr.left, expr.right
    if op in _COMPARED:
        for one, other, word in ((left, right, _COMPARED[op]),
                                 (right, left, _TURNED.get(op, _COMPARED[op]))):
            if isinstance(one, Read) and isinstance(other, Num):
                shown = 0 <= other.value <= one.fact.top
                value = one.fact.show(other.value) if shown else str(other.value)
                return f"{said(one)} {word} {value}"
        return f"{_inner(left, op)} {_COMPARED[op]} {_inner(right, op)}"
    if op in _JOINED:
        return f"{_inner(left, op)} {_JOINED[op]} {_inner(right, op)}"
    if op in ("min", "max"):
        which = "smaller" if op == "min" else "larger"
        return f"the {which} of {_inner(left, op)} and {_inner(right, op)}"
    return {
        "has": f"{_inner(left, op)} has bit {_inner(right, op)}",
        "with": f"{_inner(left, op)} with bit {_inner(right, op)}",
        "without": f"{_inner(left, op)} without bit {_inner(right, op)}",
    }[op]


def _inner(part: Expr, op: str) -> str:
    """Return a part of a larger expression, in brackets where it could be read otherwise."""
    loose = isinstance(part, Pick) or (isinstance(part, Bin) and part.op in _WEAK and part.op != op)
    return f"({said(part)})" if loose else said(part)


def _place(place: Place) -> str:
    return place.name


def effect(one: Set) -> str:
    """Return what an effect does, in words."""
    value = one.value
    text = one.target.fact.show(value.value) if isinstance(value, Num) and (
        0 <= value.value <= one.target.fact.top) else said(value)
    over = f", for each of {_place(one.each)}" if one.each is not None else ""
    return f"{said(one.target)} becomes {text}{over}"


def outcome(one: Outcome) -> str:
    """Return a way to end, in words: when it can be, and what is so afterwards."""
    how = f"fails with {one.error}" if one.label == "fail" else "goes well"
    when = "" if one.when == TRUE else f" when {said(one.when)}"
    whim = (", for no reason that the model knows" if one.label == "fail"
            else ", and may end otherwise") if one.fault else ""
    gives = "; ".join(effect(each) for each in one.gives) or "nothing changes"
    return f"{how}{when}{whim}: {gives}"
