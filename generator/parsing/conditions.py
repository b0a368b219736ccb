# SPDX-License-Identifier: GPL-2.0-only
"""The text of a C condition: its tokens, and one spelling for all that mean the same."""

from __future__ import annotations

import re

COMPARISONS = ("<", ">", "<=", ">=", "==", "!=")


_TOKEN = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\w+"
    r"|->|\+\+|--|<<=?|>>=?|[<>=!&|^+*/%-]=|&&|\|\||\.\.\.|\S",
    re.DOTALL,
)


def tokens(text: str) -> list[str]:
    """Return the C tokens of a text, comments left out."""
    return [token for token in _TOKEN.findall(text) if not token.startswith(("/*", "//"))]


def placed(text: str) -> list[tuple[str, int, int]]:
    """Return the C tokens of a text, comments among them, each with its first and last line."""
    found, line, at = [], 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        last = line + match[0].count("\n")
        found.append((match[0], line, last))
        line, at = last, match.end()
    return found


def canonical(text: str) -> tuple[str, bool]:
    """Return a condition without spacing, outer parentheses, `!` and `!=`, and its polarity.

    "!(x)" and "x" give the same text with opposite polarity, so do "a != b" and "a == b".
    """
    words, polarity = tokens(text), True
    while True:
        if words and words[0] == "!" and _closes(words, 1):
            words, polarity = words[1:], not polarity
        elif len(words) > 1 and words[0] == "(" and _closing(words, 0) == len(words) - 1:
            words = words[1:-1]
        else:
            break
    depth = 0
    for at, token in enumerate(words):
        depth += token in ("(", "[")
        depth -= token in (")", "]")
        if token == "!=" and depth == 0:
            words, polarity = [*words[:at], "==", *words[at + 1 :]], not polarity
            break
    return " ".join(words), polarity


def _closing(words: list[str], at: int) -> int:
    depth = 0
    for index in range(at, len(words)):
        depth += words[index] == "("
        depth -= words[index] == ")"
        if depth == 0:
            return index
    return -1


def _closes(words: list[str], at: int) -> bool:
    """Return whether a `!` before `words[at]` covers all that follows: no operator at the top."""
    depth = 0
    for token in words[at:]:
        depth += token in ("(", "[")
        depth -= token in (")", "]")
        if depth == 0 and (
            token in COMPARISONS or token in ("&", "|", "^", "+", "-", "?", "&&", "||")
        ):
            return False
    return True
