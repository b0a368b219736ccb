# SPDX-License-Identifier: GPL-2.0-only
"""A counterexample as a sequence diagram: lifelines, messages between them, the breaking step.

What a driver does to its own device, or to one without a lifeline, is a message to itself. The
driver core calls and gets results; the environment acts on whom its step names.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.search.told import Counterexample, Shown
from checks.show.table import said
from generator.rendering.templates import text_of

SIZE = 12  # of the letters, in pixels
LETTER = 7.25  # how wide one is: a monospaced letter is 0.6 of its size
_ROW, _LEADING = 30, 15  # between messages, between lines of one text
_MARGIN, _HEAD, _APART, _LOOP = 20, 24, 150, 26
_LETTERS = 64  # in a line of a message
_CORE, _OUTSIDE = "driver core", "environment"
_RED, _INK = "#b00", "#222"


@dataclass(frozen=True)
class Lifeline:
    """An actor: where its line is, and the box with its name."""

    name: str
    x: float
    left: float
    wide: float
    top: float
    bottom: float
    height: float = _HEAD


@dataclass(frozen=True)
class Words:
    """One line of text, and how wide it is drawn."""

    x: float
    y: float
    wide: float
    words: str
    colour: str = _INK


@dataclass(frozen=True)
class Arrow:
    """A message, as an SVG path."""

    path: str
    kind: str
    colour: str
    thick: float


@dataclass(frozen=True)
class Diagram:
    """Everything that is drawn, in pixels."""

    title: str
    width: int
    height: int
    lines: tuple[Lifeline, ...]
    arrows: tuple[Arrow, ...]
    texts: tuple[Words, ...]


def svg(one: Counterexample) -> str:
    """Return a counterexample as the text of an SVG file."""
    drawn = diagram(one)
    return text_of(
        "svg/sequence.svg.j2", title=drawn.title, width=drawn.width, height=drawn.height,
        size=SIZE, lines=drawn.lines, arrows=drawn.arrows, texts=drawn.texts,
    )


def diagram(one: Counterexample) -> Diagram:
    """Return where everything goes: no text touches another one."""
    title = f"{one.rule} {one.title}"
    told = [title, *textwrap.wrap(one.message, _LETTERS + 16)]
    facts = ", ".join(f"{name} {answer}" for name, answer in one.hardware)
    told += textwrap.wrap(facts, _LETTERS + 16)
    texts = [_words(_MARGIN, _MARGIN + number * _LEADING, line)
             for number, line in enumerate(told)]
    top = _MARGIN + len(told) * _LEADING + _HEAD
    names = _lifelines(one.trace)
    across = dict(_placed(names))
    arrows: list[Arrow] = []
    y = top + _LEADING
    for number, step in enumerate(one.trace):
        last = number == len(one.trace) - 1
        colour = _RED if last else _INK
        lines = textwrap.wrap(said(step) + (f" [{one.rule}]" if last else ""), _LETTERS)
        source, target = ends(step, names)
        left = min(across[source], across[target])
        aside = _LOOP + 6 if source == target else 8
        texts += [
            _words(left + aside, y + SIZE + row * _LEADING, line, colour)
            for row, line in enumerate(lines)
        ]
        y += (_ROW if source != target else _LEADING) + (len(lines) - 1) * _LEADING
        arrows.append(_arrow(across[source], across[target], y, last))
        y += _LEADING
    width = max([x + wide / 2 for x, wide in _boxes(across)] + [t.x + t.wide for t in texts])
    lifelines = tuple(
        Lifeline(name, x, x - wide / 2, wide, top, y) for name, (x, wide)
        in zip(names, _boxes(across), strict=True)
    )
    texts += [
        _words(line.left + LETTER, line.top - (_HEAD - SIZE) / 2 - 1, line.name)
        for line in lifelines
    ]
    return Diagram(title, int(width) + _MARGIN, int(y) + _MARGIN, lifelines, tuple(arrows),
                   tuple(texts))


def _words(x: float, y: float, words: str, colour: str = _INK) -> Words:
    return Words(x, y, round(len(words) * LETTER, 2), words, colour)


def _lifelines(trace: Sequence[Shown]) -> tuple[str, ...]:
    """Return the lifelines that a trace needs: core and environment stand at the sides."""
    drivers = tuple(dict.fromkeys(s.actor for s in trace if s.entry != "environment"))
    core = (_CORE,) if any(step.entry == "driver core" for step in trace) else ()
    outside = (_OUTSIDE,) if any(step.entry == "environment" for step in trace) else ()
    return (*core, *drivers, *outside)


def _placed(names: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Yield how far to the right each lifeline stands: boxes never touch."""
    x = _MARGIN + _wide(names[0]) / 2 if names else 0.0
    for name, following in zip(names, (*names[1:], ""), strict=True):
        yield name, x
        x += max(_APART, (_wide(name) + _wide(following)) / 2 + _MARGIN)


def _wide(name: str) -> float:
    return (len(name) + 2) * LETTER


def _boxes(across: dict[str, float]) -> list[tuple[float, float]]:
    return [(x, _wide(name)) for name, x in across.items()]


def ends(step: Shown, names: Sequence[str]) -> tuple[str, str]:
    """Return from which lifeline to which a step is a message."""
    if step.entry == "environment":
        return _OUTSIDE, next(_about(step, names), _OUTSIDE)
    if step.entry == "driver core":
        return (step.actor, _CORE) if step.kind.hands_back else (_CORE, step.actor)
    return step.actor, next((one for one in _about(step, names) if one != step.actor), step.actor)


def _about(step: Shown, names: Sequence[str]) -> Iterator[str]:
    """Yield the lifelines of the devices that a step is about, in the order of the lifelines."""
    yield from (name for name in names if name in step.about and name not in (_CORE, _OUTSIDE))


def _arrow(source: float, target: float, y: float, last: bool) -> Arrow:
    path = f"M{source},{y} L{target},{y}"
    if source == target:
        path = f"M{source},{y - 10} h{_LOOP} v10 h-{_LOOP}"
    return Arrow(path, "breaks" if last else "message", _RED if last else _INK, 2 if last else 1)
