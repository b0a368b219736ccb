# SPDX-License-Identifier: GPL-2.0-only
"""The matrix: each cell is found by exploring, and agrees with what the discussion said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from claims import CLAIMS, DIFFERENCES
from variations import SMALL, counted_first, varied

from checks.show import matrix_table, why
from checks.verdict import explored
from checks.verdict.goal import CORE, CPMU, goals_of
from checks.verdict.judge import ALL, judge
from checks.verdict.matrix import (
    KINDS,
    Exploration,
    Served,
    Task,
    cell,
    explore_all,
    judged,
    kind_of,
    on,
    outcome,
)
from generator.design import Design, Device, Driver, Waiver
from generator.designs import today
from generator.errors import UsageError
from generator.facts import ADDED, CAP, HAS, LIFE, MSG, NO_MSI
from generator.load import load, names
from generator.operation import Guard
from generator.ops.aux import (
    AUXILIARY_DEVICE_ADD,
    AUXILIARY_DEVICE_DELETE,
    AUXILIARY_DEVICE_INIT,
    AUXILIARY_DEVICE_UNINIT,
)
from generator.ops.child import PLATFORM_DEVICE_REGISTER, PLATFORM_DEVICE_UNREGISTER
from generator.ops.device import IDA_ALLOC, IDA_FREE, KZALLOC
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
)
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.ops.source import DISABLE_SOURCE, ENABLE_SOURCE
from generator.program import Block, If, Return

LINE, PLAIN, STATIC, DYNAMIC = KINDS
PORT = Device("port", "pci")
BELL = Device("bell", "aux", PORT)
DELETE = (AUXILIARY_DEVICE_DELETE(BELL), AUXILIARY_DEVICE_UNINIT(BELL), IDA_FREE(BELL))
REQUEST = (DEVM_REQUEST_IRQ(BELL, BELL), ENABLE_SOURCE(BELL))


def doorbell(*, before: Block = (), probe: Block = REQUEST) -> Design:
    """A port that gives a doorbell one of its vectors; `before` is what it does first."""
    port = Driver(
        "bellport", PORT,
        probe=(
            *before,
            PCI_ENABLE_DEVICE(PORT),
            PCI_ALLOC_IRQ_VECTORS(PORT, min=1, max=4, types=MSIX | MSI),
            PCI_IRQ_VECTOR(PORT, BELL, nr=MSG(BELL)),
            PCI_SET_MASTER(PORT),
            IDA_ALLOC(BELL),
            KZALLOC(BELL),
            AUXILIARY_DEVICE_INIT(BELL),
            AUXILIARY_DEVICE_ADD(BELL),
        ),
        remove=(*DELETE, PCI_FREE_IRQ_VECTORS(PORT), PCI_DISABLE_DEVICE(PORT)),
    )
    bell = Driver("bell", BELL, probe, (DISABLE_SOURCE(BELL),) if probe else ())
    return Design("doorbell", "a port gives a doorbell a vector", (PORT, BELL), (port, bell))


def served(design: Design) -> dict[str, Served]:
    return {
        kind.name: cell(design, kind, CPMU, judged(design, kind)).served for kind in KINDS
    }


def test_a_service_is_served_where_its_handler_can_be_on_an_interrupt_of_that_kind() -> None:
    assert served(doorbell()) == {
        "INTx": Served.NO, "MSI": Served.YES, "MSI-X static": Served.YES,
        "MSI-X dynamic": Served.YES,
    }  # fmt: skip


def test_a_handler_without_a_live_source_is_not_served() -> None:
    """Nothing is broken, and nothing ever arrives: that is no success."""
    still = doorbell(probe=REQUEST[:1])
    report = judged(still, PLAIN)
    found = cell(still, PLAIN, CPMU, report)

    assert found.served is Served.NO
    assert found.missed[0] == "an interrupt of an extension arrives"


def test_a_driver_that_does_nothing_is_not_served() -> None:
    idle = doorbell(probe=())

    assert cell(idle, PLAIN, CPMU, judged(idle, PLAIN)).missed[0] == (
        "an extension has its handler on its interrupt"
    )


def test_an_interrupt_of_another_kind_does_not_count() -> None:
    """pcie_pme_no_msi() and a port with hotplug: all services are on the line, MSI or not."""
    quirk = replace(today.DESIGN, given={NO_MSI: "yes", HAS: "yes"})
    found = {kind.name: cell(quirk, kind, CORE, judged(quirk, kind)).served for kind in KINDS}

    assert found == {"INTx": Served.YES, **dict.fromkeys(
        ("MSI", "MSI-X static", "MSI-X dynamic"), Served.NO
    )}


def test_a_broken_rule_refuses_both_services_and_names_itself() -> None:
    sound = doorbell()
    port, bell = sound.drivers
    vectors_first = (*port.remove[3:4], *port.remove[:3], *port.remove[4:])
    broken = replace(sound, drivers=(replace(port, remove=vectors_first), bell))
    report = judged(broken, STATIC)
    found = cell(broken, STATIC, CPMU, report)

    assert found.served is Served.REFUSED
    assert found.rules == ("R14",)
    assert cell(broken, STATIC, CORE, report).served is Served.NONE


def test_services_that_lose_their_interrupts_are_a_refusal() -> None:
    """N2: the count with the CPMU's is held against the vectors, and refused, as that of all."""
    worse = varied(SMALL, counted_first)
    report = judged(worse, PLAIN)

    assert {one.rule for one in report.counterexamples} == {"N2"}
    assert cell(worse, PLAIN, CORE, report).served is Served.REFUSED


def test_an_unfinished_search_serves_nobody() -> None:
    report = judged(doorbell(), PLAIN, states=20)

    assert cell(doorbell(), PLAIN, CPMU, report).served is Served.UNFINISHED


def test_today_beside_a_design_is_on_the_same_hardware() -> None:
    """Compared with every hardware, the services of a port without MSI would be worse off."""
    assert judge(on(SMALL, LINE)).counterexamples == ()


def test_goals_that_make_no_sense_are_not_sought() -> None:
    assert [goal.key for goal in goals_of(today.DESIGN)] == ["core starts", "core interrupt"]
    assert [goal.key for goal in goals_of(doorbell())] == ["cpmu starts", "cpmu interrupt"]
    assert [goal.key for goal in goals_of(doorbell(probe=REQUEST[:1]))] == ["cpmu starts"]
    assert goals_of(doorbell(probe=())) == ()


def test_the_way_to_a_goal_is_derived_by_hand() -> None:
    """devm_request_irq() comes after both probes' earlier steps; a live source ends it."""
    report = judge(on(doorbell(), PLAIN))
    (starts, arrives) = report.goals
    begin = [
        "bind bellport", "pci_enable_device(port)", "pci_alloc_irq_vectors(port)",
        "pci_irq_vector(port, bell)", "pci_set_master(port)",
    ]  # fmt: skip
    made = ["ida_alloc(bell)", "kzalloc(bell)", "auxiliary_device_init(bell)",
            "auxiliary_device_add(bell)", "bind bell", "devm_request_irq(bell, bell)"]

    assert starts.way is not None
    assert arrives.way is not None
    assert [step.text for step in starts.way.trace] == [*begin, *made]
    assert [step.text for step in arrives.way.trace] == [*begin, *made, "enable source for bell"]


def test_what_turns_a_service_away_is_found_with_its_line() -> None:
    only = Guard("runs on MSI-X", CAP(PORT).eq(2), ())
    choosy = doorbell(before=(If(only, (), (Return(ok=False),)),))
    report = judged(choosy, PLAIN)
    found = cell(choosy, PLAIN, CPMU, report)
    (step,) = why.turned_away(choosy, PLAIN, found, report)

    assert (step.actor, step.text) == ("port", "runs on MSI-X: no")
    assert Path(step.where.file) == Path(__file__)
    said = why.text(choosy, PLAIN, [found], report)
    assert "  in no life: an extension has its handler on its interrupt\n" in said
    assert "turned away: port: runs on MSI-X: no" in said


def test_what_turns_away_who_would_create_a_service_turns_it_away_too() -> None:
    middle = Device("middle", "platform", PORT)
    only = Guard("runs on MSI-X", CAP(PORT).eq(2), ())
    there = Guard("there is one", LIFE(middle).eq(ADDED), ())
    port = Driver(
        "bridge", PORT, (If(only, (PLATFORM_DEVICE_REGISTER(middle),)),),
        (If(there, (PLATFORM_DEVICE_UNREGISTER(middle),)),),
    )
    glue = Driver("glue", middle, doorbell().drivers[0].probe[-3:], DELETE[:2])
    design = Design("two steps", "", (PORT, middle, BELL), (port, glue, doorbell().drivers[1]))
    report = judged(design, PLAIN)
    found = cell(design, PLAIN, CPMU, report)

    assert found.served is Served.NO
    assert [(step.actor, step.text) for step in why.turned_away(design, PLAIN, found, report)] == [
        ("port", "runs on MSI-X: no")
    ]


def test_who_has_a_handler_is_not_turned_away() -> None:
    still = doorbell(probe=REQUEST[:1])
    report = judged(still, PLAIN)

    assert why.turned_away(still, PLAIN, cell(still, PLAIN, CPMU, report), report) == ()


@pytest.mark.parametrize(
    ("spelt", "kind"),
    [("intx", LINE), ("MSI", PLAIN), ("MSI-X static", STATIC), ("msi-x-dynamic", DYNAMIC),
     ("dynamic", DYNAMIC)],
)
def test_interrupts_are_named_in_any_spelling(spelt: str, kind: object) -> None:
    assert kind_of(spelt) == kind


def test_unknown_interrupts_are_told() -> None:
    with pytest.raises(UsageError, match="no interrupts 'wired': there are INTx, MSI, MSI-X st"):
        kind_of("wired")


def test_two_processes_find_what_one_finds() -> None:
    tasks = tuple(Task("today", kind.name) for kind in KINDS)

    def plain(found: tuple[Exploration, ...]) -> list[Exploration]:
        return [replace(one, seconds=0, megabytes=0, process=0) for one in found]

    assert plain(explore_all(tasks)) == plain(explore_all(tasks, processes=1))


def test_the_table_shows_each_verdict_and_its_reason() -> None:
    design = replace(doorbell(), status="dropped: <a@b>", waivers=(Waiver("R36", "for fun"),))
    cells = dict.fromkeys(KINDS, Served.YES) | {PLAIN: Served.REFUSED, STATIC: Served.NO,
                                                    DYNAMIC: Served.UNFINISHED}
    rules = ("R01", "R14")
    found = []
    for kind in KINDS:
        one = outcome(design, kind, judged(design, kind, states=20))
        refused = rules if cells[kind] is Served.REFUSED else ()
        found.append(replace(one, cells=(
            one.cells[0], replace(one.cells[1], served=cells[kind], rules=refused)
        )))
    lines = matrix_table.text([design], found, {rule.key: rule for rule in ALL}).splitlines()

    assert lines[3] == "doorbell         -     -     -      -         y     R01+  n      ?"
    assert "?   unfinished: a budget ended the search; raise --states or --seconds" in lines
    assert "  dropped: <a@b>" in lines
    assert "  R01 DEVRES_EMPTY_AT_PROBE, on MSI" in lines
    assert "  R14 CHILDREN_BEFORE_PARENT_VECTORS, on MSI" in lines
    assert lines[-1].startswith("waived R36 ")
    assert lines[-1].endswith(": for fun; in doorbell (not needed)")
    assert max(map(len, lines)) <= 75


@pytest.fixture(scope="session")
def shipped() -> tuple[Exploration, ...]:
    """The matrix of all shipped designs."""
    return explored.matrix(tuple(Task(name, kind.name) for name in names() for kind in KINDS))


@pytest.mark.slow
def test_every_cell_agrees_with_what_was_claimed(shipped: tuple[Exploration, ...]) -> None:
    found = {
        (one.design, one.service, one.interrupts): one
        for exploration in shipped for one in exploration.cells
    }
    differ = {}
    for name in names():
        if name == "today":
            continue
        for service, row in ((CORE, CLAIMS[name].core), (CPMU, CLAIMS[name].cpmu)):
            for kind, claim in zip(KINDS, row, strict=True):
                one = found[name, service, kind.name]
                if (one.served is Served.YES) != (claim != "n"):
                    differ[name, service, kind.name] = one.rules[0] if one.rules else "n"

    assert differ == {where: said for where, (said, _, _) in DIFFERENCES.items()}


@pytest.mark.slow
def test_a_difference_is_explained_by_a_trace() -> None:
    for (name, service, interrupts), (_, _, step) in DIFFERENCES.items():
        design, kind = load(name).design, kind_of(interrupts)
        report = judged(design, kind)

        assert step in why.text(design, kind, [cell(design, kind, service, report)], report)


@pytest.mark.slow
def test_todays_services_are_served_on_every_kind(shipped: tuple[Exploration, ...]) -> None:
    mine = [one for exploration in shipped for one in exploration.cells if one.design == "today"]

    assert [one.served for one in mine] == [Served.YES, Served.NONE] * len(KINDS)
