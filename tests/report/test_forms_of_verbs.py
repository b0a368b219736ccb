# SPDX-License-Identifier: GPL-2.0-only
"""What check and boot say in the forms of others: findings, what was not looked at, the code."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from leak import LEAK
from pydantic_sarif import model

from checks.boot.guest.line import Line
from checks.boot.guest.lost import HANG
from checks.boot.run import AS_PREDICTED, FAILED, Complaint, Run
from checks.report.forms import FORMS, SHARED
from checks.report.record import Scope
from generator.__main__ import main, parser
from generator.cli.boot_forms import Booted, of_runs
from generator.load import load

SCOPE = Scope("6.12.1", "here", "c" * 40, (("portwright", "1.0"),))


def checked(text: str) -> Any:
    log = json.loads(text)
    model.StaticAnalysisResultsFormatSarifVersion210JsonSchema.model_validate(log)
    return log["runs"][0]


@pytest.mark.parametrize("verb", ["check", "boot"])
def test_both_take_the_forms_that_are_not_of_b4(verb: str) -> None:
    for form in ("text", "json", *SHARED):
        assert parser().parse_args([verb, "x", "--format", form]).format == form
    with pytest.raises(SystemExit):
        parser().parse_args([verb, "x", "--format", "b4-prep"])


@pytest.fixture
def leak(tmp_path: Path) -> str:
    path = tmp_path / "leak.py"
    path.write_text(LEAK, encoding="utf-8")
    return str(path)


def test_a_violation_is_a_finding_at_its_line_in_every_form(
    leak: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", leak, "--json"]) == 1
    one = json.loads(capsys.readouterr().out)["violations"][0]
    line = next(step["line"] for step in reversed(one["trace"]) if step["file"])
    assert main(["check", leak, "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["violations"][0] == one

    assert main(["check", leak, "--format", "sarif"]) == 1
    run = checked(capsys.readouterr().out)
    first = run["results"][0]
    assert (first["ruleId"], first["level"]) == (one["rule"], "error")
    assert first["message"]["text"].startswith(one["message"])
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": leak}
    assert place["region"]["startLine"] == line
    assert run["invocations"][0]["exitCode"] == 1
    assert first["properties"]["fix"] == one["mend"]
    left = [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]]
    assert any(text.startswith("episode sleep") for text in left)

    assert main(["check", leak, "--format", "junit"]) == 1
    top = ElementTree.fromstring(capsys.readouterr().out)
    assert int(top.get("failures", "")) == 1
    assert top.find(".//failure").get("type") == one["rule"]  # type: ignore[union-attr]
    assert top.find(".//skipped") is not None

    assert main(["check", leak, "--format", "github"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"::error file={leak},line={line},title={one['rule']}::")


def test_a_search_that_a_budget_ended_is_no_success_in_any_form(
    capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["check", "auxbus", "--episode", "plain", "--states", "50", "--format"]
    assert main([*argv, "sarif"]) == 124
    (invoked,) = checked(capsys.readouterr().out)["invocations"]
    assert (invoked["executionSuccessful"], invoked["exitCode"]) == (False, 124)
    assert main([*argv, "junit"]) == 124
    told = [one.get("message") or "" for one in
            ElementTree.fromstring(capsys.readouterr().out).iter("skipped")]
    assert "the budget ended it: raise --states or --seconds" in told
    assert main([*argv, "github"]) == 124
    assert "::notice title=not checked%3A the rest of the search::" in capsys.readouterr().out


def test_a_design_that_holds_has_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["check", "today", "--episode", "plain", "--format"]
    assert main([*argv, "junit"]) == 0
    assert ElementTree.fromstring(capsys.readouterr().out).get("failures") == "0"
    assert main([*argv, "sarif"]) == 0
    run = checked(capsys.readouterr().out)
    assert [one for one in run["results"] if one["level"] != "note"] == []
    assert run["properties"]["assumed"][0].startswith("today: HOLDS, ")


def test_a_cell_that_is_refused_is_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--why", "core-prebind:MSI:core", "--format", "sarif"]) == 1
    assert {one["ruleId"] for one in checked(capsys.readouterr().out)["results"]} >= {"R02"}


@pytest.mark.slow
def test_the_matrix_refuses_proposals_by_the_way_and_a_series_by_an_error(
    capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--all", "--format", "sarif"]) == 0
    run = checked(capsys.readouterr().out)
    refused = {(one["message"]["text"], one["level"]) for one in run["results"]}
    assert ("core-prebind on MSI: refused under this rule", "note") in refused
    assert {level for _, level in refused} == {"note"}


LINE = Line("boot", "port", "vectors", "2", "1", "drivers/pci/pcie/portdrv.c:12")
GOOD = Line("boot", "port", "bus", "pci", "pci")
WRONG = Run("auxbus", "static", FAILED, (LINE, GOOD), (Complaint("load", "BUG: bad"),),
            (("boot", 1.5), ("load", 1.0)))
LOST = Run("auxbus", "switch", HANG, (GOOD,), (), (("boot", 1.5),), "unbind", "load", "the end")


def formed(form: str, *done: Booted, code: int = 1) -> str:
    return FORMS[form](of_runs(done, "auxbus", "auxbus.py", SCOPE, "portwright boot auxbus", code))


def test_what_a_kernel_does_otherwise_is_a_finding_with_its_evidence() -> None:
    run = checked(formed("sarif", Booted("auxbus on static", WRONG, None)))
    wrong, log = run["results"]
    place = wrong["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "drivers/pci/pcie/portdrv.c", "uriBaseId": "TREE"}
    assert place["region"]["startLine"] == 12
    assert "port: vectors: 2 is predicted, 1 is seen" in wrong["message"]["text"]
    assert (log["ruleId"], log["level"]) == ("boot:log", "error")

    base = Run("today", "static", AS_PREDICTED, (), WRONG.complaints, ())
    run = checked(formed("sarif", Booted("auxbus on static", WRONG, base)))
    assert [one["level"] for one in run["results"]] == ["error", "note"]
    top = ElementTree.fromstring(formed("junit", Booted("auxbus on static", WRONG, base)))
    failed = {(case.get("classname"), case.get("name")) for case in top.iter("testcase")
              if case.find("failure") is not None}
    assert failed == {("boot", "auxbus on static")}


def test_a_kernel_that_is_lost_is_a_finding_and_what_comes_behind_was_not_tested() -> None:
    top = ElementTree.fromstring(formed("junit", Booted("auxbus on switch", LOST, None), code=124))
    assert top.find(".//failure").get("type") == "boot:hang"  # type: ignore[union-attr]
    assert top.find(".//skipped").get("message") == HANG  # type: ignore[union-attr]
    run = checked(formed("sarif", Booted("auxbus on switch", LOST, None), code=124))
    assert run["invocations"][0]["executionSuccessful"] is False


def test_a_symptom_that_shows_is_no_finding_and_one_that_does_not_is() -> None:
    seen = checked(formed("sarif", Booted("R1", WRONG, None, seen="BUG: bad"), code=0))
    assert {one["level"] for one in seen["results"]} == {"note"}
    missed = checked(formed("sarif", Booted("R1", WRONG, None, missed="BUG")))
    assert [one["ruleId"] for one in missed["results"] if one["level"] == "error"] == [
        "boot:not-seen"]


def test_the_verb_boot_hands_its_form_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from generator.cli import boot
    from generator.cli.boot_source import Source

    source = Source(load("today").design, None, {}, "", "")  # type: ignore[arg-type]
    monkeypatch.setattr(boot, "sources", lambda *given: (source,))
    monkeypatch.setattr(boot, "told", lambda *given: {})
    monkeypatch.setattr(boot, "_kernel", lambda *given: None)
    monkeypatch.setattr(boot, "program", lambda *given: None)
    monkeypatch.setattr(boot, "run_all", lambda tasks: (WRONG,) * len(tasks))
    args: argparse.Namespace = parser().parse_args(
        ["boot", "today", "--board", "static", "--format", "github"])
    assert boot.run(args) == 1
    assert capsys.readouterr().out.startswith("::error file=drivers/pci/pcie/portdrv.c,line=12,")


@pytest.mark.parametrize("verb", ["check", "boot"])
def test_the_forms_that_are_offered_are_those_that_are_given(verb: str) -> None:
    verbs = next(one for one in parser()._actions if one.dest == "verb")
    assert isinstance(verbs.choices, dict)
    (form,) = (one for one in verbs.choices[verb]._actions if one.dest == "format")

    assert form.choices == ("text", "json", *SHARED)
