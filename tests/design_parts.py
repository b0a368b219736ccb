# SPDX-License-Identifier: GPL-2.0-only
"""A design with one of everything that it can be made of, each in a line of its own.

`changed(text, name, field, value)` writes one field of one of them otherwise.
"""

from __future__ import annotations

import re

WHOLE = '''\
from dataclasses import replace as of
from generator.context import Context
from generator.design import Design, Device, Driver, Waiver
from generator.expr import (
    EACH, Bin, ChildrenOf, Fact, Nth, Num, Over, ParentOf, Pick, Role, Same, UsersOf,
)
from generator.expr import Not as Negation
from generator.facts import HAS
from generator.fingerprint import Fingerprint
from generator.operation import IGNORE, Guard, Operation, Outcome, Set, fault, ok, sets
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE
from generator.program import And, Call, Each, Function, If, Ifdef, Not, Or, Return

DEV = of(Role("dev"))
RUNS = of(Fact("card runs", 1, "it runs"))
STOP = of(Operation("card_stop", ("dev",), (ok(sets(RUNS(DEV), 0)),), source="mine"))
SET = of(Set(RUNS(DEV), Num(1)))
STARTED = of(Outcome("ok", RUNS(DEV).eq(0), (SET,)))
BROKEN = of(fault("-EIO", when=RUNS(DEV).eq(0)))
PRINT = of(Fingerprint(("card_start",), on=0))
START = of(Operation("card_start", ("dev",), (STARTED, BROKEN), source="mine", undo=STOP,
    params=("nr",), ranges=(("nr", 0, 3),), defaults=(("nr", 0),), kinds=(("dev", ("pci",)),),
    fingerprint=PRINT))
PORT = of(Device("port", "pci"))
PART = of(Device("part", "part", PORT, count=2))
FIRST = of(Nth(PART, 0))
PARENT = of(ParentOf(FIRST))
CHILDREN = of(ChildrenOf(PORT))
USERS = of(UsersOf(PORT))
COMPARED = of(Bin("==", RUNS(PORT), Num(1)))
ONE = of(Num(1))
NEGATED = of(Negation(COMPARED))
PICKED = of(Pick(COMPARED, ONE, Num(0)))
RANGED = of(Over("any", PART, HAS(EACH).eq(1)))
SAME = of(Same(PORT, PORT))
MORE = (HAS(FIRST).eq(1) & RUNS(PARENT).eq(0) & Over("any", CHILDREN, HAS(EACH).eq(0))
        & Over("any", USERS, HAS(EACH).eq(0)))
OPEN = of(Guard("left open", None, ()))
ASKED = of(Guard("it runs", COMPARED & NEGATED & PICKED & RANGED & SAME & MORE, ()))
BOTH = of(And((OPEN, ASKED)))
EITHER = of(Or((OPEN, BOTH)))
NEITHER = of(Not(EITHER))
WORK = of(Context("job", ()))
BACK = of(Function("back", ()))
HELP = of(Function("help", (), BACK))
CALLED = of(Call(HELP, IGNORE, ()))
LEAVE = of(Return(True))
IF = of(If(NEITHER, (LEAVE,), ()))
IFDEF = of(Ifdef("CONFIG_PCI_MSI", (), ()))
LOOP = of(Each(PART, (), False, None, False))
DONE = of(START(PORT, nr=1))
WAIVER = of(Waiver("R14", "so it is", "pci_disable_device", "remove"))
DRIVER = of(Driver("card", PORT, probe=(PCI_ENABLE_DEVICE(PORT), DONE, CALLED, IFDEF, LOOP, IF),
    remove=(If(ASKED, (STOP(PORT),)), PCI_DISABLE_DEVICE(PORT)), contexts=(WORK,)))
DESIGN = of(Design("card", "a card", (PORT, PART), (DRIVER,), waivers=(WAIVER,)))
'''
NAMES = tuple(re.findall(r"^([A-Z]+) = of\(", WHOLE, re.M))


def changed(name: str, field: str, value: str) -> str:
    """Return the design with another value, as Python writes it, in a field of one of its parts."""
    found = re.search(rf"^{name} = of\(", WHOLE, re.M)
    assert found is not None, name
    end, depth = found.end(), 1
    while depth:
        depth += (WHOLE[end] == "(") - (WHOLE[end] == ")")
        end += 1
    return f"{WHOLE[: end - 1]}, {field}={value}{WHOLE[end - 1 :]}"
