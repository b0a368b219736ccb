# SPDX-License-Identifier: GPL-2.0-only
"""What is frozen and was changed all the same, as by object.__setattr__(): looked at once more.

    look_again(design, where)

Each part was held to its rules when it was made, and that is remembered of it: what a file does to
it afterwards nobody has seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from generator.errors import ModelError, Where
from generator.mistakes.blocks import CHECKED, CHECKED_IN_LOOP
from generator.mistakes.operations import FITS
from generator.mistakes.parts import SOUND

_REMEMBERED = (CHECKED, CHECKED_IN_LOOP, FITS, SOUND)


def look_again(design: object, where: Where) -> None:
    """Refuse a design in which something is no longer as it was made.

    where: of the design, when what is wrong has no line of its own. Errors: ModelError.
    """
    try:
        parts = tuple(_reached(design))
        for one in parts:
            for memo in _REMEMBERED:
                one.__dict__.pop(memo, None)
        for one in reversed(parts):  # the design itself last: what it is made of is told before
            if hasattr(one, "__post_init__"):
                dataclasses.replace(one)  # type: ignore[type-var]
    except ModelError as wrong:
        known = isinstance(wrong.where, Where) and wrong.where.file
        raise wrong if known else ModelError(where, wrong.text) from None
    except Exception as fault:
        raise ModelError(
            where, f"the design was changed after it was made, and can no longer be read "
            f"({type(fault).__name__}): what is frozen stays as it is, write replace() of "
            "dataclasses for another one"
        ) from fault


def _reached(thing: object) -> Iterator[object]:
    """Yield every dataclass that a value is made of, each once, from the outside in."""
    seen: set[int] = set()
    todo: list[object] = [thing]
    while todo:
        one = todo.pop()
        if isinstance(one, tuple | list | frozenset):
            todo += one
        elif isinstance(one, Mapping):
            todo += (*one, *one.values())
        elif (
            dataclasses.is_dataclass(one) and not isinstance(one, type | Where)
            and id(one) not in seen
        ):
            seen.add(id(one))
            yield one
            todo += one.__dict__.values()
