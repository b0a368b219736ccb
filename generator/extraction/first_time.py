# SPDX-License-Identifier: GPL-2.0-only
"""What C asks to be the first in it: a bit that one place sets, a pointer of the file.

Who binds a device begins with memory in which no such bit is set, and with pointers of the file
that nobody has set.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from generator.extraction.texts import text_of
from generator.parsing.cursors import Cursor, Kind, Unit, initialiser, points

_FIRST = re.compile(r"(!?)\s*test_and_set_bit\(\s*(\w+)\s*,.*\)", re.DOTALL)
_ELSEWHERE = r"\b(?:\w+_bit(?:_lock|_unlock)?\s*\(\s*|BIT(?:_ULL)?\s*\(\s*|<<\s*)%s\b"
_SET = r"(?<![\w>.&*])%s\s*=(?!=)\s*(?!NULL\s*;)"
_POINTER = re.compile(r"(!?)\s*(\w+)")


def first_time(condition: str, function: str, units: Sequence[Unit]) -> bool | None:
    """Return what a condition answers who asks it for the first time, None when nobody knows.

    That is known of test_and_set_bit() where the files only look at the bit elsewhere: it is
    called once for each time that the driver is bound. So it is with a pointer of the file which
    only the `function` sets that asks for it, and that is called in one place.
    """
    pointer = _POINTER.fullmatch(condition)
    if pointer is not None:
        unset = _unset(pointer[2], function, units)
        return bool(pointer[1]) if unset else None
    found = _FIRST.fullmatch(condition)
    if found is None or found[2].isdigit():
        return None
    texts = [unit.text.decode("utf-8", "replace") for unit in units]
    uses = [one.group() for text in texts for one in re.finditer(_ELSEWHERE % found[2], text)]
    changes = [one for one in uses if not one.startswith("test_bit")]
    return bool(found[1]) if len(changes) == 1 else None


def _unset(name: str, function: str, units: Sequence[Unit]) -> bool:
    """Return whether a pointer of a file is NULL where a function begins that alone sets it."""
    declared = [(unit, one) for unit in units for one in unit.own
                if one.kind == Kind.VAR_DECL and one.spelling == name]
    if len(declared) != 1 or not _begins_as_null(declared[0][1]):
        return False
    unit = declared[0][0]
    text = unit.text.decode("utf-8", "replace")
    given = re.search(rf"&\s*{name}\b(?!\s*->)", text)  # to who may set it
    sets = len(re.findall(_SET % name, text))
    here = unit.definitions.get(function)
    mentions = len(re.findall(rf"\b{function}\b", text))
    return here is not None and mentions == 2 and given is None and (
        0 < sets == len(re.findall(_SET % name, text_of(unit, here.cursor))))


def _begins_as_null(variable: Cursor) -> bool:
    """Return whether a variable is a pointer that no other file sees, and nothing initialises."""
    return points(variable.type) and not initialiser(variable) and (
        variable.storage_class.name == "STATIC")
