# SPDX-License-Identifier: GPL-2.0-only
"""Assignments and plain calls that belong to a lifecycle although no fact hangs on them."""

from __future__ import annotations

from generator.fingerprint import Fingerprint
from generator.operation import Operation, Set, ok


def assign(path: str, value: str = "", *gives: Set, roles: tuple[str, ...] = ()) -> Operation:
    """Return the operation that stores `value` (as the AST shows it) at a C path."""
    return Operation(
        f"{path} = {value or '...'}",
        roles,
        (ok(*gives),),
        source="the assignment itself",
        label=("set", path, value),
        sleeps=False,
    )


def plain(name: str, *, at: str = "", on: int | None = 0, args: tuple[int, ...] = ()) -> Operation:
    """Return a call without effect on any fact, on one device."""
    return Operation(
        name,
        ("dev",) if on is not None else (),
        (ok(),),
        source=f"{name}()",
        fingerprint=Fingerprint((name,), on=on, args=args),
        shown=("arg",) if args else (),
        at=at,
        sleeps=False,
    )


def note(text: str, *gives: Set, roles: tuple[str, ...] = ()) -> Operation:
    """Return what the driver remembers in a local variable: no call, no label of its own."""
    return Operation(text, roles, (ok(*gives),), source="a local variable", sleeps=False)
