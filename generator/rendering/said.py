# SPDX-License-Identifier: GPL-2.0-only
"""Whether a template says what its operation is given: each name and number as it stands.

The design gives an operation its parameters and the names of its variables; a template that says
another number, or none of it, writes C that its meaning is not about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from generator.errors import ModelError
from generator.operation import Do
from generator.parsing.conditions import tokens
from generator.rendering.templates import Names, context, file_of, source_of

# what a design says beside the call itself, of its failure or to who reads the C
_BESIDE = frozenset({"say", "error", "failed", "label", "on", "then", "text", "works"})
_BEFORE = frozenset({"(", ",", "="})
_PREFIX = frozenset({"&", "*"})
_AFTER = frozenset({")", ",", ";", "="})
_KEY = re.compile(r"\bc\.(\w+)")
_INSTEAD = re.compile(r"\bc\.(\w+)\s*\|\s*default\(c\.(\w+)\)")  # c.flags | default(c.types)
_MACRO = re.compile(r"{%-?\s*macro (\w+)\(.*?\)\s*-?%}(.*?){%-?\s*endmacro", re.DOTALL)
_POINTER = re.compile(r"\b(\w+) = \w+\(.*\bsizeof\(\1\)")


def hold(do: Do, text: str, names: Names) -> None:
    """Hold the C of a call to what it was given.

    Errors: ModelError at the line of the design, which names the template: when a parameter or a
    name that `c=` gives stands nowhere in `text` by itself, or memory has the size of its pointer.
    """
    file = file_of(do.op)
    macros = _macros(file, names.room)
    elsewhere = {key for name, keys in macros.items() if name not in ("do", "call")
                 for key in keys}
    replaced = {old for new, old in _instead(file, names.room) if new in dict(do.c)}
    given = context(do, names)
    for key in _wanted(do, given):
        if key in replaced or (key in elsewhere and key not in do.op.params):
            continue
        if not _whole(tokens(text), tokens(str(given[key]))):
            raise ModelError(do.where, f"{do}: {key} is `{given[key]}`, which templates/{file} "
                             f"does not say as it stands: `{' '.join(text.split())}`")
    if _POINTER.search(text):
        raise ModelError(do.where, f"{do}: templates/{file} allocates the size of a pointer: "
                         f"`{' '.join(text.split())}`")


def _wanted(do: Do, given: dict[str, object]) -> Iterator[str]:
    """Yield the keys that the C of a call must say: its numbers, and all that `c=` names."""
    yield from (name for name in do.op.params if name in given)
    names = {*do.op.params, *do.op.shown, *_BESIDE}  # what is shown is how a reader names it
    yield from (key for key in dict(do.c) if key not in names)


def _whole(text: Sequence[str], wanted: Sequence[str]) -> bool:
    """Return whether some tokens are an argument, or what is assigned to, in others."""
    size = len(wanted)

    def begins(at: int) -> bool:
        at -= at > 0 and text[at - 1] in _PREFIX
        return at == 0 or text[at - 1] in _BEFORE

    return any(
        list(text[at : at + size]) == list(wanted)
        and begins(at)
        and (at + size == len(text) or text[at + size] in _AFTER)
        for at in range(len(text) - size + 1)
    )


@cache
def _macros(file: str, room: str) -> dict[str, frozenset[str]]:
    """Return which keys each macro of a template speaks of."""
    return {found[1]: frozenset(_KEY.findall(found[2]))
            for found in _MACRO.finditer(source_of(file, room))}


@cache
def _instead(file: str, room: str) -> tuple[tuple[str, str], ...]:
    """Return which keys of a template are said in the place of which others."""
    return tuple(_INSTEAD.findall(source_of(file, room)))
