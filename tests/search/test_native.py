# SPDX-License-Identifier: GPL-2.0-only
"""The C of a machine means what the language means, and is compiled or says why not."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import EXPRESSIONS, SOME

from checks.machine.instances import View
from checks.machine.machine import Machine
from checks.machine.step import Kind, Step, Transition
from checks.rules.all import RULES
from checks.search import native
from checks.search.explore import explore
from checks.search.machine_as_c import Watch
from checks.search.packed import Packed, pack
from generator.designs import today
from generator.drivers.portdrv_services import PORT
from generator.errors import EnvironmentFault, ModelError
from generator.expr import Expr, Fact, Pick, Read, num
from generator.meaning import evaluate, fold_known

MORE = 512  # keeps what is stored from being negative
RESULT = Fact("result", 1023, "")(PORT)
STEP = Step("somebody", Kind.PASS, "computes")


def machine(*exprs: Expr) -> Machine:
    """Return a machine that computes some expressions, one with each step."""
    steps = tuple(
        Transition(STEP, None, 0, num(1), ((RESULT, expr + MORE),)) for expr in exprs
    )
    tops = {read: read.fact.top for read in (*SOME, RESULT)}
    return Machine(today.DESIGN, View(today.DESIGN), (*SOME, RESULT), tops, steps, {})


def stored(packed: Packed, values: tuple[int, ...]) -> int:
    """Return the state in which facts have some values."""
    return sum(value << packed.fields[read].shift
               for read, value in zip(SOME, values, strict=True))


@settings(max_examples=25)
@given(
    exprs=st.lists(EXPRESSIONS, min_size=1, max_size=20),
    some=st.lists(st.tuples(*[st.integers(0, 3) for _ in SOME]), min_size=1, max_size=5),
)
def test_steps_compute_what_the_language_means(
    exprs: list[Expr], some: list[tuple[int, ...]]
) -> None:
    packed = pack(machine(*exprs), ())
    for values in some:
        state: dict[Read, int] = dict(zip(SOME, values, strict=True))
        got = {number: packed.values(after)[RESULT]
               for number, after in packed.steps(stored(packed, values))}
        assert got == {number: evaluate(expr, state) + MORE for number, expr in enumerate(exprs)}


@settings(max_examples=100)
@example(expr=Pick(Pick(SOME[0], num(0), num(0)), SOME[0], SOME[1]), values=(0, 0, 0))
@given(expr=EXPRESSIONS, values=st.tuples(*[st.integers(0, 3) for _ in SOME]))
def test_a_watch_breaks_where_the_language_says(expr: Expr, values: tuple[int, ...]) -> None:
    one = machine(num(0))
    when = fold_known(expr, frozenset(one.variables))
    packed = pack(one, (Watch("X1", expr, "", 0),))
    steps = packed.steps(stored(packed, values))
    assert bool(steps) is not bool(evaluate(when, dict(zip(SOME, values, strict=True))))


def test_two_values_at_once_are_an_error() -> None:
    one = machine(num(0)).transitions[0]
    twice = Transition(STEP, None, 0, num(1), (*one.gives, (RESULT, num(1))))
    with pytest.raises(ModelError, match=r"gives port\.result two values"):
        pack(Machine(today.DESIGN, View(today.DESIGN), (RESULT,), {RESULT: 1023}, (twice,), {}), ())


def test_any_compiler_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    report = explore(today.DESIGN, RULES)
    monkeypatch.setattr(native, "COMPILERS", native.COMPILERS[1:])
    again = explore(today.DESIGN, RULES)
    assert again.counterexamples == report.counterexamples
    assert (again.verdict, again.bounds.states, again.bounds.transitions) == (
        report.verdict, report.bounds.states, report.bounds.transitions)


def test_without_a_compiler_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(EnvironmentFault, match="apt-get install tcc"):
        explore(today.DESIGN, RULES)


def test_what_the_compiler_says_is_shown() -> None:
    with pytest.raises(EnvironmentFault, match="cannot compile the search"):
        native.Library("int main(", 1, 0, 0)


def test_what_cannot_be_loaded_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(command: Sequence[str], text: str) -> None:
        Path(command[command.index("-o") + 1]).write_text("no library")

    monkeypatch.setattr(native, "_compile", compiled)
    with pytest.raises(EnvironmentFault, match=r"machine\.so: .*; TMPDIR can name a directory"):
        native.Library("", 1, 0, 0)
