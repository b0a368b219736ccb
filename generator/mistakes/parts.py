# SPDX-License-Identifier: GPL-2.0-only
"""Whatever a design is made of, looked into to the bottom: types, texts, and numbers with a limit.

    check_parts(thing, what, where)

Blocks, operations, devices and drivers inside of it are left to who knows more of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from generator.errors import ModelError, Where
from generator.expr import Bin, Expr, Fact, Nth, Num, Over
from generator.fingerprint import Fingerprint
from generator.mistakes.field_types import check_fields
from generator.operation import Node, Operation, Outcome
from generator.program import And, Or

NUMBER = 1 << 30
TOP = 255  # of a fact: more would never be explored to the end
_BINARY = ("+", "-", "==", "!=", "<", "<=", "and", "or", "min", "max", "has", "with", "without")
_OVER = ("any", "all", "max")
_ENDS = ("ok", "fail")
# They look into themselves, or are looked into where they stand in a block.
_BY_OTHERS = ("Device", "Driver", "Function")
SOUND = "sound"  # of what was looked into: designs are copied with small changes, again and again


def check_parts(thing: object, what: str, where: Where) -> None:
    """Refuse a value in which anything does not hold what its annotation says, or means nothing.

    Errors: ModelError, at the line given.
    """
    if SOUND in thing.__dict__:
        return
    what = _line(what)
    todo: list[tuple[object, str]] = [(thing, what)]
    while todo:
        one, said = todo.pop()
        if SOUND in one.__dict__:
            continue
        check_fields(one, said, where)
        if wrong := _senseless(one):
            raise ModelError(where, f"{said}: {wrong}")
        todo += [(part, f"{what}: {_called(part)}") for part in _parts(one)
                 if SOUND not in part.__dict__]
        one.__dict__[SOUND] = True


def _line(text: str) -> str:
    """Return a text as a line of a message can have it."""
    said = text if text.isprintable() else "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return said if len(said) <= 100 else f"{said[:100]}..."


def _parts(one: object) -> Iterator[object]:
    """Yield the values inside of one that have fields of their own to look into."""
    for field in dataclasses.fields(one):  # type: ignore[arg-type]
        yield from _in(getattr(one, field.name))


def _in(value: object) -> Iterator[object]:
    if isinstance(value, tuple):
        for one in value:
            yield from _in(one)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _in(key)
            yield from _in(one)
    elif (
        dataclasses.is_dataclass(value)
        and not isinstance(value, type | Node | Operation | Where)
        and type(value).__name__ not in _BY_OTHERS
    ):
        yield value


def _called(part: object) -> str:
    name = getattr(part, "name", "")
    kind = "an expression" if isinstance(part, Expr) else f"the {type(part).__name__}"
    return f"{kind} {name}".strip() if isinstance(name, str) and name.isprintable() else kind


def _senseless(one: object) -> str:
    """Return what is wrong with values of the right types; "" when nothing is."""
    match one:
        case Bin(op=op) if op not in _BINARY:
            return f"{op!r} is none of {' '.join(_BINARY)}"
        case Over(kind=kind) if kind not in _OVER:
            return f"{kind!r} is none of {', '.join(_OVER)}"
        case Nth(of=of, index=index):
            last = getattr(of, "count", index + 1) - 1
            if not 0 <= index <= last:
                return f"there is no instance {index} of {of.name}: take one from 0 to {last}"
        case Fact():
            return _senseless_fact(one)
        case Num(value=value) if abs(value) > NUMBER:
            return f"{value} is no number that a fact could have"
        case And(parts=()) | Or(parts=()):
            return "it joins no conditions: give it some"
        case Fingerprint(callees=()):
            return "callees=() has none in it: name the function of C"
        case Outcome(label=label) if label not in _ENDS:
            return f"label={label!r} is none of {', '.join(_ENDS)}"
    return ""


def _senseless_fact(fact: Fact) -> str:
    if not 1 <= fact.top <= TOP:
        return f"top={fact.top}: a fact counts up to something from 1 to {TOP}"
    if fact.values and len(fact.values) != fact.top + 1:
        return (f"it is 0 to {fact.top}, and values= has {len(fact.values)} names: give it one for "
                "each number, or leave values= out")
    if fact.question and not fact.values:
        return "a question has its possible answers in values="
    return ""
