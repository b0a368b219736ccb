# SPDX-License-Identifier: GPL-2.0-only
"""Lines of a commit that the preprocessor leaves out: an error in them is seen by nobody.

    fresh(path, old, new) -> the branches under conditions in which a commit has new lines
    spoken(preprocessed, path) -> the lines of a file of which something is left
"""

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b(.*)", re.S)
_MARKER = re.compile(r'# (\d+) "((?:[^"\\]|\\.)*)"')
_NAMED = re.compile(r"\bCONFIG_(\w+?)(?:_MODULE)?\b")


@dataclass(frozen=True)
class Branch:
    """The lines between two directives, and the conditions under which they count.

    `symbols` are what has to be on, as far as the conditions only ask for symbols.
    """

    path: str
    first: int
    last: int
    conditions: tuple[str, ...]
    symbols: tuple[str, ...]


def branches(path: str, text: str) -> Iterator[Branch]:
    """Yield the branches of a file that stand under conditions, but for its include guard."""
    opened: list[tuple[str, tuple[str, ...], list[str], int]] = []
    pending = ""
    for number, row in enumerate(text.split("\n"), 1):
        line = pending + row
        if row.endswith("\\"):
            pending = line[:-1] + " "
            continue
        pending = ""
        found = _DIRECTIVE.match(re.sub(r"/\*.*?\*/|//.*", "", line))
        if found is None:
            continue
        word, rest = found[1], " ".join(found[2].split())
        if opened:
            start = opened[-1][3]
            if word in ("elif", "else", "endif") and start <= number - 1 and not _guard(opened):
                every = tuple(one[0] for one in opened if one[0])
                wanted = tuple(dict.fromkeys(name for one in opened for name in one[1]))
                yield Branch(path, start, number - 1, every, wanted)
        if word in ("if", "ifdef", "ifndef"):
            said = rest if word == "if" else f"{'!' * (word == 'ifndef')}defined({rest})"
            opened.append((said, _symbols(said), [said], number + 1))
        elif word == "endif" and opened:
            opened.pop()
        elif opened:
            before = opened[-1][2]
            said = " && ".join([*(f"!({one})" for one in before), *([rest] if rest else [])])
            opened[-1] = (said, _symbols(rest), [*before, *([rest] if rest else [])], number + 1)


def _guard(opened: list[tuple[str, tuple[str, ...], list[str], int]]) -> bool:
    guard = re.fullmatch(r"!defined\(_*[A-Z0-9_]+_H_*\)", opened[0][0])
    return len(opened) == 1 and guard is not None


def _symbols(said: str) -> tuple[str, ...]:
    """Return the symbols of a condition that asks for symbols, all of which may be on."""
    plain = re.sub(r"!\s*(?:defined|IS_\w+)\s*\(?\s*CONFIG_\w+\s*\)?", "", said)
    return tuple(dict.fromkeys(_NAMED.findall(plain)))


def added(old: str, new: str) -> frozenset[int]:
    """Return the numbers of the lines that a text has and an older one has not."""
    theirs, ours = old.split("\n"), new.split("\n")
    first = _alike(theirs, ours)
    last = _alike(theirs[first:][::-1], ours[first:][::-1])
    match = difflib.SequenceMatcher(
        None, theirs[first:len(theirs) - last], ours[first:len(ours) - last], autojunk=False)
    return frozenset(first + number for kind, _, _, start, end in match.get_opcodes()
                     if kind in ("replace", "insert") for number in range(start + 1, end + 1))


def _alike(some: Sequence[str], others: Sequence[str]) -> int:
    """Return how many lines are the same from the beginning."""
    return next((at for at, (one, other) in enumerate(zip(some, others, strict=False))
                 if one != other), min(len(some), len(others)))


def spoken(preprocessed: str, name: str) -> frozenset[int]:
    """Return the lines of a file of which the preprocessor leaves something.

    name: the end of its path.
    """
    found, here, number = set(), False, 0
    for row in preprocessed.split("\n"):
        marker = _MARKER.match(row)
        if marker:
            file = posixpath.normpath(marker[2])  # "../pcie/x.h" of another directory is the same
            number, here = int(marker[1]), file == name or file.endswith(f"/{name}")
            continue
        if here and row.strip():
            found.add(number)
        number += 1
    return frozenset(found)


def fresh(path: str, old: str, new: str) -> tuple[Branch, ...]:
    """Return the innermost branches in which a commit has new lines that leave something."""
    every = sorted(branches(path, new), key=lambda one: one.last - one.first)
    whole = new.split("\n")
    # with the directives around them: what stood like that, as often, has no new lines
    texts = {"\n".join(whole[one.first - 2:one.last + 1]) for one in every}
    if all(old.count(one) >= new.count(one) for one in texts):
        return ()
    rows = _meant(new)
    lines = {number for number in added(old, new) if rows[number - 1].strip()}
    found = {next((one for one in every if one.first <= number <= one.last), None)
             for number in lines}
    return tuple(sorted((one for one in found if one), key=lambda one: one.first))


def _meant(text: str) -> list[str]:
    """Return the lines of a text without comments and directives, which leave nothing."""
    plain = re.sub(r"/\*.*?\*/|//[^\n]*", lambda one: "\n" * one[0].count("\n"), text, flags=re.S)
    rows, inside = plain.split("\n"), False
    for number, row in enumerate(rows):
        if inside or row.lstrip().startswith("#"):
            inside = row.endswith("\\")
            rows[number] = ""
    return rows
