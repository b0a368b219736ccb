# SPDX-License-Identifier: GPL-2.0-only
"""Rules broken on a kernel: refused designs, other C, and the evidence that is kept of them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from checks.boot.broken.breakage import BREAKAGES
from checks.boot.evidence.case import (
    BY_C,
    BY_DESIGN,
    BY_OBJECT,
    BY_WAIVER,
    built,
    cases,
    chosen,
    fingerprint,
    of_file,
)
from checks.boot.evidence.unseen import UNSEEN
from checks.boot.evidence.witness import WITNESSES, Sight, kept, outdated, sighted, witness
from checks.boot.guest.line import Line
from checks.boot.guest.lost import PANIC
from checks.boot.predict.board import BOARDS
from checks.boot.run import AS_PREDICTED, Run
from checks.boot.scenario import ALL as SCENARIOS
from checks.verdict.judge import ALL, judge
from generator import rewrite
from generator.__main__ import main
from generator.cli import generate
from generator.designs import auxbus
from generator.designs.refused import refusal
from generator.drivers.portdrv_services import PORT
from generator.errors import ModelError, Refused, UsageError
from generator.intake import apply
from generator.intake.posting import Asked
from generator.kernel import kbuild, variant
from generator.kernel.kbuild import Base
from generator.kernel.pin import read_pins
from generator.kernel.tree import Tree
from generator.load import load, names
from generator.operation import Guard
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.parsing import unit
from generator.program import Block, If
from generator.series import manifest
from generator.series.generate import Series

pytestmark = pytest.mark.usefixtures("rendered_often")
LINE = Line("load", "port", "mode", "MSI-X", "MSI-X")


def _run(*lines: Line, **also: object) -> Run:
    fresh = Run("auxbus", "static", AS_PREDICTED, lines, (), ())
    return replace(fresh, **also)


# What a run shows


def test_a_symptom_is_seen_in_the_log_with_what_stands_around_it() -> None:
    log = "[    1.5] one\n[    1.6] two\n[    1.7] irq 7: nobody cared\n[    1.8] four\n"
    run = _run(LINE, printed=(("boot", "irq 7: fine\n"), ("load", log)))

    assert sighted("nobody cared", run) == Sight(
        "log, in load", "irq 7: nobody cared", ("one", "two", "irq 7: nobody cared", "four", "")
    )


def test_what_we_ask_for_in_the_log_is_no_symptom() -> None:
    assert sighted("unbind", _run(LINE, printed=(("boot", "lab: 3 echo x >unbind\n"),))) is None


def test_a_symptom_is_seen_in_a_prediction_that_does_not_hold_and_in_no_other() -> None:
    wrong = replace(LINE, observed="INTx", evidence="nobody cared")

    assert sighted("mode: MSI-X", _run(LINE)) is None
    found = sighted("mode: MSI-X; seen: INTx", _run(LINE, wrong))
    assert found == Sight("report, in load", "port: mode: MSI-X; seen: INTx", ("nobody cared",))
    assert sighted("nobody cared", _run(wrong)) is None


def test_a_symptom_is_seen_in_how_a_guest_is_lost() -> None:
    lost = _run(end=PANIC, scenario="rebind", last="echo 0 >unbind")

    found = sighted("panic in rebind", lost)

    assert found is not None
    assert found.around == ("after the order: echo 0 >unbind",)


def test_what_the_kernel_that_holds_shows_as_well_is_no_symptom() -> None:
    run = _run(LINE, printed=(("boot", "irq 7: nobody cared\n"),))

    assert sighted("nobody cared", run, _run(LINE)) is not None
    assert sighted("nobody cared", run, run) is None


# Cases


def test_a_file_of_the_folder_is_a_case_and_no_shipped_design() -> None:
    shown = [one for one in cases() if one.how == BY_DESIGN]

    assert [one.key for one in shown] == [load(str(file)).design.name for file in refusal.files()]
    assert [one.key for one in shown] == [
        file.stem.replace("_", "-") for file in refusal.files()
    ], "a refused design has the name of its file"
    assert not {one.key for one in shown} & set(names())


def test_a_case_can_be_run_and_has_a_name_of_its_own() -> None:
    found = cases()

    assert len({one.key for one in found}) == len(found)
    for one in found:
        assert one.rule in [rule.key for rule in ALL], one.key
        assert one.board in BOARDS, one.key
        assert set(one.scenarios) <= set(SCENARIOS), one.key
        assert re.compile(one.symptom).search("") is None, f"{one.key}: this is in any log"


def test_a_refused_design_must_differ_from_the_one_that_holds() -> None:
    """What was to be changed may have got another name: then nothing is."""
    def nothing(body: Block) -> Block:
        return rewrite.around(body, "pci_free_irq_vector", keep=False)

    same = rewrite.functions(auxbus.DESIGN, "pcie_port_resize_irq_vec", nothing)

    with pytest.raises(ModelError, match="r99-nothing: differs in nothing from auxbus"):
        refusal.refused("r99-nothing", same)


def test_operations_are_put_next_to_one_of_a_name_wherever_it_stands() -> None:
    enable, disable, master = (op(PORT) for op in (
        PCI_ENABLE_DEVICE, PCI_DISABLE_DEVICE, PCI_SET_MASTER))
    asked = Guard("asked", None, ("asked",))
    body: Block = (enable, If(asked, (master,), (enable,)))

    assert rewrite.around(body, "pci_set_master", before=(disable,)) == (
        enable, If(asked, (disable, master), (enable,)))
    assert rewrite.around(body, "pci_enable_device", after=(disable,), keep=False) == (
        disable, If(asked, (master,), (disable,)))


def test_cases_are_chosen_by_rule_by_key_or_all() -> None:
    found = cases()

    assert {one.rule for one in chosen("r14", found)} == {"R14"}
    assert [one.key for one in chosen("r17-c", found)] == ["r17-c"]
    assert [one.key for one in chosen("r17-c,R17,n8-c", found)] == ["r17-c", "n8-c"]
    assert chosen("all", found) == found
    with pytest.raises(UsageError, match="nothing breaks that on a kernel"):
        chosen("R99", found)


def test_a_file_that_says_nothing_to_be_seen_is_no_case() -> None:
    with pytest.raises(UsageError, match="defines no REFUSED"):
        of_file(Path(load("auxbus").file))


@pytest.mark.parametrize("file", refusal.files(), ids=lambda one: one.stem)
def test_a_refused_design_breaks_exactly_the_rules_that_it_says(file: Path) -> None:
    loaded = load(str(file))
    said = loaded.module.REFUSED

    report = judge(loaded.design, sought=())

    assert {one.rule for one in report.counterexamples} == {said.rule, *said.also}


@pytest.mark.kernel
@pytest.mark.slow
@pytest.mark.parametrize("file", refusal.files(), ids=lambda one: one.stem)
def test_c_of_a_refused_design_leaves_nothing_unused(
    file: Path, made: Series, pinned: Tree, base: Base
) -> None:
    """`generate --refused` writes nothing that compiles with a warning of W=1.

    But for N12: who reads registers without mapping them is told so by the compiler as well.
    """
    sound = made.commits[-1].overlay
    case = of_file(file)
    overlay = built(case, pinned, sound)
    changed = [path for path in overlay if overlay[path] != sound.get(path)]

    there = variant.at(base, overlay)
    config = {str(base.autoconf_path.relative_to(base.build)): there.autoconf.encode()}

    assert changed
    for path in changed:
        flags = (*kbuild.flags(there, path).args, "-Wunused", "-Wunused-but-set-variable")
        job = unit.Job(unit.place(there), flags, path, overlay, config)
        said = {one.option for one in unit.parse_once(job).diagnostics}
        assert said == ({"-Wuninitialized"} if case.rule == "N12" else set()), path


# Evidence


def test_evidence_says_where_the_symptom_was_and_nothing_of_this_machine() -> None:
    known = {one.key: one for one in cases()}

    for one in kept():
        assert re.search(known[one.key].symptom, one.line), one.key
        assert one.release, one.key
        assert one.qemu.startswith("QEMU emulator version "), one.key
        assert not re.search(r"/(work|tmp|home|root)/", one.text()), one.key


@pytest.mark.kernel
def test_evidence_is_of_what_would_be_booted_now(made: Series, pinned: Tree) -> None:
    """Something else: `portwright boot --refused stale --keep` boots those cases again.

    That of the other kernel is held in tests/series/test_series_in_tree.py, where that is rendered.
    """
    sound = made.commits[-1].overlay
    known = {one.key: one for one in cases()}

    stale = {one.key: changed for one in kept()
             if one.release == pinned.version
             and (changed := outdated(one, known[one.key], pinned, sound))}

    assert stale == {}


def test_evidence_is_of_kernels_that_are_pinned() -> None:
    bases = {pin.version: pin.commit for pin in read_pins().values()}

    assert {one.file.name: one.base for one in kept() if one.base != bases.get(one.release)} == {}
    assert {one.file for one in kept()} == set(WITNESSES.iterdir())


@pytest.mark.kernel
def test_evidence_is_outdated_by_whatever_has_changed(made: Series, pinned: Tree) -> None:
    sound = made.commits[-1].overlay
    (case,) = chosen("n4-object", cases())
    one = witness(
        case, Sight("log, in boot", "irq 7: nobody cared"), fingerprint(case, sound, sound),
        pinned.base, "6", "Q",
    )

    assert outdated(one, case, pinned, sound) == ()
    assert outdated(replace(one, base="0"), case, pinned, sound) == ("base",)
    assert outdated(one, replace(case, board="pair"), pinned, sound) == ("decided", "board")
    assert outdated(one, replace(case, symptom="oops"), pinned, sound) == ("symptom",)
    assert outdated(replace(one, files={"forbidden.c": "0"}), case, pinned, sound) == ("files",)


def test_a_rule_was_seen_or_there_is_a_reason_never_both() -> None:
    seen = {one.rule for one in kept()}

    assert seen & UNSEEN.keys() == set(), "seen: take the reason out of unseen.py"
    assert seen | UNSEEN.keys() == {rule.key for rule in ALL}
    assert all(reason.why for reason in UNSEEN.values())
    assert "(not tried)" in UNSEEN["R33"].text()
    assert "(tried: " in UNSEEN["R09"].text()


def test_what_was_not_booted_yet_has_a_case_and_what_has_none_another_reason() -> None:
    ready = {case.rule for case in cases()} & UNSEEN.keys()

    assert ready == {key for key, one in UNSEEN.items() if "was not booted yet" in one.why}
    assert all(f"boot --refused {key} --keep" in UNSEEN[key].why for key in ready)


def test_evidence_survives_being_written_and_read(tmp_path: Path) -> None:
    (case,) = chosen("r14-vectors-first", cases())
    one = witness(case, Sight("log, in boot", "oops", ("a", "oops")), {"a.c": "0"}, "b", "6", "Q")
    (tmp_path / "r14.json").write_text(one.text())

    assert kept(tmp_path) == (one,)
    (tmp_path / "r15.json").write_text("{}")
    with pytest.raises(UsageError, match=r"r15\.json: no evidence of a boot"):
        kept(tmp_path)


def test_there_are_four_ways_to_break_a_rule() -> None:
    found = {one.key: one.how for one in cases()}

    assert found["r14-vectors-first"] == BY_DESIGN
    assert found["r17-c"] == BY_C
    assert found["n5-object"] == BY_OBJECT
    assert found["n14-waiver"] == BY_WAIVER
    assert all(case.how != BY_DESIGN for case in cases() if case.source in BREAKAGES)


def test_a_kernel_is_compared_with_one_that_is_driven_through_the_same_if_it_can_be() -> None:
    beside = {one.key: (one.scenarios, one.beside) for one in cases()}

    assert beside["r17-c"] == (("boot", "load"),) * 2
    assert beside["n5-object"] == (("forbidden-N5",), ("build",)), "there is no such driver there"
    assert beside["n14-waiver"] == (("boot", "load", "reset-counting"), ("boot", "load", "reset"))


def test_evidence_is_of_what_differs_and_not_of_the_rest_of_its_file() -> None:
    (case,) = chosen("r17-c", cases())

    def of(sound: str, broken: str) -> dict[str, str]:
        return fingerprint(case, {"a.c": broken.encode()}, {"a.c": sound.encode()})

    far = "one;\ntwo;\nthree;\nfour;\n"
    kept = of(f"{far}old;\n", f"{far}new;\n")
    assert of(f"more;\n{far}old;\n", f"more;\n{far}new;\n") == kept
    assert of(f"{far}old;\n", f"{far}newer;\n") != kept
    assert of(f"{far}older;\n", f"{far}new;\n") != kept
    assert of(f"{far}near;\nold;\n", f"{far}near;\nnew;\n") != kept, "what is around it counts"


def test_evidence_of_a_waiver_is_of_all_that_the_series_changes() -> None:
    (case,) = chosen("n14-waiver", cases())

    assert fingerprint(case, {"a.c": b"a", "b.c": None}, {"a.c": b"a", "b.c": None}).keys() == {
        "a.c", "b.c"}


# generate --refused


@pytest.mark.kernel
def test_a_refused_series_says_so_in_every_mail_and_cannot_be_applied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    design = refusal.HOME / "r14_vectors_first.py"
    out = tmp_path / "out"
    asked = []
    # what it finds is a matter of other tests, and takes minutes
    monkeypatch.setattr(generate, "_clean", lambda *given: asked.append(given) or True)

    assert main(["generate", "--refused", str(design), "--out", str(out)]) == 0

    assert len(asked) == 1, "a refused series is checked like any other"
    assert "refused under R14" in capsys.readouterr().out
    mails = sorted(out.glob("*.patch"))
    assert all("Subject: [REFUSED RFC PATCH" in mail.read_text() for mail in mails)
    cover = mails[0].read_text()
    assert "REFUSED, NOT FOR MERGING" in cover
    assert "R14 CHILDREN_BEFORE_PARENT_VECTORS" in cover
    assert "\n  pci_free_irq_vectors(port)\n" in cover
    assert manifest.refused_under(out) == ("R14",)
    with pytest.raises(Refused, match="under R14"):
        apply.apply(Asked((str(out),)), tmp_path, "branch")


def test_refused_is_for_refused_designs_and_never_for_our_patches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    design = str(refusal.HOME / "r14_vectors_first.py")

    assert main(["generate", "--refused", design]) == 2
    assert "--refused needs --out" in capsys.readouterr().err
    assert main(["generate", "--refused", "auxbus", "--out", str(tmp_path / "out")]) == 2
    assert "auxbus: holds, so it is not refused" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
