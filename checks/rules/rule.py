# SPDX-License-Identifier: GPL-2.0-only
"""What a rule is: a statement with its evidence, and a function that says where it breaks.

A rule reads operations, facts and hardware answers. A step rule looks at one transition and
returns the condition under which that step breaks it; a state rule returns conditions that
must never hold. Both are expressions, so every engine checks the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from checks.machine.instances import View
from checks.machine.step import GIVEN_UP, Step
from generator.expr import TRUE, Expr, any_of
from generator.facts import (
    CLOCK,
    CLOCK_ON,
    CLOCK_PREPARED,
    MORE_POWER,
    PHY_INITED,
    PHY_ON,
    POWER,
    RELEASED,
    SUPPLY,
    SUPPLY_ON,
)


@dataclass(frozen=True)
class Clause:
    """One way in which a step breaks a rule: what is said of it, and what mends it."""

    says: str  # of the fact and the device, behind "Here: "
    when: Expr
    mend: str = ""


# What drivers have switched on, and references that they hold.
COUNTED = (CLOCK, CLOCK_ON, CLOCK_PREPARED, SUPPLY, SUPPLY_ON, RELEASED, PHY_INITED, PHY_ON, POWER,
           MORE_POWER)


def counted_on(step: Step, view: View) -> Expr:
    """Return whether what the driver of a step counts must be right there.

    Behind a resume that has failed it need not be: drivers/base/power/main.c device_resume() says
    so in the log and goes on, nobody tells the driver, and what it did not switch on again it
    switches off when it is unbound.
    """
    told = view.episode == "sleep" and step.inst is not None
    return GIVEN_UP(step.inst).eq(0) if told and step.inst is not None else TRUE


OnStep = Callable[[Step, View], Expr | None]
Clauses = Callable[[Step, View], Iterator[Clause]]
OnState = Callable[[View], Iterator[tuple[str, Expr]]]


@dataclass(frozen=True)
class Rule:
    """One rule: `statement` is what must hold, `symptom` what a running kernel shows if not.

    `implies` names the rules that the same mistake breaks as well: they are not reported
    beside this one. `clauses` tell the ways in which a step breaks it apart, for those who are
    to mend it; `mend` is what mends it in any case. `file` is where its function stands.
    """

    key: str
    title: str
    statement: str
    evidence: tuple[str, ...]  # "file function()" of the pinned tree, or a Message-ID
    symptom: str
    on_step: OnStep | None = None
    on_state: OnState | None = None
    implies: tuple[str, ...] = ()
    mend: str = ""
    clauses: Clauses = lambda _step, _view: iter(())
    file: str = ""
    unless: str = ""  # where it is not asked: what a refusal need not say


def step_rule(
    key: str, *, evidence: tuple[str, ...], symptom: str, implies: tuple[str, ...] = (),
    states: OnState | None = None, mend: str = "", unless: str = "",
) -> Callable[[OnStep], Rule]:
    """Make a rule of a function over steps; its docstring is the statement.

    `states` are conditions of the same rule that must hold in no state.
    """

    def made(function: OnStep) -> Rule:
        return Rule(key, _title(function), _statement(function), evidence, symptom,
                    on_step=function, on_state=states, implies=implies, mend=mend,
                    file=_file(function), unless=unless)

    return made


def clause_rule(
    key: str, *, evidence: tuple[str, ...], symptom: str, implies: tuple[str, ...] = (),
    states: OnState | None = None, mend: str = "", unless: str = "",
) -> Callable[[Clauses], Rule]:
    """Make a rule of a function that yields the ways in which a step breaks it, each by itself.

    unless: where it is not asked, which no refusal has to say.
    """

    def made(function: Clauses) -> Rule:
        def on_step(step: Step, view: View) -> Expr | None:
            ways = [clause.when for clause in function(step, view)]
            return any_of(*ways) if ways else None

        return Rule(key, _title(function), _statement(function), evidence, symptom,
                    on_step=on_step, on_state=states, implies=implies, mend=mend,
                    clauses=function, file=_file(function), unless=unless)

    return made


def state_rule(
    key: str, *, evidence: tuple[str, ...], symptom: str, implies: tuple[str, ...] = (),
    mend: str = "",
) -> Callable[[OnState], Rule]:
    """Make a rule of a function over a design's states; its docstring is the statement."""

    def made(function: OnState) -> Rule:
        return Rule(key, _title(function), _statement(function), evidence, symptom,
                    on_state=function, implies=implies, mend=mend, file=_file(function))

    return made


_T = TypeVar("_T")


def once(function: Callable[[View], _T]) -> Callable[[View], _T]:
    """Return a function that looks at a design once, however many steps it is asked about."""
    kept: WeakKeyDictionary[View, _T] = WeakKeyDictionary()

    @wraps(function)
    def remembered(view: View) -> _T:
        try:
            return kept[view]
        except KeyError:
            found = kept[view] = function(view)
            return found

    return remembered


def is_done(step: Step, *names: str) -> bool:
    """Return whether a step is one of some operations, done by a driver or by devres.

    What takes something off the devres list does what devres would have done.
    """
    op = step.op
    if op is None:
        return False
    early = op.off_devres
    named = op.name in names or (
        early is not None and early.name in names and early.outcomes == op.outcomes
    )
    return named and step.outcome in ("ok", "fail")


def _title(function: Callable[..., object]) -> str:
    return function.__name__.upper()


def _file(function: Callable[..., object]) -> str:
    return function.__module__.replace(".", "/") + ".py"


def _statement(function: Callable[..., object]) -> str:
    assert function.__doc__, f"{function.__name__} needs a docstring: it is the statement"
    return " ".join(function.__doc__.split())
