# SPDX-License-Identifier: GPL-2.0-only
"""What of a guest object runs when it is told some names: C without the rest, and without comments.

    section(text, told) -> the definitions of a C file that are reached

Evidence is of that, not of a whole file, so one more sequence leaves the evidence of others as it
is. It holds for C as the kernel writes it: a definition begins in the first column.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
_ROW = re.compile(r'\t\{ "(\w+)", \w+ \},')
_NAMES = (
    r"(?s:(?:\w+ )*struct \{.*?\n\} (\w+)\[\] =)",
    r"#\s*define\s+(\w+)",
    r"(?:struct|enum|union)\s+(\w+)\s*\{",
    r"[^(=;]*?\b(\w+)(?:\[[^\]]*\])*\s*=",  # a variable, or a table
    r"(?:\w[\w\s]*[\s*])(\w+)\s*\(",  # a function: a type stands before it
    r"[^(=]*?\b(\w+)(?:\[[^\]]*\])*;",
)


def section(text: str, told: Collection[str]) -> str:
    """Return what is reached from what is registered, of tables only the rows of these names."""
    parts = [(_name(part), part) for part in _parts(_asked(text, told))]
    reached = {part for name, part in parts if not name}  # module_init() and the like
    fresh = reached
    while fresh:
        used = {word for part in fresh for word in re.findall(r"\w+", part)}
        fresh = {part for name, part in parts if name in used} - reached
        reached |= fresh
    return "".join(part for _, part in parts if part in reached)


def _asked(text: str, told: Collection[str]) -> Iterator[str]:
    """Yield the lines that matter, without comments, empty lines and rows that nobody asks for."""
    for line in _COMMENT.sub("", text).splitlines():
        row = _ROW.fullmatch(line)
        if line.strip() and not line.startswith("#include") and (
            row is None or row.group(1) in told
        ):
            yield line.rstrip() + "\n"


def _parts(lines: Iterator[str]) -> Iterator[str]:
    """Yield definitions: to the brace in the first column, or to the end of a statement."""
    part = ""
    for line in lines:
        part += line
        if line.startswith("#"):
            ended = not line.endswith("\\\n")
        elif "{" in part:
            ended = line.startswith("}") and not line.endswith("{\n")
        else:
            ended = line.endswith(";\n")
        if ended:
            yield part
            part = ""
    if part:
        yield part


def _name(part: str) -> str:
    """Return what a definition defines, "" for what only registers something."""
    for pattern in _NAMES:
        if found := re.match(pattern, part):
            return found.group(1)
    return ""
