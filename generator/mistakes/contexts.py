# SPDX-License-Identifier: GPL-2.0-only
"""Contexts as a user may write them wrongly: of nobody, two of one name, or of another kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from generator.context import CALLBACKS, Context
from generator.errors import ModelError
from generator.expr import ChildrenOf, Nth, ParentOf, Place, Role, UsersOf
from generator.operation import Do

_WALKED = (ParentOf, ChildrenOf, UsersOf, Role)  # which devices these are is known later


def check_contexts(
    driver: str, device: Place, contexts: Iterable[Context], done: Iterable[Do]
) -> None:
    """Refuse two contexts of one name, and operations on one that are of another kind.

    `done` is all that the design does. Errors: ModelError, at the line of what is wrong.
    """
    kinds: dict[str, str] = {}
    for one in contexts:
        if one.kind == CALLBACKS:
            raise ModelError(one.where, f"{one.name} of {driver}: what runtime PM calls is written "
                             "as runtime_suspend= and runtime_resume= of the Driver")
        if one.name in kinds:
            raise ModelError(
                one.where,
                f"{driver} has a context {one.name!r} already: give this one another name"
            )
        kinds[one.name] = one.kind
    for do in done:
        if not do.op.does:
            continue
        place = do.places[0]
        kind, name = do.op.context
        mine = (place.of if isinstance(place, Nth) else place) == device
        if mine and kinds.setdefault(name, kind) != kind:
            raise ModelError(
                do.where,
                f"{do}: {name} of {device.name} is a {kinds[name].replace('_', ' ')}, and this is "
                f"done to a {kind.replace('_', ' ')}: take the operation of its kind, or name "
                "another"
            )


def check_drivers_of(done: Iterable[Do], bound: Collection[Place]) -> None:
    """Refuse operations on contexts of what no driver binds: nobody would ever run them.

    Errors: ModelError, at the line of the first.
    """
    for do in done:
        place = do.places[0] if do.places and do.op.does else None
        device = place.of if isinstance(place, Nth) else place
        if device is None or device in bound or isinstance(device, _WALKED):
            continue
        parent = getattr(device, "parent", None)
        mend = ": a Driver of it runs what it queues"
        if parent is not None and parent in bound:
            mend = (f": name {parent.name}, whose driver it is of, and begin what it does with an "
                    f"operation that needs what {device.name} has")
        raise ModelError(do.where, f"{do}: no driver binds {device.name}, and what is queued or "
                         f"called is of a driver's own device{mend}")
