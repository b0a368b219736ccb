# SPDX-License-Identifier: GPL-2.0-only
"""Lts: minimal values are equal exactly when languages are; a difference is a shortest one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from words import choice, seq, star

from generator.graphs.lts import END, Builder, Label, Lts, difference, minimise, word

A, B, C = Label("a"), Label("b"), Label("c")
LETTERS = (A, B, C)


def step(lts: Lts, states: frozenset[int], label: Label | None) -> frozenset[int]:
    """Subset step with silent closure, the naive way."""
    after = (
        set(states) if label is None else {t for s, a, t in lts.edges if a == label and s in states}
    )
    while True:
        more = {t for s, a, t in lts.edges if a is None and s in after} - after
        if not more:
            return frozenset(after)
        after |= more


def language(lts: Lts, length: int) -> set[tuple[tuple[Label, ...], bool]]:
    """Every run up to a length, with whether it may end there: the oracle."""
    found = set()
    level = {(): step(lts, frozenset({lts.start}), None)}
    for _ in range(length + 1):
        following = {}
        for run, states in level.items():
            found.add((run, bool(states & lts.final)))
            for label in LETTERS:
                after = step(lts, states, label)
                if after:
                    following[(*run, label)] = after
        level = following
    return found


def _fragments() -> st.SearchStrategy[Lts]:
    leaves = st.lists(st.sampled_from(LETTERS), max_size=2).map(lambda labels: word(*labels))
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            st.tuples(parts, parts).map(lambda pair: seq(*pair)),
            st.tuples(parts, parts).map(lambda pair: choice(*pair)),
            parts.map(star),
        ),
        max_leaves=5,
    )


@st.composite
def _graphs(draw: st.DrawFn) -> Lts:
    state = st.integers(0, 3)
    edge = st.tuples(state, st.sampled_from((*LETTERS, None)), state)
    return Lts(0, tuple(draw(st.lists(edge, max_size=8))), frozenset(draw(st.sets(state))))


@given(st.one_of(_fragments(), _graphs()))
@settings(max_examples=150)
def test_minimising_keeps_the_language_and_is_a_fixed_point(lts: Lts):
    small = minimise(lts)
    assert language(small, 4) == language(lts, 4)
    assert minimise(small) == small


@given(_graphs(), _graphs())
@settings(max_examples=200)
def test_values_are_equal_exactly_when_languages_are(one: Lts, other: Lts):
    # two subset automata of 4 states each part within 2 ** 4 * 2 ** 4 steps; 6 suffice here
    if minimise(one) == minimise(other):
        assert language(one, 6) == language(other, 6)
    else:
        found = difference(one, other)
        assert found is not None
        length = len(found.prefix)
        assert length == 0 or language(one, length - 1) == language(other, length - 1)


@given(_graphs(), _graphs())
@settings(max_examples=200)
def test_a_difference_is_a_run_that_one_side_does_not_have(one: Lts, other: Lts):
    found = difference(one, other)
    if found is None:
        return
    runs = []
    for lts in (one, other):
        states = step(lts, frozenset({lts.start}), None)
        for label in found.trace:
            states = states & lts.final if label == END else step(lts, states, label)
        runs.append(bool(states))
    assert runs == ([True, False] if found.side == "want" else [False, True])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (star(star(word(A))), star(word(A))),
        (choice(word(A, B), word(A, C)), seq(word(A), choice(word(B), word(C)))),
        (seq(word(A), star(word(B, A))), seq(star(word(A, B)), word(A))),
        (word(), star(choice())),
    ],
)
def test_equal_languages_give_equal_values(one: Lts, other: Lts):
    assert minimise(one) == minimise(other)
    assert difference(one, other) is None


def test_an_early_exit_is_told_from_going_on():
    builder = Builder()
    start = builder.new_state()
    end = builder.new_state()
    tried = builder.then(start, Label("try", "dev", "ok"))
    builder.edge(tried, Label("return", "", "0"), end)
    failed = builder.then(start, Label("try", "dev", "fail"))
    builder.edge(failed, Label("return", "", "error"), end)
    want = builder.finish(start, {end})
    builder.edge(failed, Label("undo", "dev", "ok"), tried)
    found = difference(want, builder.finish(start, {end}))
    assert found is not None
    assert found.prefix == (Label("try", "dev", "fail"),)
    assert found.trace == (Label("try", "dev", "fail"), Label("undo", "dev", "ok"))
    assert found.side == "got"
    assert str(found).splitlines() == [
        "both:",
        "    1. try(dev): fail",
        "then want:",
        "      return(): error",
        "then got:",
        "      return(): error",
        "    * undo(dev): ok",
    ]


def test_a_run_that_never_ends_is_not_one_that_ends():
    forever = Lts(0, ((0, A, 0),), frozenset())
    found = difference(star(word(A)), forever)
    assert found is not None
    assert found.trace == (END,)
    assert found.side == "want"
    # and it is told from one that cannot go on either
    assert difference(forever, Lts(0, (), frozenset())) is not None
