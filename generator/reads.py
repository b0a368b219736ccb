# SPDX-License-Identifier: GPL-2.0-only
"""What an expression reads, and an expression with other devices in the place of its own."""

from __future__ import annotations

from collections.abc import Callable

from generator.expr import Bin, Expr, Not, Over, Pick, Place, Read, Same


def reads(expr: Expr) -> frozenset[Read]:
    """Return every read in an expression whose quantifiers are expanded."""
    found: frozenset[Read] | None = expr.__dict__.get("read")
    if found is None:
        found = expr.__dict__["read"] = _reads(expr)
    return found


def _reads(expr: Expr) -> frozenset[Read]:
    match expr:
        case Read():
            return frozenset({expr})
        case Bin(left=left, right=right):
            return reads(left) | reads(right)
        case Not(of=of):
            return reads(of)
        case Pick(when=when, then=then, other=other):
            return reads(when) | reads(then) | reads(other)
        case Over(body=body):
            return reads(body)
    return frozenset()


def substitute(expr: Expr, change: Callable[[Place], Place]) -> Expr:
    """Return an expression with every device replaced; quantified ranges included."""
    match expr:
        case Read(fact=fact, of=of):
            return Read(fact, change(of))
        case Bin(op=op, left=left, right=right):
            return Bin(op, substitute(left, change), substitute(right, change))
        case Not(of=inner):
            return Not(substitute(inner, change))
        case Pick(when=when, then=then, other=other):
            return Pick(substitute(when, change), substitute(then, change),
                        substitute(other, change))
        case Over(kind=kind, range=range_, body=body):
            return Over(kind, change(range_), substitute(body, change))
        case Same(left=one, right=other):
            return Same(change(one), change(other))
    return expr
