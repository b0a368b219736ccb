# SPDX-License-Identifier: GPL-2.0-only
"""Fields of what a user writes, held against their annotations: wrong types told with the mend."""

from __future__ import annotations

import types
import typing
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import get_args, get_origin

from generator.errors import ModelError, Where
from generator.expr import Place
from generator.misfit import is_place
from generator.operation import Block


def check_fields(thing: object, what: str, where: Where, *, lines: bool = True) -> None:
    """Refuse a dataclass of which a field does not hold what its annotation says.

    Blocks are left out: `check_block` knows more of them. Its texts are `lines`, or code.
    Errors: ModelError, at the line given.
    """
    for name, hint in _hints(typing.cast(Hashable, type(thing))).items():
        value = getattr(thing, name)
        if not _fits(value, hint):
            raise ModelError(
                where,
                f"{what}: {name}= is {_said(hint)}, not {_told(_misfit(value, hint))}"
            )
        if name == "name" and not value:
            raise ModelError(where, f"{what}: name= is empty: give it a name")
        for text in _texts(value) if lines else ():
            if not (text.replace("\n", "") if name == "text" else text).isprintable():
                raise ModelError(
                    where, f"{what}: {name}= is a line of text, and {_told(text)} is none: take "
                    "out what cannot be printed in one"
                )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _texts(one)


@cache
def _hints(kind: Hashable) -> Mapping[str, object]:
    assert isinstance(kind, type)
    assert is_dataclass(kind)
    hints = typing.get_type_hints(kind)
    return {one.name: hints[one.name] for one in fields(kind)
            if hints[one.name] != Block and Block not in get_args(hints[one.name])}


def _fits(value: object, hint: object) -> bool:
    if hint is Place:
        return is_place(value)
    if isinstance(hint, type):  # most are
        return isinstance(value, hint) and (hint is not int or not isinstance(value, bool))
    origin, args = get_origin(hint), get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return any(_fits(value, one) for one in args)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if args[-1] is Ellipsis:
            return all(_fits(one, args[0]) for one in value)
        return len(args) == len(value) and all(map(_fits, value, args))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(
            _fits(key, args[0]) and _fits(one, args[1]) for key, one in value.items()
        )
    return True


def _misfit(value: object, hint: object) -> object:
    """Return what in a tuple or a mapping does not fit, or all of it."""
    args = get_args(hint)
    if isinstance(value, tuple) and get_origin(hint) is tuple and args[-1] is Ellipsis:
        return next((one for one in value if not _fits(one, args[0])), value)
    if isinstance(value, Mapping) and len(args) == 2:
        pairs = ((key, args[0]) for key in value), ((one, args[1]) for one in value.values())
        return next((one for some in pairs for one, part in some if not _fits(one, part)), value)
    return value


def _said(hint: object) -> str:
    """Return a type as the user is to write it."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(_said(one) for one in args)
    if origin is tuple and args[-1] is Ellipsis:
        return f"a tuple of {_name(args[0])}, with a comma after a single one"
    if origin is tuple:
        return _name(hint)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"{{{' or '.join(_name(one) for one in get_args(args[0]) or args[:1])}: " \
               f"{_name(args[1])}}}"
    words: dict[object, str] = {
        str: "a text", int: "a number", bool: "True or False", types.NoneType: "None",
        Place: "a device",
    }
    return words.get(hint, f"a {_name(hint)}")


def _name(hint: object) -> str:
    if get_origin(hint) is tuple:
        inner = [one for one in get_args(hint) if one is not Ellipsis]
        return f"({', '.join(_name(one) for one in inner)}{',' if len(inner) == 1 else ''})"
    return "text" if hint is str else str(getattr(hint, "__name__", hint))


def _told(value: object) -> str:
    if isinstance(value, str):
        return repr(value) if len(value) <= 60 else f"{value[:60]!r}..."
    name = getattr(value, "name", None)
    if isinstance(name, str):
        return f"the {type(value).__name__} {name}"
    text = repr(value)
    return text if len(text) <= 40 and " object at " not in text else f"a {type(value).__name__}"
