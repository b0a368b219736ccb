# SPDX-License-Identifier: GPL-2.0-only
"""Locals that a run has declared and not yet given a value: marks in its environment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from generator.reading.cfg import Node
from generator.reading.values import ANY, Env, Expr, Unary, Value, Var, variables

UNSET = Value(ANY)
Locals = tuple[tuple[str, Value], ...]


def mark(key: str) -> str:
    """Return the name under which an environment says that a variable has no value."""
    return "?" + key


def unmarked(key: str) -> str:
    """Return the variable that a mark, or the variable's own name, is about."""
    return key.removeprefix("?")


def without_marks(env: Env) -> dict[str, Value]:
    """Return an environment in which every variable has some value."""
    return {key: value for key, value in env.items() if unmarked(key) == key}


def without(env: Env, uses: Iterable[Expr]) -> dict[str, Value]:
    """Return an environment in which variables whose address was passed on have a value."""
    given = {
        mark(use.of.key)
        for use in uses
        if isinstance(use, Unary) and use.op == "&" and isinstance(use.of, Var)
    }
    return {key: value for key, value in env.items() if key not in given}


def settled(env: Locals, names: Collection[str]) -> Locals:
    """Return an environment in which variables of these names have some value."""
    marks = {mark(name) for name in names}
    return tuple(item for item in env if item[0].partition("@")[0] not in marks)


def read_by(node: Node) -> tuple[str, ...]:
    """Return the variables whose value a step reads."""
    return tuple(dict.fromkeys(key for use in node.uses for key in _read(use)))


def _read(use: Expr) -> Iterator[str]:
    """Return the variables whose value is looked at: not those whose address is taken."""
    if not (isinstance(use, Unary) and use.op == "&"):
        yield from variables(use)
    elif not isinstance(use.of, Var):
        yield from _read(use.of)
