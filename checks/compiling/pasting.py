# SPDX-License-Identifier: GPL-2.0-only
"""Macros that put names together with `##`, and what a unit gives them to do it with.

Read without a compiler, and in doubt more: a macro counts whatever its conditions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from checks.compiling.pieces import plain

_DEFINE = re.compile(rb"^[ \t]*#[ \t]*define[ \t]+(\w+)((?:[^\n\\]|\\\r?\n|\\.)*)", re.M)
# not `, ##args`, which only takes a comma away
_PASTES = re.compile(rb"[^,\s\\][\s\\]*##")
_PART = re.compile(rb"\w+")
_TOKEN = re.compile(rb"\w+|[()]")


_known: dict[str, tuple[tuple[bytes, frozenset[bytes], bool], ...]] = {}


@dataclass(frozen=True)
class Macros:
    """Macros by name with the words of their bodies.

    pasting: those that paste, or name one that does. parts: the words of their bodies.
    """

    bodies: dict[bytes, frozenset[bytes]]
    pasting: frozenset[bytes]
    parts: frozenset[bytes]

    @classmethod
    def of(cls, files: Iterable[tuple[str, Callable[[], bytes]]]) -> Macros:
        """Return the macros of some files together: of each its identity, and its text if wanted.

        Headers of the whole kernel come again with every commit, and are read once.
        """
        bodies: dict[bytes, frozenset[bytes]] = {}
        pasting: set[bytes] = set()
        for mark, text in files:
            if mark not in _known:
                _known[mark] = _defined(text())
            for name, words, pastes in _known[mark]:
                bodies[name] = bodies[name] | words if name in bodies else words
                if pastes:
                    pasting.add(name)
        naming: dict[bytes, list[bytes]] = {}
        for name, words in bodies.items():
            for word in words & bodies.keys():
                naming.setdefault(word, []).append(name)
        left = list(pasting)
        while left:
            more = [one for one in naming.get(left.pop(), ()) if one not in pasting]
            pasting.update(more)
            left += more
        parts = frozenset().union(*(bodies[name] for name in pasting))
        return cls(bodies, frozenset(pasting), parts)

    def given(self, text: bytes) -> frozenset[bytes]:
        """Return the words that a unit gives to macros that paste, and what those stand for."""
        found: set[bytes] = set()
        depth = 0
        last = b""
        own: dict[bytes, frozenset[bytes]] = {}
        for name, words, _ in _defined(text):
            own[name] = words | own.get(name, frozenset())
        pasting = self.pasting & own.keys()
        while more := {name for name, words in own.items() if name not in pasting
                       and not words.isdisjoint(self.pasting | pasting)}:
            pasting |= more
        pasting |= self.pasting
        for token in _TOKEN.findall(plain(text)):
            if token == b"(":
                depth += bool(depth or last in pasting)
            elif token == b")":
                depth = max(depth - 1, 0)
            elif depth:
                found.add(token)
            last = token
        # its own macros that paste give as well
        for name, words in own.items():
            if name in pasting:
                found |= words
        left = list(found)
        while left:
            name = left.pop()
            words = (self.bodies.get(name, frozenset()) | own.get(name, frozenset())) - found
            found |= words
            left += words
        return frozenset(found)


def _defined(text: bytes) -> tuple[tuple[bytes, frozenset[bytes], bool], ...]:
    """Return the macros of a text: name, words behind it, whether it pastes."""
    return tuple(
        (name, frozenset(_PART.findall(body)), _PASTES.search(body) is not None)
        for name, body in _DEFINE.findall(text)
    )
