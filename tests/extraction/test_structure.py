# SPDX-License-Identifier: GPL-2.0-only
"""Statements are written from a transition system so that they have the same runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.extraction.structure import (
    MOST,
    Branch,
    Ret,
    Statements,
    Step,
    TooLarge,
    written,
)
from generator.graphs.lts import Builder, Label, Lts, minimise, word


def _lts(statements: Statements) -> Lts:
    """Return what statements can do; what goes off their end does nothing more."""
    builder = Builder()
    start, end = builder.new_state(), builder.new_state()
    builder.edge(_runs(builder, statements, start, end), Label("return", "", "0"), end)
    return builder.finish(start, {end})


def _runs(builder: Builder, statements: Statements, state: int, end: int) -> int:
    for one in statements:
        if isinstance(one, Ret):
            builder.edge(state, Label("return", "", one.outcome), end)
            return builder.new_state()  # nobody gets here
        if isinstance(one, Step):
            after = builder.then(state, one.label)
            if one.failed is not None:
                bad = builder.then(state, one.label._replace(outcome="fail"))
                builder.edge(_runs(builder, one.failed, bad, end), None, after)
            state = after
        else:
            labels = [Label(one.name, "", told) if one.name else None for told in ("true", "false")]
            ends = [
                _runs(builder, block, builder.then(state, label), end)
                for block, label in zip((one.true, one.false), labels, strict=True)
            ]
            state = builder.new_state()
            for last in ends:
                builder.edge(last, None, state)
    return state


def _statements(inner: st.SearchStrategy[Statements]) -> st.SearchStrategy[Statements]:
    calls = st.sampled_from("abcd").map(lambda name: Label(name, "dev", "ok"))
    steps = st.builds(Step, calls, st.none() | inner)
    branches = st.builds(Branch, st.sampled_from(("", "x", "y")), inner, inner)
    return st.lists(steps | branches, max_size=3).map(tuple)


_ENDS = st.sampled_from(((), (Ret("error"),), (Ret("0"),), (Ret("unknown"),)))


@given(st.recursive(_ENDS, _statements, max_leaves=12))
def test_statements_have_the_runs_of_what_they_were_written_from(statements: Statements) -> None:
    lts = minimise(_lts(statements))
    whole = written(lts)
    assert whole.loops == 0
    assert minimise(_lts(whole.statements)) == _unasked(lts)


def _unasked(lts: Lts) -> Lts:
    """Return it without conditions on which nothing hangs, which are not written."""
    moves = {(source, label): target for source, label, target in lts.edges}
    silent = {
        (source, label.name)
        for (source, label), target in moves.items()
        if label is not None and label.outcome == "true"
        and moves.get((source, label._replace(outcome="false"))) == target
    }
    edges = tuple(
        (s, None if a is not None and (s, a.name) in silent else a, t) for s, a, t in lts.edges
    )
    now = minimise(Lts(lts.start, edges, lts.final))
    return now if now == lts else _unasked(now)


def test_a_loop_is_cut_and_counted() -> None:
    again = Lts(0, ((0, Label("a", "", "ok"), 0), (0, Label("return", "", "0"), 1)), frozenset({1}))
    assert written(again).loops == 1
    assert written(again).statements == (Ret("0"),)


def test_what_is_too_much_is_refused() -> None:
    many = word(*(Label(f"a{i}", "", "ok") for i in range(MOST + 1)))
    with pytest.raises(TooLarge, match="too many ways"):
        written(many)
