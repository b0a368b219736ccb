# SPDX-License-Identifier: GPL-2.0-only
"""The text of a header as pieces: its declarations and directives, and what differs in two texts.

    pieces(text) -> (Piece, ...)
    changed(before, after) -> Changed       the names that change, and the kinds of change

It is read without a compiler, so that what no configuration at hand compiles counts as well. In
doubt a piece is longer, and a name one of those that change: that costs time and loses nothing.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

WORD = re.compile(rb"[A-Za-z_]\w*")
_NO_CODE = re.compile(rb"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", re.S)
_TOKEN = re.compile(rb"[A-Za-z_]\w*|\d[\w.]*|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|##|\S")
_DIRECTIVE = re.compile(rb"[ \t]*#[ \t]*(\w+)(.*)", re.S)
_AGGREGATE = (b"struct", b"union", b"enum")
_OPEN, _CLOSE = (b"{", b"(", b"["), (b"}", b")", b"]")
# Words that stand where declared names do, and are none.
_NO_NAMES = frozenset(
    b"if else for while do switch case return sizeof typeof int void bool char long short unsigned "
    b"signed float double struct union enum static inline const volatile extern register restrict "
    b"goto break default defined endif typedef u8 u16 u32 u64 s8 s16 s32 s64 size_t NULL true "
    b"false __attribute__ __attribute __packed __aligned __init __exit __must_check __printf "
    b"__scanf __pure __always_inline __maybe_unused __deprecated __cold __malloc __alloc_size "
    b"__iomem __user __rcu __percpu __acquires __releases __must_hold __counted_by __bitwise "
    b"__force".split()
)


@dataclass(frozen=True)
class Piece:
    """A declaration (`kind` is "code") or a directive, under the conditions around it."""

    kind: str
    under: tuple[bytes, ...]
    tokens: tuple[bytes, ...]

    @property
    def head(self) -> tuple[bytes, ...]:
        """Return the tokens before the first brace."""
        return self.tokens[: self.tokens.index(b"{")] if b"{" in self.tokens else self.tokens

    @property
    def defines(self) -> bool:
        """Return whether it is a function with its body."""
        return self.kind == "code" and len(self.head) < len(self.tokens) and not self.aggregate

    @property
    def aggregate(self) -> bool:
        """Return whether it says what a struct, union or enum has."""
        head = self.head
        return (self.kind == "code" and len(head) < len(self.tokens) and head[-1:] != (b")",)
                and b"=" not in head and any(word in head for word in _AGGREGATE))

    @property
    def tag(self) -> bytes:
        """Return the name behind struct, union or enum and its attributes, empty for none."""
        head = self.head
        first = next((n for n, one in enumerate(head) if one in _AGGREGATE), len(head))
        return next((one for one in reversed(head[first + 1:]) if WORD.fullmatch(one)), b"")


@dataclass(frozen=True)
class Changed:
    """What differs in two texts of a header.

    names: what is declared or defined otherwise. types: those of them that say what others are:
    typedefs, tags, macros. sized: tags and typedefs of what may have another size or layout.
    includes: whether it includes something else. everything: whether no name says what changes.
    """

    names: frozenset[bytes] = frozenset()
    types: frozenset[bytes] = frozenset()
    sized: frozenset[bytes] = frozenset()
    includes: bool = False
    everything: bool = False


@functools.lru_cache(maxsize=4096)
def pieces(text: bytes) -> tuple[Piece, ...]:
    """Return the pieces of a text in their order."""
    return tuple(_pieces(text))


def _pieces(text: bytes) -> Iterator[Piece]:
    under: list[bytes] = []
    here: tuple[bytes, ...] = ()
    tokens: list[bytes] = []
    opened: list[bool] = []  # for each open brace whether its body is a function's
    for line in plain(text).split(b"\n"):
        if found := _DIRECTIVE.match(line):
            word, said = found[1].decode(), _TOKEN.findall(found[2])
            if word in ("if", "ifdef", "ifndef", "elif", "elifdef", "elifndef", "else", "endif"):
                asked = b" ".join([b"#" + found[1], *said])
                if word.startswith("if"):
                    under.append(asked)
                elif under:
                    last = under.pop()
                    under += [f"{last.decode('latin-1')} ".encode("latin-1") + asked] \
                        if word != "endif" else []
                if tokens:
                    tokens.append(asked)
                yield Piece("condition", (), (b"#", *said))
            else:
                yield Piece(word, tuple(under), tuple(said))
            continue
        for token in _TOKEN.findall(line):
            if not tokens:
                here = tuple(under)
            if token in _OPEN:
                opened.append(token == b"{" and tokens[-1:] == [b")"])
            tokens.append(token)
            body = opened.pop() if token in _CLOSE and opened else False
            if not opened and (token == b";" or body):
                yield Piece("code", here, tuple(tokens))
                tokens = []
    if tokens:
        yield Piece("code", here, tuple(tokens))


def plain(text: bytes) -> bytes:
    """Return a text without comments, and with lines that go on joined."""
    return _NO_CODE.sub(_blank, text.replace(b"\\\r\n", b" ").replace(b"\\\n", b" "))


def _blank(found: re.Match[bytes]) -> bytes:
    """Return a comment as blanks; what looks like one within quotes is none."""
    text = found[0]
    return text if text[:1] in b"\"'" else b" " + b"\n" * text.count(b"\n")


def declared(tokens: Sequence[bytes]) -> frozenset[bytes]:
    """Return the names that a declaration gives, and rather too many than too few."""
    depth, found = 0, set()
    after = (*tokens[1:], b";")
    for number, (token, follows) in enumerate(zip(tokens, after, strict=False)):
        depth += (token in (b"(", b"[")) - (token in (b")", b"]"))
        if not WORD.fullmatch(token) or token in _NO_NAMES:
            continue
        pointer = tuple(tokens[max(number - 2, 0):number]) == (b"(", b"*")
        if pointer or (depth <= 0 and follows in (b"(", b";", b"=", b"[", b",", b":", b"}", b"{")):
            found.add(token)
    return frozenset(found)


def members(piece: Piece) -> list[tuple[bytes, ...]]:
    """Return the declarations inside of a struct or union, or the constants of an enum."""
    found: list[list[bytes]] = [[]]
    ends = (b",", b"{", b"}") if b"enum" in piece.head else (b";", b"{", b"}")
    for token in piece.tokens[len(piece.head):]:
        if token in ends or token.startswith(b"#"):
            found.append([token] if token.startswith(b"#") else [])
            found.append([])
        else:
            found[-1].append(token)
    return [tuple(one) for one in found if one]


def names_of(piece: Piece) -> frozenset[bytes]:
    """Return all that a piece declares or defines."""
    if piece.kind in ("define", "undef"):
        return frozenset(piece.tokens[:1])
    if piece.kind != "code":
        return frozenset()
    if piece.aggregate:
        found = set(declared(piece.tokens)) | ({piece.tag} - {b""})
        for one in members(piece):
            found |= declared(one)
        return frozenset(found)
    head = piece.head
    found = set(declared(head))
    if len(head) <= 3:  # `struct one;`
        found |= {piece.tag} - {b""}
    return frozenset(found) or frozenset(filter(WORD.fullmatch, head))


def types_of(piece: Piece) -> frozenset[bytes]:
    """Return those of the names that say what something else is."""
    if piece.kind in ("define", "undef"):
        return frozenset(piece.tokens[:1])
    if piece.kind == "code" and piece.tokens[:1] == (b"typedef",):
        return declared(piece.tokens) | frozenset({piece.tag} - {b""})
    if piece.aggregate or (piece.kind == "code" and len(piece.head) <= 3):
        return frozenset({piece.tag} - {b""})
    return frozenset()


def types_within(piece: Piece) -> frozenset[bytes]:
    """Return what a struct, the structs in it, and a typedef of it are called; no members."""
    found = set(declared(piece.tokens[_last(piece):])) | {piece.tag}
    for word, name, brace in zip(*(piece.tokens[n:] for n in range(3)), strict=False):
        if word in _AGGREGATE and brace == b"{":
            found.add(name)
    return frozenset(found - {b""})


def changed(before: bytes | None, after: bytes | None) -> Changed:
    """Return what differs in two texts of a header, None for one that is not there."""
    if before == after:
        return Changed()
    old, new = Counter(pieces(before or b"")), Counter(pieces(after or b""))
    gone, come = tuple((old - new).elements()), tuple((new - old).elements())
    both = (*gone, *come)
    names: set[bytes] = set()
    types: set[bytes] = set()
    sized: set[bytes] = set()
    pairs = {one: other for one in gone for other in come if _same(one, other)}
    for piece in both:
        if piece in pairs or piece in pairs.values():
            continue
        names |= names_of(piece)
        types |= types_of(piece)
    for one, other in pairs.items():
        names |= _within(one, other)
        if not _renamed(one, other):
            sized |= ({one.tag} - {b""}) | declared(one.tokens[_last(one):]) | (
                declared(one.tokens) if one.tokens[:1] == (b"typedef",) else frozenset())
    return Changed(
        frozenset(names), frozenset(types), frozenset(sized),
        includes=any(one.kind in ("include", "include_next") for one in both),
        everything=after is None or any(
            one.kind not in ("code", "define", "undef", "include", "include_next", "condition")
            for one in both
        ),
    )


def _same(one: Piece, other: Piece) -> bool:
    """Return whether two pieces are the same struct or union with something else in it."""
    return (one.aggregate and other.aggregate and one.under == other.under
            and one.head == other.head and b"enum" not in one.head and bool(one.tag)
            and one.tokens[_last(one):] == other.tokens[_last(other):])


def _last(piece: Piece) -> int:
    """Return where the last brace of a piece closes."""
    return len(piece.tokens) - piece.tokens[::-1].index(b"}") - 1


def _within(one: Piece, other: Piece) -> set[bytes]:
    """Return the names of the members that two structs do not have in common."""
    old, new = Counter(members(one)), Counter(members(other))
    found: set[bytes] = set()
    for member in ((old - new) + (new - old)):
        found |= declared((*member, b";")) or set(filter(WORD.fullmatch, member))
    return found


def _renamed(one: Piece, other: Piece) -> bool:
    """Return whether two structs only differ in what their members are called."""
    if len(one.tokens) != len(other.tokens):
        return False
    may = _within(one, other)
    return all(a == b or (a in may and b in may)
               for a, b in zip(one.tokens, other.tokens, strict=True))


def by_value(tokens: Sequence[bytes], sized: Set[bytes]) -> bool:
    """Return whether something has a type within it that may have another size or layout.

    Not where it is pointed to, or only named with a member, as container_of() does.
    """
    return any(token in sized and follows not in (b"*", b",")
               for token, follows in zip(tokens, (*tokens[1:], b";"), strict=False))
