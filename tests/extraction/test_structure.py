# SPDX-License-Identifier: GPL-2.0-only
"""Statements are written from a transition system so that they have the same runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.extraction.structure import (
    MOST,
    Branch,
    Ret,
    Shared,
    Statements,
    Step,
    TooLarge,
    Written,
    written,
)
from generator.graphs.lts import Builder, Label, Lts, minimise, word


def _lts(whole: Written) -> Lts:
    """Return what statements can do; what goes off their end does nothing more."""
    builder = Builder()
    start, end = builder.new_state(), builder.new_state()
    last = _runs(builder, whole.statements, start, end, whole.shared)
    builder.edge(last, Label("return", "", "0"), end)
    return builder.finish(start, {end})


def _runs(
    builder: Builder, statements: Statements, state: int, end: int, shared: tuple[Statements, ...]
) -> int:
    for one in statements:
        if isinstance(one, Ret):
            builder.edge(state, Label("return", "", one.outcome), end)
            return builder.new_state()  # nobody gets here
        if isinstance(one, Shared):
            state = _runs(builder, shared[one.number], state, end, shared)
            if one.ends:
                builder.edge(state, Label("return", "", "0"), end)
                return builder.new_state()
            continue
        if isinstance(one, Step):
            after = builder.then(state, one.label)
            if one.failed is not None:
                bad = builder.then(state, one.label._replace(outcome="fail"))
                builder.edge(_runs(builder, one.failed, bad, end, shared), None, after)
            state = after
        else:
            labels = [Label(one.name, "", told) if one.name else None for told in ("true", "false")]
            ends = [
                _runs(builder, block, builder.then(state, label), end, shared)
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
    lts = minimise(_lts(Written(statements, 0)))
    whole = written(lts)
    assert whole.loops == 0
    assert minimise(_lts(whole)) == _unasked(lts)


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


def _calls(*names: str, on: str = "dev") -> tuple[Step, ...]:
    return tuple(Step(Label(name, on, "ok")) for name in names)


def test_a_ladder_that_several_ways_come_to_is_written_once() -> None:
    """What each of three failures unwinds is one ladder, entered at three rungs."""
    ladder = _calls(*"zyxw")
    takes = tuple(
        Step(Label(name, "dev", "ok"), (*ladder[at:], Ret("error")))
        for at, name in ((2, "a"), (1, "b"), (0, "c"))
    )
    whole = written(minimise(_lts(Written((*takes, Ret("0")), 0))))
    written_once = [one.label.name for block in whole.shared for one in block
                    if isinstance(one, Step)]
    assert sorted(written_once) == ["w", "x"], "what stands before is short"
    assert all(one.failed is not None and isinstance(one.failed[-1], Shared)
               for one in whole.statements if isinstance(one, Step))


def test_ways_that_meet_across_a_branch_share_what_follows() -> None:
    """C that jumps into the middle of what another way does: no branch of ifs is that."""
    tail = (*_calls(*"tuv"), Ret("0"))
    inner = Branch("y", tail, (*_calls("b"), Ret("unknown")))
    jump = Branch("x", (*_calls("a"), *tail), (inner,))
    whole = written(minimise(_lts(Written((jump,), 0))))
    assert whole.shared == (tail,)


def test_a_loop_is_cut_and_counted() -> None:
    again = Lts(0, ((0, Label("a", "", "ok"), 0), (0, Label("return", "", "0"), 1)), frozenset({1}))
    assert written(again).loops == 1
    once = (*_calls("a", on=""), Ret("0"))
    assert written(again).statements == (Branch("", (Ret("0"),), once),)


def test_c_goes_on_behind_a_loop_that_is_cut() -> None:
    """for (...) body(); after(); return 0: the body once, and then what stands behind."""
    more = Label("more", "", "true")
    loop = Lts(0, (
        (0, more, 1), (0, more._replace(outcome="false"), 2), (1, Label("body", "", "fail"), 4),
        (1, Label("body", "", "ok"), 0), (2, Label("after", "", "ok"), 3),
        (3, Label("return", "", "0"), 5), (4, Label("return", "", "error"), 5),
    ), frozenset({5}))
    only = replace(loop, edges=tuple(one for one in loop.edges if one[2] != 4))
    for lts, body in ((loop, Step(Label("body", "", "ok"), (Ret("error"),))),
                      (only, Step(Label("body", "", "ok")))):
        whole = written(lts)
        assert whole.loops == 1
        assert whole.statements == (
            Branch("more", (body,), ()), *_calls("after", on=""), Ret("0"))


def test_a_loop_that_is_left_into_one_around_it_comes_to_an_end() -> None:
    """What leaves the inner one is a way back of the outer one: that is cut as well."""
    tried, again = (Label(name, "dev", "ok") for name in "ab")
    whole = written(Lts(0, (
        (0, tried, 0), (0, tried._replace(outcome="fail"), 1), (0, Label("return", "", "0"), 2),
        (1, again, 1), (1, again._replace(outcome="fail"), 0),
    ), frozenset({2})))
    assert whole.loops
    assert {"a", "b"} <= {one.label.name for one in _steps(whole)}


def _steps(whole: Written) -> Iterator[Step]:
    todo = [whole.statements, *whole.shared]
    for block in todo:
        for one in block:
            if isinstance(one, Step):
                yield one
                todo.append(one.failed or ())
            elif isinstance(one, Branch):
                todo += [one.true, one.false]


def test_what_is_too_much_is_refused() -> None:
    many = word(*(Label(f"a{i}", "", "ok") for i in range(MOST + 1)))
    with pytest.raises(TooLarge, match="too many ways"):
        written(many)
