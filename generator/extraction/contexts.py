# SPDX-License-Identifier: GPL-2.0-only
"""What a driver lets run by itself, works, timers, tasklets and threads, as C sets it up.

Which function a work runs is said where it is initialised, by a macro of which nothing is left
when C is parsed: so it is read off the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generator.context import REGISTERED
from generator.graphs.lts import Label
from generator.ops import work
from generator.ops.work import Of
from generator.parsing.cursors import Unit

_PATH = r"\(?\s*&?\s*(?P<of>[\w\s.>\-\[\]]+?)\s*\)?"
_THEN = r"\s*,\s*(?:\(\w+\)\s*)?&?(?P<function>\w+)\s*"
_SET_UP = (  # kind, and how it is set up; "of" is the member, or what the thread is kept in
    ("work", rf"\b(?:INIT_WORK|init_work)\s*\({_PATH}{_THEN}\)"),
    ("work", rf"\bdevm_work_autocancel\s*\([^,]*,\s*{_PATH}{_THEN}\)"),
    ("delayed_work", rf"\bINIT_(?:DELAYED|DEFERRABLE)_WORK\s*\({_PATH}{_THEN}\)"),
    ("delayed_work", rf"\bdevm_delayed_work_autocancel\s*\([^,]*,\s*{_PATH}{_THEN}\)"),
    ("timer", rf"\btimer_setup\s*\({_PATH}{_THEN},"),
    ("tasklet", rf"\btasklet_setup\s*\({_PATH}{_THEN}\)"),
    ("hrtimer", rf"\bhrtimer_setup\s*\({_PATH}{_THEN},"),
    ("hrtimer", r"\b(?P<of>[\w.>\-]+?)(?:\.|->)function\s*=\s*&?(?P<function>\w+)\s*;"),
    ("thread", r"(?P<of>[\w.>\-]+)\s*=\s*kthread_(?:run|create)\s*\(\s*(?P<function>\w+)\s*,"),
)
INIT = "__init_work"  # what is left of INIT_WORK() and of INIT_DELAYED_WORK()


@dataclass(frozen=True)
class SetUp:
    """What is set up to run: its kind, the member in which it lies, the function that runs."""

    kind: str
    member: str
    function: str


def set_up(units: Sequence[Unit]) -> tuple[SetUp, ...]:
    """Return what the functions of some units set up, one for each member that tells it.

    Where two functions go by the same member, or one runs for two, none of them is known.
    """
    known = {name for unit in units for name in unit.definitions}
    found = dict.fromkeys(
        one for unit in units for one in _set_up(unit.text.decode("utf-8", "replace"))
        if one.function in known
    )
    members = Counter(one.member for one in found)
    functions = Counter(one.function for one in found)
    return tuple(one for one in found if members[one.member] == functions[one.function] == 1)


def _set_up(text: str) -> Iterator[SetUp]:
    for kind, pattern in _SET_UP:
        for match in re.finditer(pattern, text):
            member = re.split(r"\.|->", match["of"])[-1].partition("[")[0].strip()
            yield SetUp(kind, member, match["function"])


def initialises(label: Label, there: Sequence[SetUp]) -> Of:
    """Return what INIT is: it depends on where the work lies."""
    return work.INIT_DELAYED_WORK if _delayed(label, there) else work.INIT_WORK


def _delayed(label: Label, there: Sequence[SetUp]) -> bool:
    members = label.on.split(".")
    return members[-1:] == ["work"] and any(
        one.kind == "delayed_work" and one.member in members[-2:-1] for one in there
    )


def name(of: Of, label: Label, there: Sequence[SetUp]) -> str | None:
    """Return the name of the context that a call is for, None when it is of none that is known."""
    if of.kind in REGISTERED:
        return of.word
    mine = [one for one in there if one.kind == of.kind]
    if of.kind == "thread":
        return mine[0].function if len(mine) == 1 else None
    members = label.on.split(".")
    if of.kind == "delayed_work" and members[-1] == "work" and len(members) > 2:
        members = members[:-1] if any(one.member == members[-2] for one in mine) else members
    return next((one.function for one in mine if one.member == members[-1] and len(members) > 1),
                None)
