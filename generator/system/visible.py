# SPDX-License-Identifier: GPL-2.0-only
"""Text of others as it may be shown: nothing in it moves the cursor or turns the line around."""

from __future__ import annotations

import re

# C0 without tab and newline, C1, and what changes the direction of text or ends a line in it.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(text: str) -> str:
    r"""Return a text with control and direction characters written out, as \x1b or \u202e."""
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def one_line(text: str) -> str:
    r"""Return a name for a line of a message: a newline and a tab are written out as well."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")
