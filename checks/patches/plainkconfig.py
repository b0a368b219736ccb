# SPDX-License-Identifier: GPL-2.0-only
"""Kconfig files read as scripts/kconfig/lexer.l and parser.y do, to tell plain lines from others.

    kconfig(text) -> the lines that are more than plain, in order

Plain are entries, their type, prompt, default, depends, select, imply, range and help, if and
menu, comments, and `source` of a Kconfig file of the tree, which is held to the same. Not plain
is what conf expands, and an assignment: it would change what later lines run. Contained is what
conf does not understand, or does by more than entries (a choice): it is only read in a sandbox.
After such a line what looks like help may be read as statements, so it is held to the same. A value
may only have characters that neither make nor a shell nor the compiler takes for more: values of
strings become flags in some Makefiles. Grammar matters: after a syntax error conf reads what looks
like help as statements.
Source: scripts/kconfig/lexer.l, parser.y stmt_list, preprocess.c expand_dollar_with_args().
"""

from __future__ import annotations

import re

from checks.patches.plainmake import Line

_COMMENT = re.compile(r"[ \t]*(?:#[^$\\\x00-\x08\x0a-\x1f\x7f]*)?")
_TOKEN = re.compile(
    r"""[ \t]+|(#[^$\\\x00-\x08\x0a-\x1f\x7f]*$)|("[^"$\\\x00-\x1f\x7f]*"|'[^'$\\\x00-\x1f\x7f]*'"""
    r"""|[A-Za-z0-9_-]+|\|\||&&|!=|<=|>=|[=<>!()])"""
)
_HELP = re.compile(r"[ \t]*help[ \t]*(?:#.*)?")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*|-[0-9]+")
_QUOTED = re.compile(r"""["'].*["']""")
# no flag of a compiler, and nothing that a shell takes for more than words
_VALUE = re.compile(
    r"""["'](?:[A-Za-z0-9_./:+,][A-Za-z0-9_./:+,-]*(?: (?=[^"' -])|(?=["'])))*["']"""
)
_SOURCE = re.compile(
    r"""["'](?!scripts/)(?:[A-Za-z0-9_][A-Za-z0-9_.+-]*/)*Kconfig[A-Za-z0-9_.-]*["']"""
)
_FIRST = re.compile(r"[ \t]*([a-z_]*)")
_TYPES = ("bool", "tristate", "int", "hex", "string")
_DEFAULTS = ("default", "def_bool", "def_tristate")
_PROPERTIES = (*_TYPES, *_DEFAULTS, "prompt", "depends", "select", "imply", "range", "help")
_KEYWORDS = {*_PROPERTIES, "choice", "comment", "config", "endchoice", "endif", "endmenu", "if",
             "mainmenu", "menu", "menuconfig", "modules", "on", "source", "visible", "optional",
             "option", "transitional"}
_COMPARED = ("=", "!=", "<", "<=", ">", ">=")
_MORE = "more than a plain entry"
_UNSEEN = re.compile(r"[$\\\x00-\x08\x0a-\x1f\x7f]")
_DEEPEST = 50  # parentheses and negations of one line


def kconfig(data: bytes) -> tuple[Line, ...]:
    """Return the lines of a Kconfig file that are more than plain, in order."""
    # Bytes stay what they are, and nothing but a newline ends a line.
    rows = data.decode("latin-1").split("\n")
    found = []
    entry = False  # in a config entry, where help may stand
    odd = False  # after a line that conf may not understand
    at = 0
    while at < len(rows):
        first, at = at, at + 1
        while rows[at - 1].endswith("\\") and not rows[first].lstrip(" \t").startswith("#"):
            if at == len(rows):
                break
            at += 1
        text = "\n".join(rows[first:at])
        if _COMMENT.fullmatch(text):
            continue
        match = _FIRST.match(text)
        word = match[1] if match else ""
        contained = False
        if not _statement(text):
            why = _why(text)
            contained = why == _MORE and not _UNSEEN.search(text) and text.count("(") <= _DEEPEST
            odd = odd or contained
            found.append(Line(text, first + 1, why, contained))
        entry = word in ("config", "menuconfig") or (
            entry and (word in _PROPERTIES or contained)
        )
        if not _HELP.fullmatch(text):
            continue
        if not entry:
            found.append(Line(text, first + 1, "help of no entry: what follows is no help text"))
            continue
        end = _help_end(rows, at)
        for number in range(at, end):
            if "$(" in rows[number]:
                found.append(Line(rows[number], number + 1, "$( in a help text"))
            elif odd and (why := _why(rows[number])) != _MORE:
                found.append(Line(rows[number], number + 1, why))
        at = end
    return tuple(found)


def _help_end(rows: list[str], at: int) -> int:
    """Return where a help text ends that begins at row `at`: at the first one indented less."""
    indent = 0
    for number in range(at, len(rows)):
        row = rows[number]
        # An indented one goes on; one at the margin is help only right after `help`.
        if number > at and row and row[0] not in " \t":
            return number
        text = row.lstrip(" \t")
        if not text:
            continue
        width = 0
        for letter in row[: len(row) - len(text)]:
            width = (width & ~7) + 8 if letter == "\t" else width + 1
        if indent and width < indent:
            return number
        indent = indent or width
    return len(rows)


class _Bad(Exception):
    """A line is not of the grammar."""


def _statement(text: str) -> bool:
    """Return whether a line is a whole plain statement."""
    tokens = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return False
        at = match.end()
        if match[2]:
            tokens.append(match[2])
    if not tokens or sum(token in ("(", "!") for token in tokens) > _DEEPEST:
        return not tokens
    try:
        return _parsed(tokens) == len(tokens)
    except _Bad:
        return False


def _parsed(tokens: list[str]) -> int:
    """Return how many tokens of a line are a statement. Errors: _Bad."""
    word, rest = tokens[0], tokens[1:]
    if word in ("config", "menuconfig"):
        return 2 if rest and _NAME.fullmatch(rest[0]) and rest[0] not in _KEYWORDS else 0
    if word in ("help", "endif", "endmenu"):
        return 1
    if word in ("menu", "comment"):
        return 2 if rest and _QUOTED.fullmatch(rest[0]) else 0
    if word == "source":
        return 2 if rest and _SOURCE.fullmatch(rest[0]) else 0
    if word == "if":
        return _expression(tokens, 1)
    if word == "depends":
        return _expression(tokens, 2) if rest[:1] == ["on"] else 0
    if word in _DEFAULTS:
        return _condition(tokens, _expression(tokens, 1))
    if word in ("select", "imply"):
        return _condition(tokens, _symbol(tokens, 1, _NAME))
    if word == "range":
        return _condition(tokens, _symbol(tokens, _symbol(tokens, 1)))
    if word == "prompt" or (word in _TYPES and rest):
        return _condition(tokens, 2) if rest and _QUOTED.fullmatch(rest[0]) else 0
    return 1 if word in _TYPES else 0


def _condition(tokens: list[str], at: int) -> int:
    return _expression(tokens, at + 1) if tokens[at : at + 1] == ["if"] else at


def _expression(tokens: list[str], at: int) -> int:
    at = _term(tokens, at)
    while tokens[at : at + 1] in (["||"], ["&&"]):
        at = _term(tokens, at + 1)
    return at


def _term(tokens: list[str], at: int) -> int:
    if tokens[at : at + 1] == ["!"]:
        return _term(tokens, at + 1)
    if tokens[at : at + 1] == ["("]:
        at = _expression(tokens, at + 1)
        if tokens[at : at + 1] != [")"]:
            raise _Bad
        return at + 1
    at = _symbol(tokens, at)
    if at < len(tokens) and tokens[at] in _COMPARED:
        return _symbol(tokens, at + 1)
    return at


def _symbol(tokens: list[str], at: int, word: re.Pattern[str] = _WORD) -> int:
    if at == len(tokens):
        raise _Bad
    token = tokens[at]
    plain = word.fullmatch(token) and token not in _KEYWORDS
    if not plain and not (word is _WORD and _VALUE.fullmatch(token)):
        raise _Bad
    return at + 1


def _why(text: str) -> str:
    if "$(" in text:
        return "conf expands this when it reads it, and $(shell,...) runs a command"
    if re.match(r"[ \t]*[A-Za-z0-9_-]+[ \t]*(?::|\+)?=", text):
        return "an assignment: macros that later lines run would be others"
    if re.match(r"[ \t]*[or]*source\b", text):
        return "reads another file as Kconfig that is not of the tree's Kconfig files"
    if re.match(r"[ \t]*(?:default|def_bool|def_tristate|range)\b", text):
        return "a value that make, a shell or the compiler may take for more than a value"
    return _MORE
