# SPDX-License-Identifier: GPL-2.0-only
"""The lines of a Kconfig file that are no help text, told apart as scripts/kconfig/lexer.l does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_HELP = re.compile(r"[ \t]*help[ \t]*(?:#.*)?")


def outside_help(rows: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield number, from 1, and text of the lines outside of help texts, their `help` left out.

    A help text is what stands as deep as its first line, which stands anywhere but at the left
    edge, and blank lines.
    """
    depth = -1  # how far in a help text's first line is: 0 before there is one
    for number, row in enumerate(rows, 1):
        plain = row.expandtabs()
        here = len(plain) - len(plain.lstrip())
        if depth >= 0:
            if not plain.strip() or (depth == 0 and here) or (depth and here >= depth):
                depth = depth or (here if plain.strip() else 0)
                continue
            depth = -1
        if _HELP.fullmatch(row):
            depth = 0
        else:
            yield number, row
