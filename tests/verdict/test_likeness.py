# SPDX-License-Identifier: GPL-2.0-only
"""Whether two designs come to the same facts at rest: beside the oracle, and as it is told."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from broken import parts
from broken.parts import KID
from hypothesis import Phase, assume, given, settings
from strategies import designs

from checks.finding import Verdict
from checks.machine.episode import PLAIN
from checks.machine.instances import SYSTEM, TURN
from checks.machine.machine import Machine, build
from checks.machine.questions import OPEN_QUESTION, answered
from checks.search.liveness import resting
from checks.search.oracle import State, walked
from checks.verdict.hardware_sets import ALL, NONE, Trees
from checks.verdict.likeness import alike, compare
from checks.verdict.rest import kept_of, moments_of, rests
from generator.__main__ import main
from generator.design import Design, Device, Driver
from generator.designs import auxbus, today
from generator.errors import ModelError
from generator.expr import Read
from generator.facts import CAN_DYN, CAP, COUNT, D3_POSSIBLE, HAS, LINE_ROUTED, MSG, NO_MSI
from generator.load import load, names
from generator.operation import Guard
from generator.ops.device import DEVM_KZALLOC, IDA_ALLOC, IDA_FREE
from generator.ops.irq import DEVM_REQUEST_IRQ, PCI_FREE_IRQ_VECTORS
from generator.ops.pci import (
    PCI_CLEAR_MASTER,
    PCI_DISABLE_DEVICE,
    PCI_ENABLE_DEVICE,
    PCI_SET_MASTER,
)
from generator.ops.source import ENABLE_SOURCE
from generator.program import Block, If

PORT = Device("port", "pci")
OFF = (PCI_CLEAR_MASTER(PORT), PCI_DISABLE_DEVICE(PORT))
Valuation = frozenset[tuple[Read, int]]


def _design(*probe: object, remove: Block = OFF) -> Design:
    block: Block = tuple(probe)  # type: ignore[assignment]  # operations and conditions
    return Design("mine", "a port", (PORT,), (Driver("drv", PORT, probe=block, remove=remove),))


def _of_oracle(
    design: Design, episode: str
) -> tuple[set[Valuation], set[Valuation], Machine] | None:
    """Return facts at rest, and facts with all of the hardware, as the oracle finds them.

    None for a design that is too large for it.
    """
    machine = build(design, episode)
    at = {read: place for place, read in enumerate(machine.variables)}
    kept = kept_of(machine, hardware=True)
    facts = [read for read in machine.variables if read in kept and not read.fact.question]
    asked = [read for read in machine.variables if read in kept and read.fact.question]
    counters = {one.pc for one in machine.transitions if one.pc is not None}
    stays = [(at[pc], resting(machine, pc)) for pc in counters]
    if TURN(SYSTEM) in at:
        stays.append((at[TURN(SYSTEM)], frozenset(moments_of(machine.view))))
    bare: set[Valuation] = set()
    full: set[Valuation] = set()

    def seen(state: State) -> None:
        if all(state[place] in some for place, some in stays):
            values = frozenset((read, state[at[read]]) for read in facts if state[at[read]])
            when = {(TURN(SYSTEM), state[at[TURN(SYSTEM)]])} if TURN(SYSTEM) in at else set()
            bare.add(values | when)
            full.add(values | when | {(read, state[at[read]]) for read in asked})

    done = walked(machine, (), states=40_000, seen=seen)
    return None if done.verdict is Verdict.UNFINISHED else (bare, full, machine)


def _of_search(design: Design, episode: str, machine: Machine, *, hardware: bool) -> set[Valuation]:
    """Return the same as the search finds them, what is open answered in every way."""
    found = rests(design, episode, hardware=hardware)
    assert found.complete
    values = found.values()
    turns = {name: turn for turn, name in moments_of(machine.view).items()}
    asked = [read for read in machine.variables if read.fact.question]
    under = sorted(asked, key=lambda read: read.fact.needs is not None)
    said: set[Valuation] = set()
    for facts, some in found.found.items():
        for number in some.values():
            when = {(TURN(SYSTEM), turns[found.moment(number)])} if (
                TURN(SYSTEM) in machine.variables) else set()
            bare = frozenset(values[facts].items()) | when
            if not hardware:
                said.add(bare)
                continue
            open_: Mapping[Read, int] = {
                **dict.fromkeys(asked, OPEN_QUESTION), **machine.given, **found.hardware(number)}
            for one in answered(under, open_, frozenset(machine.variables)):
                said.add(bare | frozenset((read, one[read]) for read in asked))
    return said


def held(design: Design, episode: str = PLAIN) -> bool:
    """Hold what the search finds at rest against what the oracle finds, unless it is too large."""
    found = _of_oracle(design, episode)
    if found is None:
        return False
    bare, full, machine = found
    assert _of_search(design, episode, machine, hardware=False) == bare
    assert _of_search(design, episode, machine, hardware=True) == full
    return True


FIXED = {LINE_ROUTED: "yes", NO_MSI: "no", D3_POSSIBLE: "yes"}


@pytest.mark.parametrize(("hardware", "episode"), [
    ({CAP: "MSI", COUNT: "1"}, "plain"), ({CAP: "MSI", COUNT: "1"}, "sleep"),
    ({CAP: "none"}, "recovery"), ({CAP: "MSI-X", COUNT: "2", CAN_DYN: "no"}, "sleep"),
])  # fmt: skip
def test_today_at_rest_is_what_the_oracle_finds(hardware: dict, episode: str) -> None:
    assert held(replace(today.DESIGN, given={**FIXED, **hardware}), episode)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["auxbus", "flat-library", "service-child", "msix-subdevice"])
def test_shipped_designs_at_rest_are_what_the_oracle_finds(name: str) -> None:
    design = load(name).design
    fixed = {**FIXED, CAP: "MSI-X", COUNT: "1", CAN_DYN: "no", HAS: "yes", MSG: "0"}
    assert held(replace(design, given={**design.given, **fixed}), "sleep")


@settings(phases=(Phase.generate,), max_examples=40)
@given(design=designs())
def test_random_designs_at_rest_are_what_the_oracle_finds(design: Design) -> None:
    try:
        build(design)
    except ModelError:
        assume(False)
    assume(held(design))


def test_vectors_that_are_freed_before_or_behind_the_source_of_a_handler_is_on() -> None:
    """A handler is not told, at rest, which of both came first; what was not heard tells it."""
    on = DEVM_REQUEST_IRQ(KID, KID), ENABLE_SOURCE(KID)
    given_ = {CAP: "MSI", COUNT: "1", HAS: "yes", MSG: "0"}

    assert held(parts.design(parts.port((parts.ONE, parts.VECTOR, *parts.MAKE), (
        PCI_FREE_IRQ_VECTORS(parts.PORT),)), parts.kid(on), given=given_))


def test_what_commutes_comes_to_the_same() -> None:
    steps = IDA_ALLOC(PORT), DEVM_KZALLOC(PORT, PORT)
    one = _design(*steps, remove=(IDA_FREE(PORT),))
    other = _design(*reversed(steps), remove=(IDA_FREE(PORT),))

    assert compare(one, other, hardware=True).same


def test_a_dropped_operation_is_told_with_the_fact_and_a_life_each_way() -> None:
    one, other = _design(PCI_ENABLE_DEVICE(PORT), PCI_SET_MASTER(PORT)), _design(
        PCI_ENABLE_DEVICE(PORT))

    found = compare(other, one)

    assert found.complete
    assert not found.same
    assert found.values == (
        "port.master is never 1 any more: Bus Master Enable in the command register",
    )
    assert [(life.new, life.said) for life in found.lives] == [
        (True, ("port.master 0, not 1",)), (False, ("port.master 1, not 0",)),
    ]
    assert [step.text for step in found.lives[1].trace] == [
        "bind drv", "pci_enable_device(port)", "pci_set_master(port)", "probe returns 0",
    ]


def _if(when: object, *then: object) -> Design:
    guard = Guard("asked", when, ())  # type: ignore[arg-type]
    return _design(PCI_ENABLE_DEVICE(PORT), If(guard, tuple(then)))  # type: ignore[arg-type]


def test_the_same_facts_on_other_hardware_are_others_when_hardware_is_asked_about() -> None:
    one = _if(NO_MSI(PORT).eq(0), PCI_SET_MASTER(PORT))
    other = _if(NO_MSI(PORT).eq(1), PCI_SET_MASTER(PORT))

    assert compare(one, other).same
    found = compare(one, other, hardware=True)

    assert not found.same
    assert not found.values
    assert [(life.new, life.said, life.hardware) for life in found.lives] == [
        (True, ("port.master 1, not 0",), (("port.pme_nomsi", "no"),)),
        (False, ("port.master 0, not 1",), (("port.pme_nomsi", "no"),)),
    ]


def test_hardware_that_is_asked_in_another_order_is_the_same() -> None:
    msi, routed = NO_MSI(PORT).eq(1), LINE_ROUTED(PORT).eq(1)
    one = _if(msi, If(Guard("and", routed, ()), (PCI_SET_MASTER(PORT),)))
    other = _if(routed, If(Guard("and", msi, ()), (PCI_SET_MASTER(PORT),)))

    assert compare(one, other, hardware=True).same


def test_what_only_a_failure_leaves_behind_is_seen() -> None:
    def keeps(driver: Block) -> Design:
        return _design(IDA_ALLOC(PORT), *driver, remove=(IDA_FREE(PORT),))

    forgets = replace(IDA_ALLOC, undo=None)
    one = keeps((DEVM_KZALLOC(PORT, PORT),))
    other = _design(forgets(PORT), DEVM_KZALLOC(PORT, PORT), remove=(IDA_FREE(PORT),))

    found = compare(other, one)

    assert [life.said for life in found.lives] == [("port.id 1, not 0",)]
    assert found.lives[0].trace[-1].text == "unbound"


def test_a_budget_that_ends_it_is_said() -> None:
    one, other = _design(PCI_ENABLE_DEVICE(PORT)), _design(PCI_SET_MASTER(PORT))

    found = compare(one, other, states=1)

    assert (found.complete, found.same) == (False, False)


def test_trees_of_one_set_are_one_tree_however_it_is_cut() -> None:
    cap, count, line = CAP(PORT), COUNT(PORT), LINE_ROUTED(PORT)
    trees = Trees((cap, count, line), {})
    whole = [{cap: one} for one in range(3)]
    cut = [{cap: 0, count: 0}, {cap: 1}, *({cap: 2, count: n, line: m}
                                           for n, m in itertools.product(range(3), range(2)))]

    assert trees.of([]) == NONE
    assert trees.of(whole) == trees.of(cut) == trees.of([{}]) == ALL
    some = trees.of([{cap: 1, line: 0}])
    assert trees.beyond(ALL, some) == {cap: 0}
    assert trees.beyond(some, trees.of([{cap: 1, line: 0, count: 1}])) == {
        cap: 1, count: 0, line: 0,
    }
    assert trees.beyond(some, trees.of([{line: 0}])) is None


def test_a_variation_is_known_by_its_devices_and_drivers() -> None:
    shipped = [load(name).design for name in names()]
    port, pmu = auxbus.DESIGN.drivers
    varied = replace(auxbus.DESIGN, drivers=(replace(port, remove=port.remove[1:]), pmu))

    assert alike(varied, shipped) is auxbus.DESIGN
    assert alike(_design(), shipped) is None


MINE = """
from dataclasses import replace
from generator.designs import today

DESIGN = replace(today.DESIGN, name="mine")
"""


def test_check_says_how_a_variation_of_a_shipped_design_compares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(MINE)

    assert main(["check", str(path)]) == 0
    assert "\n  reaches the same facts as today\n" in capsys.readouterr().out
    assert main(["check", str(path), "--against", "today", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["beside"]
    assert (said["design"], said["same"], said["hardware"]) == ("today", True, True)
    assert main(["check", str(path), "--against", "flat-library"]) == 0
    said = capsys.readouterr().out
    assert "\n  reaches other facts than flat-library, and no rule minds\n    aer." in said
    assert "cpmu.irq is never vector 0 or vector 1 or vector 2 any more" in " ".join(said.split())
    assert "\n  a life of flat-library only" in said
    assert main(["check", "--all", "--against", "today"]) == 2
