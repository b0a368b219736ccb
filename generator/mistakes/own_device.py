# SPDX-License-Identifier: GPL-2.0-only
"""A driver that makes or frees the device that it binds, where it means the memory of its data."""

from __future__ import annotations

from collections.abc import Iterable

from generator.errors import ModelError
from generator.expr import Nth, Place, Role
from generator.facts import LIFE
from generator.operation import Do

_MEANT = {
    "kzalloc": "KZALLOC_DATA({0}) of generator.ops.service, or DEVM_KZALLOC({0}, {0})",
    "kfree": "KFREE_DATA({0}) of generator.ops.service, or DEVM_KFREE({0}, {0})",
}


def check_own_device(driver: str, device: Place, done: Iterable[Do]) -> None:
    """Refuse what makes, adds or frees a device, done by the driver that is bound to it.

    `done` is all that the driver does. Errors: ModelError, at the line of what is wrong.
    """
    for do in done:
        for way in do.op.outcomes:
            for give in way.gives:
                role = give.target.of
                if give.target.fact != LIFE or give.each is not None or not isinstance(role, Role):
                    continue
                place = do.binding[role.name]
                if (place.of if isinstance(place, Nth) else place) != device:
                    continue
                name = do.op.name
                meant = _MEANT.get(name, "").format(device.name)
                instead = f"its driver's data is {meant}" if meant else (
                    "do this in the driver that creates it")
                raise ModelError(
                    do.where,
                    f"{do}: {driver} binds {device.name}, which is there before its probe and "
                    f"after its remove; this makes or frees the device itself: {instead}"
                )
