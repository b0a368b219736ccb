# SPDX-License-Identifier: GPL-2.0-only
"""Contexts as a user may write them wrongly: two of one name, or done to as if of another kind."""

from __future__ import annotations

from collections.abc import Iterable

from generator.context import CALLBACKS, Context
from generator.errors import ModelError
from generator.expr import Nth, Place
from generator.operation import Do


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
