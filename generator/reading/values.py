# SPDX-License-Identifier: GPL-2.0-only
"""C expressions without side effects, and what is known of their values: sign and origin."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from generator.parsing.conditions import COMPARISONS

NEG, ZERO, POS = 1, 2, 4
ANY = NEG | ZERO | POS
NONZERO = NEG | POS
LONGEST_PATH = 7


class Value(NamedTuple):
    """The signs that a value may have (a pointer is ZERO or POS, ERR_PTR() is NEG), its origin.

    text: a path "pci_dev.dev", "=" and a constant as written, "callee()" of a result,
    "&name" of a scalar that a pointer points to, or "".
    """

    signs: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Const:
    """A number known when compiling, and how the source spells it."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Var:
    """A local variable, a parameter or a temporary; `root` names its type in a path, or ""."""

    key: str
    root: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """A function, a global, or a string: its text is its own origin."""

    text: str
    signs: int = ANY


@dataclass(frozen=True, slots=True)
class Member:
    """base.name or base->name: in a path they are the same."""

    base: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """base[index]"""

    base: Expr
    index: Expr


@dataclass(frozen=True, slots=True)
class Container:
    """container_of(base, struct root, member)"""

    base: Expr
    member: str
    root: str


@dataclass(frozen=True, slots=True)
class Unary:
    """An operator on one value; "&" and "*" do not change a path."""

    op: str
    of: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator on two values."""

    op: str
    left: Expr
    right: Expr


Expr = Const | Var | Name | Member | Index | Container | Unary | Binary
OPAQUE = Name("")
Env = Mapping[str, Value]
Memory = Mapping[str, int]


def variables(expr: Expr) -> Iterator[str]:
    """Return the keys of all variables that the value depends on."""
    if isinstance(expr, Var):
        yield expr.key
    elif isinstance(expr, Unary):
        yield from variables(expr.of)
    elif isinstance(expr, Binary):
        yield from variables(expr.left)
        yield from variables(expr.right)
    elif isinstance(expr, Index):
        yield from variables(expr.base)
        yield from variables(expr.index)
    elif isinstance(expr, Member | Container):
        yield from variables(expr.base)


def members(expr: Expr) -> Iterator[str]:
    """Return the names of all struct members, and variables of files, that the value depends on."""
    if isinstance(expr, Name):
        if expr.text and expr.signs == ANY:
            yield expr.text
    elif isinstance(expr, Member):
        yield expr.name
        yield from members(expr.base)
    elif isinstance(expr, Unary):
        yield from members(expr.of)
    elif isinstance(expr, Binary):
        yield from members(expr.left)
        yield from members(expr.right)
    elif isinstance(expr, Index | Container):
        yield from members(expr.base)


_INITIAL = frozenset(string.ascii_letters + "_")


def is_path(text: str) -> bool:
    """Return whether a value's text names an object rather than a constant or a call's result."""
    return text[:1] in _INITIAL and not text.endswith("()")


def shown(path: str) -> str:
    """Return a value's text as labels print it: a container as the member it was found by."""
    return re.sub(r"\^\w+", "", path).removeprefix("=")


def bind(value: Value, root: str) -> Value:
    """Return what a variable of type `root` holds after it got `value`."""
    if not root or (is_path(value.text) and value.text.count(".") < LONGEST_PATH):
        return value
    return Value(value.signs, root)


def evaluate(expr: Expr, env: Env, memory: Memory) -> Value:
    """Return the sign and the origin of an expression."""
    if isinstance(expr, Var):
        return env.get(expr.key) or Value(ANY, expr.root)
    if isinstance(expr, Const):
        return Value(_sign(expr.number), "=" + expr.text)
    if isinstance(expr, Name):
        return Value(memory.get(expr.text, expr.signs), expr.text)  # what was stored there
    if isinstance(expr, Member):
        path = evaluate(expr.base, env, memory).text
        if not is_path(path):
            return Value(ANY)
        path = path[: path.rindex("^")] if path.endswith("^" + expr.name) else f"{path}.{expr.name}"
        return Value(memory.get(path, ANY), path)
    if isinstance(expr, Index):
        path = evaluate(expr.base, env, memory).text.removesuffix("[]")
        index = expr.index.text if isinstance(expr.index, Const) else "*"
        return (
            Value(memory.get(f"{path}[{index}]", ANY), f"{path}[{index}]") if path else Value(ANY)
        )
    if isinstance(expr, Container):
        path = evaluate(expr.base, env, memory).text
        if path == f"{expr.root}.{expr.member}":
            return Value(POS, expr.root)
        if not is_path(path) or path.endswith((".next", ".prev")):
            return Value(POS, expr.root)
        return Value(POS, f"{path}^{expr.member}")
    if isinstance(expr, Unary):
        return _unary(expr, env, memory)
    left, right = evaluate(expr.left, env, memory), evaluate(expr.right, env, memory)
    if expr.op in COMPARISONS:
        answers = outcomes(expr, env, memory)
        return Value(POS * (True in answers) | ZERO * (False in answers))
    return Value(_arithmetic(expr.op, left.signs, right.signs))


def _unary(expr: Unary, env: Env, memory: Memory) -> Value:
    value = evaluate(expr.of, env, memory)
    if expr.op == "&":
        if isinstance(expr.of, Var) and not expr.of.root:
            return Value(POS, "&" + expr.of.key.partition("@")[0])
        return Value(POS, value.text)
    if expr.op == "*":
        return Value(ANY, value.text)
    if expr.op == "-":
        swapped = (value.signs & ZERO) | POS * bool(value.signs & NEG)
        return Value(swapped | NEG * bool(value.signs & POS))
    if expr.op == "!":
        return Value(ZERO * bool(value.signs & NONZERO) | POS * bool(value.signs & ZERO))
    return Value(ANY)


def _sign(number: int) -> int:
    return NEG if number < 0 else POS if number else ZERO


def _arithmetic(op: str, left: int, right: int) -> int:
    """Return the signs of a result; overflow is left out, as the compiler may."""
    result = 0
    for one in (NEG, ZERO, POS):
        for other in (NEG, ZERO, POS):
            if left & one and right & other:
                result |= _table(op, one, other)
    return result


def _table(op: str, one: int, other: int) -> int:
    if op == "-":
        op, other = "+", {NEG: POS, ZERO: ZERO, POS: NEG}[other]
    if op in ("+", "|", "^") and ZERO in (one, other):
        return one | other if one == other else (one | other) & ~ZERO
    if op == "+":
        return one if one == other else ANY
    if op == "|":
        return NEG if NEG in (one, other) else POS
    if op in ("*", "&") and ZERO in (one, other):
        return ZERO
    if op == "*":
        return POS if one == other else NEG
    if op == "&":
        return (POS | ZERO) if POS in (one, other) else NEG
    if op == "<<" and other != NEG:
        return one
    return ANY


_BOUNDS = {NEG: (float("-inf"), -1.0), ZERO: (0.0, 0.0), POS: (1.0, float("inf"))}


def _ranges(expr: Expr, env: Env, memory: Memory) -> list[tuple[float, float]]:
    if isinstance(expr, Const):
        return [(float(expr.number), float(expr.number))]
    signs = evaluate(expr, env, memory).signs
    return [bounds for sign, bounds in _BOUNDS.items() if signs & sign]


def _compare(op: str, left: tuple[float, float], right: tuple[float, float]) -> frozenset[bool]:
    if op in (">", ">="):
        return _compare({">": "<", ">=": "<="}[op], right, left)
    if op in ("!=", "<="):
        flipped = _compare("==", left, right) if op == "!=" else _compare("<", right, left)
        return frozenset(not answer for answer in flipped)
    if op == "<":
        always, never = left[1] < right[0], left[0] >= right[1]
    else:
        never = left[1] < right[0] or right[1] < left[0]
        always = left[0] == left[1] == right[0] == right[1]
    return frozenset({True} if always else {False} if never else {True, False})


def outcomes(expr: Expr, env: Env, memory: Memory) -> frozenset[bool]:
    """Return the truth values that a condition can have."""
    if isinstance(expr, Unary) and expr.op == "!":
        return frozenset(not answer for answer in outcomes(expr.of, env, memory))
    if isinstance(expr, Binary) and expr.op in COMPARISONS:
        return frozenset(
            answer
            for left in _ranges(expr.left, env, memory)
            for right in _ranges(expr.right, env, memory)
            for answer in _compare(expr.op, left, right)
        )
    signs = evaluate(expr, env, memory).signs
    return frozenset([True] * bool(signs & NONZERO) + [False] * bool(signs & ZERO))


def refine(
    expr: Expr, truth: bool, env: dict[str, Value], memory: dict[str, int]
) -> tuple[dict[str, Value], dict[str, int]]:
    """Return what is known when a condition is `truth`; the arguments stay as they are."""
    if isinstance(expr, Unary) and expr.op == "!":
        return refine(expr.of, not truth, env, memory)
    subject, op, bound = expr, "!=", (0.0, 0.0)
    if isinstance(expr, Binary) and expr.op in COMPARISONS and isinstance(expr.right, Const):
        number = float(expr.right.number)
        subject, op, bound = expr.left, expr.op, (number, number)
    if not isinstance(subject, Var | Member | Index | Name):
        return env, memory
    value = evaluate(subject, env, memory)
    signs = 0
    for sign, bounds in _BOUNDS.items():
        if value.signs & sign and truth in _compare(op, bounds, bound):
            signs |= sign
    if isinstance(subject, Var):
        return {**env, subject.key: Value(signs, value.text)}, memory
    if isinstance(subject, Index | Name) and (signs != NEG or not is_path(value.text)):
        return env, memory  # others change them: all that stays is the error that is returned next
    return env, ({**memory, value.text: signs} if value.text else memory)


def without_elements(memory: dict[str, int]) -> dict[str, int]:
    """Return what is still known when a variable was set, by which elements may be chosen."""
    known = {path: signs for path, signs in memory.items() if "[*]" not in path}
    return memory if len(known) == len(memory) else known


def varying(value: Value) -> Value:
    """Return a value as a local variable keeps it: no constant any more, for variables vary."""
    return Value(value.signs) if value.text.startswith("=") else value
