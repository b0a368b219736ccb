# SPDX-License-Identifier: GPL-2.0-only
"""What every facility that counts its users has in common: taken once more, given back once."""

from __future__ import annotations

from generator.expr import Fact, minimum, pick
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, Operation, Set, fault, ok, sets


def more(fact: Fact) -> Set:
    """Return that a count of the device grows by one, as far as it is counted here."""
    return sets(fact(DEV), minimum(fact(DEV) + 1, fact.top))


def less(fact: Fact) -> Set:
    """Return that a count of the device goes down by one."""
    return sets(fact(DEV), pick(fact(DEV).gt(0), fact(DEV) - 1, 0))


def gives_back(
    name: str, *gives: Set, source: str, sleeps: bool = True, fails: Fails = Fails.NEVER,
    takes_null: bool = False, takes_error: bool = False,
) -> Operation:
    """Return a call on a handle that is taken not to fail: put, disable, assert.

    One that returns an int has `fails=Fails.DONE`: where C asks, it was done.
    """
    return Operation(
        name, ("dev",), (ok(*gives),), source=source, fingerprint=Fingerprint((name,), fails=fails),
        sleeps=sleeps, takes_null=takes_null, takes_error=takes_error,
    )


def takes(
    name: str, *gives: Set, undo: Operation, source: str, error: str, needs: tuple[Fact, ...] = (),
    sleeps: bool = True,
) -> Operation:
    """Return a call on a handle that can fail with an error: enable, deassert.

    `takes("foo_enable", sets(FOO_ON(DEV), 1), undo=FOO_DISABLE, source="...", error="-EIO")`, and
    FOO_DISABLE = gives_back("foo_disable", sets(FOO_ON(DEV), 0), source="...").
    """
    return Operation(
        name, ("dev",), (ok(*gives), fault(error)), source=source, undo=undo, needs=needs,
        fingerprint=Fingerprint((name,), fails=Fails.NEGATIVE), sleeps=sleeps,
    )


def gets(
    name: str, *gives: Set, undo: Operation, source: str, error: str = "-EPROBE_DEFER",
    managed: bool = False, fails: Fails = Fails.ERRPTR,
) -> Operation:
    """Return a look-up by the device itself, by hand or put back by devres.

    `gets("devm_foo_get", sets(FOO(DEV), 1), undo=RELEASE, managed=True, source="...")` with
    DEV = Role("dev"), FOO a Fact and RELEASE = released("put foo", sets(FOO(DEV), 0),
    source="..."): each effect is an argument of its own.
    """
    return Operation(
        name, ("dev",), (ok(*gives), fault(error)), source=source, undo=undo,
        fingerprint=Fingerprint((name,), on=0, fails=fails), at=".dev",
        managed=managed, on_devres="dev" if managed else "",
    )


def released(name: str, *gives: Set, source: str) -> Operation:
    """Return what devres does in the end, for what was taken by a managed call."""
    return Operation(name, ("dev",), (ok(*gives),), source=source)
