# SPDX-License-Identifier: GPL-2.0-only
"""A language to write expected transition systems in: one after the other, either, again."""

from __future__ import annotations

from generator.graphs.lts import Builder, Lts


def paste(builder: Builder, source: int, part: Lts, target: int) -> int:
    """Copies `part` between two states: entered at `source`, left at `target`."""
    names = {state: builder.new_state() for state in sorted(part.states())}
    builder.edge(source, None, names[part.start])
    for before, label, after in part.edges:
        builder.edge(names[before], label, names[after])
    for state in sorted(part.final):
        builder.edge(names[state], None, target)
    return target


def seq(*parts: Lts) -> Lts:
    """One part after the other."""
    builder = Builder()
    start = state = builder.new_state()
    for part in parts:
        state = paste(builder, state, part, builder.new_state())
    return builder.finish(start, {state})


def choice(*parts: Lts) -> Lts:
    """Any one of the parts."""
    builder = Builder()
    start, end = builder.new_state(), builder.new_state()
    for part in parts:
        paste(builder, start, part, end)
    return builder.finish(start, {end})


def star(part: Lts) -> Lts:
    """The part any number of times, also never."""
    builder = Builder()
    start = builder.new_state()
    paste(builder, start, part, start)
    return builder.finish(start, {start})
