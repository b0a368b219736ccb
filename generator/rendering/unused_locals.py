# SPDX-License-Identifier: GPL-2.0-only
"""Local variables of a rendered function: those that its body does not use are not declared.

A template declares what the whole function needs; a design that was changed may need less.
"""

from __future__ import annotations

import re

_PLAIN = re.compile(r"(\t(?:\w+ )*\w+ )(\*?\w+(?:, \*?\w+)*);")


def declared(text: str) -> str:
    """Return a function's text without declarations that are of no use.

    Only plain ones are looked at, without a value and on one line, in front of the first empty
    line.
    """
    head, brace, inner = text.partition("\n{\n")
    block, gap, body = inner.partition("\n\n")
    if not brace or not gap:
        return text
    lines = []
    for line in block.split("\n"):
        found = _PLAIN.fullmatch(line)
        names = found.group(2).split(", ") if found else []
        others = inner.replace(line, "", 1)
        used = [name for name in names if re.search(rf"\b{name.lstrip('*')}\b", others)]
        if found is None or used == names:
            lines.append(line)
        elif used:
            lines.append(f"{found.group(1)}{', '.join(used)};")
    kept = "\n".join(lines)
    return f"{head}{brace}{kept}{gap if kept else ''}{body}"
