# SPDX-License-Identifier: GPL-2.0-only
"""One fact about the code of a kernel tree, and how the tree is asked.

read(fact, tree) -> Answer      what the tree says, and where it says so
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from generator.errors import NOWHERE, TreeError, Where

# Returns the text of a file, None where there is no such file.
Text = Callable[[str], "str | None"]
_FUNCTION = re.compile(r"^[^\s#][^;{}=]*?\b(\w+)\([^;{]*?\)\s*\{", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


@dataclass(frozen=True)
class Way:
    """One way in which trees write it: the answer that it stands for, the file, what is there.

    pattern: a regular expression; comments are blank, and the group `at`, if it has one, is what
    says it. within: the function whose text it is looked for in, "" for the whole file.
    """

    answer: str
    path: str
    pattern: str
    within: str = ""


@dataclass(frozen=True)
class Users:
    """The answer is who uses a name: words for files that are known, paths for others.

    under: globs of the files that are looked at. known: path -> word.
    """

    name: str
    under: tuple[str, ...]
    known: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TreeFact:
    """What trees differ in.

    says: what is asked. ways: how each answer is recognised, exactly one of them must be there.
    changed: the commit that changed it, and since when it is so, as far as that is known.
    """

    name: str
    says: str
    ways: tuple[Way, ...] | Users
    changed: str

    @property
    def answers(self) -> tuple[str, ...]:
        """Return what can be answered; of users, the words that are known."""
        if isinstance(self.ways, Users):
            return tuple(dict.fromkeys(word for _, word in self.ways.known))
        return tuple(dict.fromkeys(way.answer for way in self.ways))

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the files that are asked, by name."""
        if isinstance(self.ways, Users):
            return tuple(path for path, _ in self.ways.known)
        return tuple(dict.fromkeys(way.path for way in self.ways))


@dataclass(frozen=True)
class Answer:
    """What a tree says, and the lines that say it."""

    text: str
    places: tuple[Where, ...]


def read(fact: TreeFact, text: Text, listed: Callable[[str], Iterable[str]]) -> Answer:
    """Return the answer of a tree: of its files by `text`, and of a glob's paths by `listed`.

    Errors: TreeError naming the files when none of the ways is there, or more than one.
    """
    if isinstance(fact.ways, Users):
        return _users(fact.ways, text, listed)
    places = [(way.answer, _place(way, text)) for way in fact.ways]
    found = [Answer(answer, (place,)) for answer, place in places if place is not None]
    if len({one.text for one in found}) == 1:
        return found[0]
    tried = ", ".join(
        f"{way.path}{f' {way.within}()' if way.within else ''}" for way in fact.ways
    )
    if found:
        both = " and ".join(f"{one.text!r} ({one.places[0]})" for one in found)
        raise TreeError(f"{fact.name}: this tree says {both}; the ways of it are written in "
                        "generator/tree_facts/table.py")
    known = ", ".join(repr(one) for one in fact.answers)
    near = _nearest(fact.ways, text, listed)
    raise TreeError(f"{fact.name}: cannot be read: {tried}: nothing there says {known}; "
                    f"{near[0] if near else 'there is none of these files'}; how this tree writes "
                    "it belongs into generator/tree_facts/table.py", near[1] if near else NOWHERE)


def _nearest(
    ways: Iterable[Way], text: Text, listed: Callable[[str], Iterable[str]]
) -> tuple[str, Where] | None:
    """Return what is most like the place where it would stand, and where that is; None for none."""
    for way in ways:
        plain = _blank(text(way.path) or "")
        if plain and not way.within:
            return "nearest is the file itself", Where(way.path, 1)
        names = get_close_matches(way.within, _FUNCTION.findall(plain), 1, 0.4)
        for name in (way.within, *names) if plain else ():
            start, end = _function(plain, name)
            if end:
                return f"nearest is {name}()", Where(way.path, _line(plain, start))
        if plain:
            return f"{way.within}() is not in this file", Where(way.path, 1)
        for path in listed(f"{way.path.rpartition('/')[0]}/*.c") if way.within else ():
            beside = _blank(text(path) or "")
            start, end = _function(beside, way.within)
            if end:
                said = f"there is no {way.path}, and {way.within}() stands elsewhere"
                return said, Where(path, _line(beside, start))
    return None


def of_directory(work: Path) -> tuple[Text, Callable[[str], Iterable[str]]]:
    """Return how a checkout is asked: the text of a file, and the paths that a glob matches."""
    return partial(_text, work), partial(_listed, work)


def _text(work: Path, path: str) -> str | None:
    try:
        return (work / path).read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None


def _listed(work: Path, glob: str) -> list[str]:
    return sorted(str(path.relative_to(work)) for path in work.glob(glob))


def _users(asked: Users, text: Text, listed: Callable[[str], Iterable[str]]) -> Answer:
    known = dict(asked.known)
    word = re.compile(rf"\b{asked.name}\b")
    users: dict[str, Where] = {}
    for path in dict.fromkeys(path for glob in asked.under for path in listed(glob)):
        raw = text(path)
        if raw is None or asked.name not in raw:
            continue
        found = word.search(_blank(raw))
        if found is not None:
            users.setdefault(known.get(path, path), Where(path, _line(raw, found.start())))
    return Answer(", ".join(sorted(users)) or "nobody", tuple(users.values()))


def _place(way: Way, text: Text) -> Where | None:
    raw = text(way.path)
    if raw is None:
        return None
    plain = _blank(raw)
    start, end = (0, len(plain)) if not way.within else _function(plain, way.within)
    found = re.compile(way.pattern, re.DOTALL | re.MULTILINE).search(plain[start:end])
    if found is None:
        return None
    at = found.start("at") if "at" in found.groupdict() else found.start()
    return Where(way.path, _line(plain, start + at))


def _function(text: str, name: str) -> tuple[int, int]:
    """Return where a function begins and ends: at its name, with the first brace in column 0."""
    found = re.search(rf"^[^\s#][^;{{}}=]*?\b{name}\([^;{{]*?\)\s*\{{", text, re.MULTILINE)
    if found is None:
        return 0, 0
    end = text.find("\n}", found.end())
    return found.start(), end if end >= 0 else len(text)


def _blank(text: str) -> str:
    """Return C with its comments blank, every line where it was."""
    return _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
