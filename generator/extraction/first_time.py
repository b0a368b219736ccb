# SPDX-License-Identifier: GPL-2.0-only
"""What C asks to be the first in it: a bit that one place sets, and nothing takes back.

Who binds a device begins with memory in which no such bit is set.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from generator.parsing.cursors import Unit

_FIRST = re.compile(r"(!?)\s*test_and_set_bit\(\s*(\w+)\s*,.*\)", re.DOTALL)
_ELSEWHERE = r"\b(?:\w+_bit(?:_lock|_unlock)?\s*\(\s*|BIT(?:_ULL)?\s*\(\s*|<<\s*)%s\b"


def first_time(condition: str, units: Sequence[Unit]) -> bool | None:
    """Return what a condition answers who asks it for the first time, None when nobody knows.

    That is known of test_and_set_bit() where the files only look at the bit elsewhere: it is
    called once for each time that the driver is bound.
    """
    found = _FIRST.fullmatch(condition)
    if found is None or found[2].isdigit():
        return None
    texts = [unit.text.decode("utf-8", "replace") for unit in units]
    uses = [one.group() for text in texts for one in re.finditer(_ELSEWHERE % found[2], text)]
    changes = [one for one in uses if not one.startswith("test_bit")]
    return bool(found[1]) if len(changes) == 1 else None
