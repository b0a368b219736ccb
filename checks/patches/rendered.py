# SPDX-License-Identifier: GPL-2.0-only
"""Whether the files of a series are what its design renders: each difference, with both places.

What C computes, the tables that it fills and the words beside it are no steps of a design; they
are held to it because the same design writes them. A change by hand belongs in the design or a
template, or is expected with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from checks.finding import Finding, Severity
from checks.patches.work import Work
from generator.errors import TreeError
from generator.parsing.conditions import placed
from generator.rendering.templates import there
from generator.series.generate import texts

RULE = "rendered"
_SHOWN = 100  # characters of a piece of text that a message has
_C = (".c", ".h")
_QUOTES = ('"', "'")  # what a string has is meant, blanks as well
_MEANS = ("Kconfig", "Makefile", "Kbuild")  # files whose lines are no mere words
_OPENS = re.compile(r"(?!(?:else|case|default)\b)[A-Za-z_][^:;]*(?:[({,]|$)")
_NAME = re.compile(r"(\w+)\s*\(|struct\s+\w+\s+(\w+)|(\w+)\s*(?:\[\w*\])?\s*=")


@dataclass(frozen=True)
class _Piece:
    """A piece of text as it is compared: how it is spelt, its lines, whether it is only words."""

    text: str
    line: int
    last: int
    words: bool


@dataclass(frozen=True)
class _Apart:
    """A difference: what the series has and what is rendered, with the lines; either can lack."""

    got: str
    want: str
    line: int
    rendered: int
    words: bool


def check(work: Work) -> tuple[Finding, ...]:
    """Return where the commits of a series are not what the steps of its design render.

    What an earlier commit had already is not said again. Where the steps cannot be rendered on
    the tree at hand, a note says that nothing was compared.
    """
    spec = work.spec
    assert spec is not None
    try:
        steps = work.rendered or tuple(overlay for _, _, overlay in texts(spec, work.tree))
    except TreeError as error:
        return (Finding(f"{RULE}:not-here", f"{spec.name} is not rendered on this tree, so the "
                        f"files are not compared: {error}", severity=Severity.NOTE),)
    if len(steps) != len(work.commits):
        return (Finding(RULE, f"{len(work.commits)} patches, but the series of {spec.name} has "
                        f"{len(steps)} steps: the files are not compared"),)
    found: dict[tuple[object, ...], Finding] = {}
    for commit, rendered in zip(work.commits, steps, strict=True):
        for path in sorted({*commit.overlay, *rendered}):
            got, want = (side[path] if path in side else work.read(path)
                         for side in (commit.overlay, rendered))
            if got == want:
                continue
            for one in _of_file(path, got, want):
                place = _around(want or b"", one.rendered)
                key = path, place, one.got, one.want
                if key not in found:
                    found[key] = _finding(path, place, one, spec.templates, commit.name)
    return tuple(found.values())


def _finding(path: str, place: str, one: _Apart, room: str, commit: str) -> Finding:
    inside = f"{place}: " if place else ""
    if not one.want:
        said = f"{inside}`{one.got}` is not what the design renders"
    elif not one.got:
        said = f"{inside}`{one.want}` is missing, which the design renders"
    else:
        said = f"{inside}`{one.got}` is not what the design renders: `{one.want}`"
    name = place.removesuffix("()")
    template = next((f"templates/{where}" for where in (f"{room}/functions/{name}.c.j2",)
                     if name and there(f"functions/{name}.c.j2", room)), "")
    notes = (f"the place in what the design renders: line {one.rendered} of {path}"
             + (f", by {template}" if template else ""),) if one.rendered else ()
    return Finding(
        RULE, said, path, one.line, severity=Severity.WARNING if one.words else Severity.ERROR,
        commit=commit, notes=notes,
        fix="change the design or the template, or --expect 'rendered:WHY' for what was changed "
            "by hand",
    )


def _of_file(path: str, got: bytes | None, want: bytes | None) -> Iterator[_Apart]:
    if got is None or want is None:
        yield _Apart("no such file" if got is None else "the file", "the file" if want else
                     "no such file", 0, 0, words=False)
        return
    mine, theirs = (side.decode(errors="replace") for side in (got, want))
    cut = _tokens if path.endswith(_C) else _lines
    means = path.endswith(_C) or path.rpartition("/")[2].startswith(_MEANS)
    pieces, others = cut(mine, means), cut(theirs, means)
    lines, wanted = ([row.strip() for row in side.splitlines()] for side in (mine, theirs))
    for tag, a, b, c, d in SequenceMatcher(None, lines, wanted, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from _apart(_within(pieces, a, b), _within(others, c, d), a or 1, c or 1)


def _tokens(text: str, _means: bool) -> list[_Piece]:
    return [
        _Piece(token if token.endswith(_QUOTES) else " ".join(token.split()), line, last,
               token.startswith(("/*", "//")))
        for token, line, last in placed(text)
    ]


def _lines(text: str, means: bool) -> list[_Piece]:
    return [_Piece(" ".join(row.split()), number, number, not means)
            for number, row in enumerate(text.splitlines(), 1) if row.strip()]


def _within(pieces: Sequence[_Piece], start: int, end: int) -> list[_Piece]:
    """Return the pieces that reach into lines `start` + 1 to `end`."""
    return [one for one in pieces if one.line <= end and one.last > start]


def _apart(
    got: Sequence[_Piece], want: Sequence[_Piece], before: int, wanted: int
) -> Iterator[_Apart]:
    """Yield how two runs of pieces differ, words apart from what is more than words."""
    for words in (False, True):
        mine = [one for one in got if one.words == words]
        theirs = [one for one in want if one.words == words]
        matcher = SequenceMatcher(
            None, [one.text for one in mine], [one.text for one in theirs], autojunk=False
        )
        for tag, a, b, c, d in matcher.get_opcodes():
            if tag != "equal":
                yield _Apart(
                    _joined(mine[a:b]), _joined(theirs[c:d]), _line(mine, a, before),
                    _line(theirs, c, wanted), words,
                )


def _joined(pieces: Sequence[_Piece]) -> str:
    text = " ".join(one.text for one in pieces)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _line(pieces: Sequence[_Piece], at: int, otherwise: int) -> int:
    """Return the line of a piece, or of the one before it when there is none."""
    if at < len(pieces):
        return pieces[at].line
    return pieces[-1].last if pieces else otherwise


def _around(text: bytes, line: int) -> str:
    """Return the function or table that a line is in, or "" where there is none."""
    rows = text.decode(errors="replace").splitlines()[:line]
    for row in reversed(rows):
        if row.startswith("}"):
            return ""
        if _OPENS.match(row):
            found = _NAME.search(row)
            if found is None:
                return ""
            return f"{found[1]}()" if found[1] else found[2] or found[3]
    return ""
