# SPDX-License-Identifier: GPL-2.0-only
"""Counterexamples as people use them: a table for a changelog, a diagram, JSON."""

from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
from broken import context, handlers, lifetimes, vectors
from broken.parts import PORT, Case
from house import DESIGNS

from checks.machine.machine import build
from checks.machine.step import Kind, words_of
from checks.rules.all import RULES
from checks.search.explore import explore, shown
from checks.search.told import Counterexample, Shown
from checks.show import diagram, report_text
from checks.show.table import WIDTH, table
from generator.__main__ import main
from generator.context import calls
from generator.design import Design, Device, Driver, Waiver
from generator.errors import NOWHERE
from generator.operation import Operation
from generator.ops.assign import assign, note
from generator.ops.domain import PCI_INIT_SUBDEVICE
from generator.ops.netdev import (
    ALLOC_ETHERDEV,
    FREE_NETDEV,
    REGISTER_NETDEV,
    UNREGISTER_NETDEV,
)
from generator.ops.pci import PCI_SET_MASTER
from generator.ops.source import ENABLE_SOURCE

CASES = (*vectors.CASES, *handlers.CASES, *lifetimes.CASES, *context.CASES)
BY_KEY = {rule.key: rule for rule in RULES}
SVG = "{http://www.w3.org/2000/svg}"


def step(actor: str, text: str, outcome: str = "", entry: str = "probe") -> Shown:
    return Shown(actor, text, outcome, NOWHERE, entry)


def broken(case: Case) -> Counterexample:
    return explore(case.broken, (BY_KEY[case.rule],)).counterexamples[0]


def test_two_actors_have_half_of_the_width_each() -> None:
    trace = (
        step("port", "bind portdrv"),
        step("port", "pci_alloc_irq_vectors(port)", "ok"),
        step("kid", "devm_request_threaded_irq(kid, a_name_that_is_long)", "-ENOSPC"),
        step("port", "a condition that has to be broken into two lines: yes"),
    )
    assert list(table(trace)) == [
        "  port                                kid",
        "",
        "  bind portdrv",
        "  pci_alloc_irq_vectors(port)",
        "                                      devm_request_threaded_irq(kid,",
        "                                        a_name_that_is_long): -ENOSPC",
        "  a condition that has to be",
        "    broken into two lines: yes",
    ]


def test_more_actors_have_a_column_each_and_reach_over_the_next() -> None:
    trace = (
        step("port", "bind portdrv"),
        step("cpmu", "bind cxl_pmu"),
        step("runtime PM", "suspends port", entry="environment"),
        step("port", "pci_irq_vector(port, cpmu) is a long line"),
        step("user", "opens an event on cpmu", entry="environment"),
    )
    assert list(table(trace)) == [
        "  port          cpmu          runtime PM    user",
        "",
        "  bind portdrv",
        "                bind cxl_pmu",
        "                              suspends port",
        "  pci_irq_vector(port, cpmu) is a long line",
        "                                            opens an event on cpmu",
    ]


def test_one_actor_has_all_of_it() -> None:
    (head, gap, line) = table((step("port", "x" * 60),))

    assert (head, gap, line) == ("  port", "", "  " + "x" * 60)
    assert list(table(())) == []


def test_no_line_is_too_long_for_a_changelog() -> None:
    """Whatever the number of actors, and the undo that has no room beside its caller."""
    texts = ("devm_add_action_or_reset[cpuhp_state_remove_instance_nocalls](cpmu, cpmu)",
             "mask & (PCIE_PORT_SERVICE_PME | PCIE_PORT_SERVICE_HP): yes", "y" * 200)
    names = ("port", "cpmu0", "cpmu1", "user", "runtime PM", "system")
    for count in range(1, len(names) + 1):
        trace = tuple(step(name, text) for name in names[:count] for text in texts)
        lines = list(table(trace))
        assert max(map(len, lines)) <= WIDTH
        assert "".join("".join(line.split()) for line in lines[2:]) == "".join(
            "".join(text.split()) for text in texts
        ) * count


@pytest.mark.parametrize("case", CASES[::4], ids=lambda case: case.rule)
def test_every_report_is_a_table_and_names_a_line(case: Case) -> None:
    lines = list(report_text.violation(broken(case)))

    assert f"[{case.rule}]" in lines[0]
    assert ".py:" in lines[0]
    assert max(map(len, lines[1:])) <= WIDTH


def test_the_line_is_that_of_the_last_operation() -> None:
    """R36: what is left over is seen when the driver core is done; who took it is to be told."""
    example = broken(next(case for case in CASES if case.rule == "R36"))

    assert not example.trace[-1].where.file
    assert report_text.place(example).split(":")[0].endswith(".py")


def test_waivers_are_listed_needed_or_not(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.rule == "R14")
    waived = replace(case.broken, waivers=(Waiver("R14", "we know"), Waiver("R36", "in case")))
    report = explore(waived, (BY_KEY["R14"], BY_KEY["R36"]))
    said = report_text.text(report)

    assert "  waived R14 CHILDREN_BEFORE_PARENT_VECTORS: we know\n" in said
    assert said.endswith("  waived R36 (not needed): in case")
    assert report_text.record(report)["waivers"] == [
        {"rule": "R14", "reason": "we know", "needed": True},
        {"rule": "R36", "reason": "in case", "needed": False},
    ]


def _boxes(root: ElementTree.Element) -> list[tuple[float, float, float, float]]:
    """Return what each text covers, by the width that it is drawn with."""
    return [
        (float(one.get("x", "")), float(one.get("y", "")) - diagram.SIZE * 0.8,
         float(one.get("x", "")) + float(one.get("textLength", "")),
         float(one.get("y", "")) + diagram.SIZE * 0.2)
        for one in root.iter(f"{SVG}text")
    ]


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@pytest.mark.parametrize("case", CASES[::3], ids=lambda case: case.rule)
def test_diagram_is_xml_in_which_no_text_touches_another(case: Case) -> None:
    example = broken(case)
    root = ElementTree.fromstring(diagram.svg(example))
    boxes = _boxes(root)

    assert root.tag == f"{SVG}svg"
    assert [(a, b) for a, b in itertools.combinations(boxes, 2) if _overlap(a, b)] == []
    assert max(box[2] for box in boxes) <= float(root.get("width", ""))
    assert max(box[3] for box in boxes) <= float(root.get("height", ""))
    assert min(box[0] for box in boxes) >= 0
    arrows = [one.get("class") for one in root.iter(f"{SVG}path") if one.get("class")]
    assert arrows == ["message"] * (len(example.trace) - 1) + ["breaks"]


def test_texts_that_touch_are_seen() -> None:
    """The test above has a test: the same text a little lower."""
    assert _overlap((0, 0, 10, 10), (5, 9, 20, 20))
    assert not _overlap((0, 0, 10, 10), (10, 0, 20, 10))


def test_messages_run_between_who_calls_and_who_is_called() -> None:
    names = ("driver core", "port", "kid", "environment")

    def ends(actor: str, kind: Kind, *about: str, entry: str = "probe") -> tuple[str, str]:
        return diagram.ends(Shown(actor, "kid", "", NOWHERE, entry, kind, about), names)

    assert ends("port", Kind.BIND, entry="driver core") == ("driver core", "port")
    assert ends("port", Kind.PROBE_RETURNS, entry="driver core") == ("port", "driver core")
    assert ends("kid", Kind.UNBOUND, entry="driver core") == ("kid", "driver core")
    assert ends("port", Kind.OPERATION, "port") == ("port", "port")
    assert ends("port", Kind.OPERATION, "port", "kid") == ("port", "kid")
    assert ends("port", Kind.OPERATION, "kid2") == ("port", "port")
    assert ends("port", Kind.CONDITION) == ("port", "port")
    assert ends("user", Kind.EVENT, "kid", entry="environment") == ("environment", "kid")
    assert ends("system", Kind.EVENT, entry="environment") == ("environment", "environment")


def test_what_xml_reserves_is_escaped() -> None:
    trace = (step("a & b", 'x < y > "z": yes'),)
    example = Counterexample("R1", "A<B", "a & b", trace, (("p&q", "<"),))
    texts = [one.text for one in ElementTree.fromstring(diagram.svg(example)).iter(f"{SVG}text")]

    assert 'x < y > "z": yes [R1]' in texts
    assert {"R1 A<B", "a & b", "p&q <"} <= set(texts)


def test_the_diagram_of_the_first_violation_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    survivor = DESIGNS / "unsound" / "survivor.py"
    drawn = tmp_path / "survivor.svg"

    assert main(["check", str(survivor), "--svg", str(drawn), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    texts = [one.text or "" for one in ElementTree.parse(drawn).getroot().iter(f"{SVG}text")]
    assert said["trace"][-1]["step"] + " [R14]" in texts
    assert Path(said["trace"][-1]["file"]).name == "survivor.py"
    sound = tmp_path / "sound.svg"
    assert main(["check", "today", "--svg", str(sound), "-q"]) == 0
    assert not sound.exists()
    assert capsys.readouterr().err == (
        f"portwright check: {sound}: not written: no rule was broken\n")
    assert main(["check", "today", "--svg", str(drawn), "-q"]) == 0
    assert f"{drawn}: not written: no rule was broken; what is there is of an earlier run" in (
        capsys.readouterr().err)


@pytest.mark.parametrize("place", ["no/where.svg", "file/where.svg"])
def test_where_no_drawing_can_be_is_said_before_the_search(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()

    assert main(["check", "today", "--svg", str(tmp_path / place)]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{tmp_path / place}: No such file or directory: make it first" in said.err


def test_a_comparison_that_was_not_made_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    survivor = str(DESIGNS / "unsound" / "survivor.py")

    assert main(["check", survivor, "--against", "today"]) == 1
    assert "not compared with today: only a design that holds is" in capsys.readouterr().out


def test_only_what_is_a_call_has_parentheses() -> None:
    """Also a call that was proposed only, which no C has yet."""
    role = {"dev": PORT, "user": Device("bell", "aux", PORT)}

    def said(op: Operation) -> str:
        return words_of(op, {name: role[name] for name in op.roles})

    assert said(PCI_SET_MASTER) == "pci_set_master(port)"
    assert said(PCI_INIT_SUBDEVICE) == "pci_init_subdevice(port, bell)"
    assert said(replace(PCI_SET_MASTER, roles=())) == "pci_set_master()"
    assert said(ENABLE_SOURCE) == "enable source for bell"
    assert said(note("nvec = 1")) == "nvec = 1"
    assert said(note("command")) == "command"
    assert said(assign("irqs[n]", "-1", roles=("user",))) == "irqs[n] = -1 for bell"


def test_a_drawing_overwrites_no_design(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    design = tmp_path / "mine.py"
    text = (DESIGNS / "unsound" / "survivor.py").read_text(encoding="utf-8")
    design.write_text(text, encoding="utf-8")

    assert main(["check", str(design), "--svg", str(design)]) == 4
    assert "mine.py: this is no drawing, and is not overwritten" in capsys.readouterr().err
    assert design.read_text(encoding="utf-8") == text
    with pytest.raises(SystemExit, match="2"):
        main(["check", str(design), "--svg", ""])

    drawn = tmp_path / "mine.svg"
    for _ in range(2):  # a drawing of ours is drawn anew
        assert main(["check", str(design), "--svg", str(drawn)]) == 1
    assert "<svg" in drawn.read_text(encoding="utf-8")


@pytest.mark.parametrize(("between", "told"), [((0,), True), ((), False)])
def test_the_return_of_who_has_waited_for_others_is_shown(
    between: tuple[int, ...], told: bool
) -> None:
    """Else a reader takes what those did meanwhile for done behind the call."""
    chip = Device("chip", "platform")
    net = calls("netdev", (ENABLE_SOURCE(chip),))
    remove = (UNREGISTER_NETDEV(chip), FREE_NETDEV(chip))
    machine = build(Design("chip", "an interface", (chip,), (
        Driver("drv", chip, (ALLOC_ETHERDEV(chip), REGISTER_NETDEV(chip)), remove,
               contexts=(net,)),)))
    steps = [one.step for one in machine.transitions]
    begins = next(at for at, one in enumerate(steps) if one.text == "unregister_netdev(chip)")
    ends = next(at for at, one in enumerate(steps)
                if one.kind is Kind.OPERATION_RETURNS and one.text.startswith("unregister_netdev"))
    other = next(at for at, one in enumerate(steps) if one.text == "enable source for chip")

    texts = [one.text for one in shown(machine, (begins, *(other for _ in between), ends))]
    assert ("unregister_netdev(chip) returns" in texts) is told
    assert texts[0] == "unregister_netdev(chip)"
