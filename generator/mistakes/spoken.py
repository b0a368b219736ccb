# SPDX-License-Identifier: GPL-2.0-only
"""A condition's C and its meaning as a user may write them apart from each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from generator.errors import ModelError, Where
from generator.expr import Bin, Expr, Num
from generator.operation import Do, Guard
from generator.parsing.conditions import COMPARISONS, tokens
from generator.program import Block, Call, If, leaves

# C's comparison -> that of the meaning, and whether its sides are exchanged there
_MEANS = {"<": ("<", False), ">": ("<", True), "<=": ("<=", False), ">=": ("<=", True),
          "==": ("==", False), "!=": ("!=", False)}

# a name in C -> what it means, and where that is said; the first line is the one to be named
_Said = dict[str, tuple[Expr, tuple[Where, ...]]]


def check_spoken(blocks: Iterable[Block]) -> None:
    """Refuse conditions whose C compares in another way than their meaning, or other things.

    What a name of C means is what a comparison, or a parameter that is given with its C, says of
    it in the same function; a comparison whose sides are exchanged is seen by what the rest of
    the driver says. Errors: ModelError, at the line of the condition.
    """
    functions: dict[str, _Said] = {}
    compared: list[tuple[str, Guard, Where, tuple[str, str], tuple[Expr, Expr]]] = []
    for function, node in _each(blocks):
        said = functions.setdefault(function, {})
        if isinstance(node, Do):
            given = dict(node.c)
            for name, value in zip(node.op.params, node.params, strict=False):
                text = given.get(name)
                if text is not None and not isinstance(value, Num):
                    _learn(said, text, value, str(node), node.where)
            continue
        for guard in leaves(node.guard):
            sides = _sides(guard, node.where) if isinstance(guard, Guard) else None
            if sides is not None:
                compared.append((function, guard, node.where, *sides))
    for function, guard, where, texts, means in compared:
        for text, meaning in zip(texts, means, strict=True):
            _learn(functions[function], text, meaning, f"the condition {guard.name!r}", where)
    for function, guard, where, (left, right), (first, second) in compared:
        for text, other, mine in ((left, second, first), (right, first, second)):
            elsewhere = {said[text][0] for name, said in functions.items()
                         if name != function and text in said}
            # a name that means several things says nothing, nor what is said here twice
            if elsewhere == {other} and other != mine and functions[function][text][1] == (where,):
                raise ModelError(where, f"the condition {guard.name!r}: its meaning has the sides "
                                 f"of its C exchanged, by what `{text}` means in the driver's "
                                 "other functions: turn one of both")


def _each(
    blocks: Iterable[Block], function: str = "", seen: set[int] | None = None
) -> Iterator[tuple[str, Do | If]]:
    """Yield the operations and conditions of blocks, each with the function that it is in."""
    seen = set() if seen is None else seen
    for block in blocks:
        for node in block:
            if isinstance(node, Do | If):
                yield function, node
            yield from _each(node.blocks(), function, seen)
            if isinstance(node, Call) and id(node.function) not in seen:
                seen.add(id(node.function))
                yield from _each((node.function.body,), node.function.name, seen)


def _sides(guard: Guard, where: Where) -> tuple[tuple[str, str], tuple[Expr, Expr]] | None:
    """Return what a condition compares, in C and in its meaning, in the order of the C.

    None when one of both compares with a constant, or does not compare.
    """
    means = guard.when
    if len(guard.c) != 1 or not isinstance(means, Bin) or means.op not in COMPARISONS or (
        isinstance(means.left, Num) or isinstance(means.right, Num)
    ):
        return None
    words = tokens(guard.c[0])
    at = [place for place, word in enumerate(words) if word in COMPARISONS]
    if len(at) != 1 or "&&" in words or "||" in words:
        return None
    texts = " ".join(words[: at[0]]), " ".join(words[at[0] + 1 :])
    if any(text.isupper() or text[:1].isdigit() for text in texts):
        return None
    operator, exchanged = _MEANS[words[at[0]]]
    if operator != means.op:
        asks = {"<": "less", "<=": "less or equal", "==": "equal", "!=": "not equal"}
        raise ModelError(where, f"the condition {guard.name!r}: its C asks for {asks[operator]}, "
                         f"its meaning for {asks[means.op]}: they are one condition, so write "
                         "both alike")
    sides = (means.right, means.left) if exchanged else (means.left, means.right)
    return texts, sides


def _learn(said: _Said, text: str, meaning: Expr, who: str, where: Where) -> None:
    text = " ".join(tokens(text))
    known, lines = said.get(text, (meaning, (where,)))
    said[text] = known, tuple(dict.fromkeys((*lines, where)))
    if known != meaning:
        raise ModelError(where, f"{who}: `{text}` means something else than at {lines[0]} in the "
                         "same function: give it the same meaning, or another name")
