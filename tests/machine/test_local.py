# SPDX-License-Identifier: GPL-2.0-only
"""A fact says itself that it is a driver's local variable; a design file may bring its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from broken import glue
from broken.glue import glued
from broken.parts import DELETE, KID, MAKE, PORT, design, kid, port

from checks.finding import Verdict
from checks.machine.instances import Inst, View
from checks.machine.machine import build
from checks.machine.step import Kind, Step
from checks.rules.all import RULES
from checks.rules.rule import step_rule
from checks.search.explore import explore
from checks.search.told import Report
from checks.verdict import explored
from checks.verdict.likeness import compare
from checks.verdict.rest import kept_of
from generator.context import calls
from generator.design import Design, Device, Driver
from generator.expr import Expr, Fact, Place, Role
from generator.load import load
from generator.operation import RETURN, Do, Guard, sets
from generator.ops.assign import note
from generator.ops.pci import PCI_SET_MASTER
from generator.ops.perf import PEEK, PEEK_ENDS
from generator.ops.registered import SYSFS_CREATE_GROUP, SYSFS_REMOVE_GROUP
from generator.program import Block, If
from generator.series.identity import canonical, digest

CHIP = Device("chip", "platform")
TRIED = Fact("tried", 1, "whether the driver has been here in this probe", local=True)
KEPT = replace(TRIED, local=False)
FILE = """# SPDX-License-Identifier: GPL-2.0-only
from generator.design import Design, Device, Driver
from generator.expr import Fact
from generator.operation import sets
from generator.ops.assign import note

TRIED = Fact("tried", 1, "whether the driver has been here in this probe"{local})
PORT = Device("port", "pci")
DESIGN = Design("mine", "a port", (PORT,), (
    Driver("drv", PORT, ({step}), ()),
))
"""


def again(fact: Fact) -> Block:
    """Do something only where a fact is set already, then set it."""
    asked = Guard("tried before", fact(PORT).eq(1), ())
    return If(asked, (PCI_SET_MASTER(PORT),)), note("tried = 1", sets(fact(PORT), 1))()


def seen(fact: Fact) -> Report:
    return explore(design(port(again(fact))), ())


def test_a_local_is_not_there_any_more_when_its_driver_is_bound_again() -> None:
    assert seen(TRIED).unreached == ("pci_set_master(port)",)
    assert seen(KEPT).unreached == ()


def test_a_local_goes_where_the_driver_that_set_it_is_unbound_and_nowhere_else() -> None:
    """The child's driver looks into the port; what it finds there is its own variable."""
    own = replace(TRIED, name="own")
    found, counted = note("found", sets(TRIED(PORT), 1)), note("counted", sets(own(PORT), 1))
    forgot = note("forgot", sets(TRIED(PORT), 0))
    machine = build(design(port((counted(), forgot(), *MAKE), DELETE), kid((found(),))))
    gone = {(one.step.actor, read.fact.name) for one in machine.transitions
            if one.step.kind is Kind.UNBOUND for read, _ in one.gives if read.fact.local}

    assert gone == {("port", "own"), ("kid", "tried")}


@pytest.mark.parametrize(("fact", "apart"), [(TRIED, False), (KEPT, True)], ids=["local", "kept"])
def test_a_local_is_left_out_where_designs_are_compared(fact: Fact, apart: bool) -> None:
    noting, silent = design(port((again(fact)[1],))), design(port(()))

    assert (fact in {read.fact for read in kept_of(build(noting), hardware=False)}) == apart
    assert compare(noting, silent).same != apart


@pytest.mark.parametrize("local", ["", ", local=True"], ids=["kept", "local"])
def test_a_design_file_brings_a_local_of_its_own(tmp_path: Path, local: str) -> None:
    noting, silent = tmp_path / "mine.py", tmp_path / "silent.py"
    noting.write_text(FILE.format(local=local, step='note("t", sets(TRIED(PORT), 1))(),'))
    silent.write_text(FILE.format(local=local, step=""))
    mine = load(str(noting)).design
    ends = [one for one in build(mine).transitions if one.step.kind is Kind.UNBOUND]

    assert {"tried" in {read.fact.name for read, _ in one.gives} for one in ends} == {bool(local)}
    assert compare(mine, load(str(silent)).design).same == bool(local)


def test_facts_that_differ_in_it_are_two() -> None:
    assert TRIED(PORT) is not KEPT(PORT)
    assert TRIED(PORT).fact.local
    assert not KEPT(PORT).fact.local


def test_what_is_remembered_of_a_design_depends_on_it_and_its_digest_does_not() -> None:
    """Published series carry digests from before a fact could say so."""
    local, kept = (design(port(again(fact))) for fact in (TRIED, KEPT))

    assert explored._key(local) != explored._key(kept)
    assert canonical(local, whole=True) != canonical(local)
    assert digest(local) == digest(kept)


def counting(*block: Do | If) -> Design:
    """Return a design whose driver has a local count, asked behind these steps."""
    return design(port((*block, If(Guard("more", WANTED(PORT).gt(1), ()), ()))))


WANTED = Fact("mine", 4, "how many vectors the driver wants", local=True, vectors=True)


def test_a_count_of_vectors_is_made_before_it_is_asked() -> None:
    (rule,) = [rule for rule in RULES if rule.key == "N12"]
    made = note("wanted = 2", sets(WANTED(PORT), 2))()

    assert [one.rule for one in explore(counting(), (rule,)).counterexamples] == ["N12"]
    assert explore(counting(made), (rule,)).counterexamples == ()


def test_looking_into_another_device_for_a_local_changes_nothing_there() -> None:
    """N11: a child's driver notes for itself what it finds in its parent."""
    (rule,) = [rule for rule in RULES if rule.key == "N11"]
    dev: Place = Role("dev")

    def looks(fact: Fact) -> Report:
        look = note("look", sets(fact(dev), 1), roles=("dev",))
        return explore(glued((look(glue.PORT),)), (rule,))

    assert looks(TRIED).counterexamples == ()
    assert [one.rule for one in looks(KEPT).counterexamples] == ["N11"]


def test_a_mapping_is_no_local_so_one_that_is_never_undone_is_seen() -> None:
    """N12: the probe after the next unbind maps what is mapped still."""
    (rule,) = [rule for rule in RULES if rule.key == "N12"]
    broken = explore(design(port((PEEK(KID, fail=RETURN),))), (rule,))

    assert [one.rule for one in broken.counterexamples] == ["N12"]
    assert "unbound" in [step.text for step in broken.counterexamples[0].trace]
    mended = (PEEK(KID, fail=RETURN), PEEK_ENDS(KID))
    assert explore(design(port(mended)), (rule,)).counterexamples == ()


@pytest.mark.parametrize(("fact", "verdict"), [
    (TRIED, Verdict.HOLDS), (KEPT, Verdict.VIOLATED),
])
def test_what_a_file_sets_goes_with_the_driver_too(fact: Fact, verdict: Verdict) -> None:
    """It lies in the driver's data, whichever of its functions writes it."""
    here = Inst(CHIP, 0)

    @step_rule("X1", evidence=("drivers/base/dd.c device_unbind_cleanup()",), symptom="none")
    def begins_anew(step: Step, _view: View) -> Expr | None:
        """Nothing of the last binding is known when a driver is bound."""
        return fact(here).eq(1) if step.kind is Kind.BIND else None

    body = (note("tried", sets(fact(CHIP), 1))(),)
    driver = Driver("drv", CHIP, (SYSFS_CREATE_GROUP(CHIP),), (SYSFS_REMOVE_GROUP(CHIP),),
                    contexts=(calls("attributes", body),))
    made = Design("written", "a file that notes something", (CHIP,), (driver,))

    assert explore(made, (begins_anew,)).verdict is verdict
