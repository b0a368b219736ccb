# SPDX-License-Identifier: GPL-2.0-only
"""Which line a mistake is blamed on, and what mends it: copies made by replace(), strangers."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

from generator.errors import Where
from generator.expr import Place

_OURS = Path(__file__).parents[1]
_TOOL = (str(_OURS) + "/", str(_OURS.parent / "checks") + "/")
_DESIGNS = str(_OURS / "designs") + "/"


def written_at(where: Where) -> Where:
    """Return the line of the replace() that is making a copy in a design; `where` without one.

    A copy inherits the line of what it was copied from; what is wrong with it was written here.
    """
    frame: FrameType | None = sys._getframe(2)  # __init__, of the value whose __post_init__ asks
    maker = frame.f_back if frame is not None else None
    if maker is None or maker.f_code.co_filename != dataclasses.__file__:
        return where
    while maker is not None and maker.f_code.co_filename == dataclasses.__file__:
        maker = maker.f_back
    if maker is None:
        return where
    file = maker.f_code.co_filename
    if file.startswith(_TOOL) and not file.startswith(_DESIGNS):
        return where  # the tool varies designs itself; their author wrote the original
    return Where(file, maker.f_lineno)


def mend(strangers: Iterable[Place], known: Iterable[Place]) -> str:
    """Return what makes devices of a design out of some that are not among its own."""
    there = {device.name: device for device in known}
    for one in sorted(strangers, key=lambda one: one.name):
        twin = there.get(one.name)
        if twin is not None:
            return (
                f"devices=( has another one of that name, written at "
                f"{getattr(twin, 'where', 'another line')}: use one and the same"
            )
    return "add it to devices=("
