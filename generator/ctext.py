# SPDX-License-Identifier: GPL-2.0-only
"""Nodes of a block that know how they are written in C; to the model they are their base class.

A block says what a driver does. Where that does not decide the C, these carry the rest: a
statement without effect, the value of a return, the head of a loop, the arguments of a helper.
"""

from __future__ import annotations

from dataclasses import dataclass

from generator.operation import UNWIND, OnFail
from generator.program import Block, Call, Each, Function, Ifdef, Return


@dataclass(frozen=True)
class Returns:
    """What a function returns: its type in C, and the values that say success and failure.

    A `failed` of "" is the error itself; an `ok` of "" is said by nothing but a leave().
    """

    type: str
    ok: str = ""
    failed: str = ""


RETURNS = {
    one.type: one for one in (
        Returns("int", "0"), Returns("bool", "true", "false"), Returns("void"), Returns("pointer"),
    )
}


def returns(gives: str | Returns) -> Returns:
    """Return what a function returns that gives one of RETURNS, or some type of C."""
    return gives if isinstance(gives, Returns) else RETURNS.get(gives, Returns(gives))


@dataclass(frozen=True)
class Code(Ifdef):
    """C text without any operation or condition: the model does not see it."""

    text: str = ""


def code(*lines: str) -> Code:
    """Return statements, comments or, as "", blank lines."""
    return Code("", (), (), text="\n".join(lines))


@dataclass(frozen=True)
class Leave(Return):
    """A return with its value."""

    value: str = ""


def leave(value: str = "", ok: bool = True) -> Leave:
    """Return the leaving of a function with a value; not `ok` is failure."""
    return Leave(ok, value=value)


@dataclass(frozen=True)
class Loop(Each):
    """A loop with its head as C writes it."""

    head: str = ""


@dataclass(frozen=True)
class Written(Function):
    """A helper that the series writes: what it returns, one of int, void, pointer, bool."""

    gives: str = "int"


@dataclass(frozen=True)
class Helper(Call):
    """The call of a helper with its C: `args`, `into` (what gets the value), `failed`, `error`."""

    c: tuple[tuple[str, str], ...] = ()


def helper(
    function: Function, fail: OnFail | Block = UNWIND, then: Block = (), **c: str
) -> Helper:
    """Return the call of a helper, with the C that its name does not say."""
    return Helper(function, fail, then, c=tuple(sorted(c.items())))
