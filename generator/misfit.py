# SPDX-License-Identifier: GPL-2.0-only
"""An operation applied to what it does not take: another kind of device, a number out of range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.expr import ChildrenOf, Expr, Nth, Num, ParentOf, Place, Role, UsersOf

Kinds = tuple[tuple[str, tuple[str, ...]], ...]  # of a role: the kinds of device it can be
Order = tuple[tuple[str, str], ...]  # two parameters, of which the second is never less
Ranges = tuple[tuple[str, int, int], ...]  # of a parameter: the least and the most


def wrong_kind(kinds: Kinds, roles: Sequence[str], places: Sequence[Place]) -> str:
    """Return which device is of a kind that its role does not take; "" when all fit."""
    wanted = dict(kinds)
    for role, place in zip(roles, places, strict=True):
        takes, kind = wanted.get(role, ()), kind_of(place)
        if takes and kind and kind not in takes:
            return (
                f"takes a device of kind {' or '.join(takes)} as {role}, and "
                f"{place.name} is of kind {kind}: apply it to another device"
            )
    return ""


def out_of_range(ranges: Ranges, given: Mapping[str, Expr | int]) -> str:
    """Return which number is none that its parameter can be; "" when all are."""
    for name, least, most in ranges:
        value = given.get(name)
        number = value.value if isinstance(value, Num) else value
        if isinstance(number, int) and not least <= number <= most:
            return f"{name}={number} means nothing: give {name}= a number from {least} to {most}"
    return ""


def out_of_order(ordered: Order, given: Mapping[str, Expr | int]) -> str:
    """Return which number is more than the one that it is at most; "" when none is."""
    for least, most in ordered:
        low, high = (one.value if isinstance(one, Num) else one
                     for one in (given.get(least), given.get(most)))
        if isinstance(low, int) and isinstance(high, int) and low > high:
            return f"{least}={low} is more than {most}={high}: give {least}= that or less"
    return ""


def is_place(thing: object) -> bool:
    """Return whether an operation can be applied to something: a device, or a way to name one."""
    ways = Role | ParentOf | Nth | UsersOf | ChildrenOf
    return isinstance(thing, ways) or (hasattr(thing, "as_in") and not isinstance(thing, type))


def shown(thing: object) -> str:
    """Return what somebody wrote where something else belongs, in a few words."""
    name = getattr(thing, "name", None)
    if isinstance(name, str) and name.isprintable() and not isinstance(thing, type):
        return f"the {type(thing).__name__} {name}"
    text = repr(thing)
    return text if len(text) <= 40 and " at 0x" not in text else f"a {type(thing).__name__}"


def top_kind(place: Place) -> str:
    """Return the kind of the device without a parent that a device is below; "" of a role."""
    thing: object = place
    while isinstance(thing, Nth | ParentOf):
        thing = thing.of
    while (above := getattr(thing, "parent", None)) is not None:
        thing = above
    return str(getattr(thing, "kind", ""))


def kind_of(place: Place) -> str:
    """Return the kind of a device; "" of a role, which may be any."""
    match place:
        case Nth(of=of):
            return kind_of(of)
        case ParentOf(of=of):
            parent = getattr(of, "parent", None)
            return kind_of(parent) if parent is not None else ""
    return str(getattr(place, "kind", ""))
