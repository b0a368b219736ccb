# SPDX-License-Identifier: GPL-2.0-only
"""One report in every form: each is well-formed, has all findings, and what was not checked."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from pydantic import ValidationError
from pydantic_sarif import model
from reports import BY_THE_WAY, FINE, FIRST, REPORT, SECOND, WRONG

from checks.report import data, sarif
from checks.report.forms import FORMS
from checks.report.record import Item
from generator.__main__ import parser

SOUND = replace(REPORT, items=(), gaps=())
SAYS_ALL = [name for name in FORMS if not name.startswith("b4-")]


def test_the_command_line_offers_every_form() -> None:
    for name in FORMS:
        assert parser().parse_args(["validate", "x", "--format", name]).format == name
    with pytest.raises(SystemExit):
        parser().parse_args(["validate", "x", "--format", "yaml"])


@pytest.mark.parametrize("form", SAYS_ALL)
@pytest.mark.parametrize("word", [
    "no member named", "no prefix", "base: guessed", "nobody says which", "a.c (n)",
    "6.12.1", "cccccccccccc",
    "2.39", "headers of the base", "not made, as asked", "a table", "add the member",
    "portwright validate out", "out/0001.patch:40", "it is here", "aaa = 1",
])
def test_every_form_has_all_of_it(form: str, word: str) -> None:
    assert word in FORMS[form](REPORT)


@pytest.mark.parametrize("form", [name for name in SAYS_ALL if name != "json" and name != "sarif"])
def test_nothing_in_a_report_moves_the_cursor(form: str) -> None:
    assert "\x1b" not in FORMS[form](REPORT)


def test_a_terminal_gets_the_line_and_a_caret_below_the_column() -> None:
    lines = FORMS["text"](REPORT).splitlines()
    at = lines.index("drivers/pci/a, b.c:12:10: error: no member named 'x%y' (1/2 PCI: One, m y) "
                     "[compile:error]")

    assert lines[at + 1 : at + 3] == [
        "     12 |         return p->x;",
        "        |                 ^",
    ]
    assert lines[0].split() == ["series", "compile"]
    assert [line.split()[-2:] for line in lines[1:3]] == [["ok", "1"], ["1", "ok"]]


def test_a_check_that_was_ended_is_no_pass_in_any_form() -> None:
    ended = replace(SOUND, unfinished=frozenset({"compile"}))
    cells = [line.split()[-2:] for line in FORMS["text"](ended).splitlines()[1:3]]
    suite = next(one for one in ElementTree.fromstring(FORMS["junit"](ended))
                 if one.get("name") == "compile")
    series, compiled = json.loads(FORMS["b4-review"](ended))

    assert cells == [["ok", "?"], ["ok", "?"]]
    assert suite.get("skipped") == suite.get("tests") != "0"
    assert (series["status"], compiled["status"]) == ("pass", "warn")
    assert FORMS["b4-prep"](ended) == "compile: ended before it had seen all"
    some = FORMS["text"](replace(REPORT, unfinished=ended.unfinished)).splitlines()[1]
    assert some.endswith("1?")


def test_sarif_is_what_its_schema_says() -> None:
    log = model.StaticAnalysisResultsFormatSarifVersion210JsonSchema.model_validate(
        sarif.record(REPORT)
    )
    (run,) = log.runs
    assert run.results is not None
    assert run.invocations is not None
    first, _, expected, note = run.results
    ids = [one.id for one in run.tool.driver.rules or ()]

    assert [ids[one.ruleIndex or 0] for one in run.results] == [one.ruleId for one in run.results]
    assert (first.locations or [])[0].physicalLocation.region.startColumn == 10
    assert (expected.suppressions or [])[0].justification == "a table"
    assert note.locations in (None, [])
    assert run.invocations[0].exitCode == 1
    broken: dict[str, Any] = json.loads(FORMS["sarif"](REPORT))
    broken["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(ValidationError):
        type(log).model_validate(broken)


def test_a_finding_of_sarif_keeps_its_print_when_it_moves() -> None:
    def prints(item: Item) -> Any:
        log: Any = sarif.record(replace(REPORT, items=(item,)))
        return log["runs"][0]["results"][0]["partialFingerprints"]

    moved = replace(WRONG, finding=replace(WRONG.finding, line=99), text="        return p->x;")

    assert prints(moved) == prints(WRONG)
    assert prints(replace(WRONG, text="return p->z;")) != prints(WRONG)


def test_junit_has_a_case_per_patch_and_check_and_skips_what_was_not_checked() -> None:
    top = ElementTree.fromstring(FORMS["junit"](REPORT))
    failed = {(case.get("classname"), case.get("name")) for case in top.iter("testcase")
              if case.find("failure") is not None}

    assert failed == {("compile", FIRST), ("series", SECOND)}
    assert [suite.get("name") for suite in top] == ["series", "compile", "not checked"]
    assert (top.get("tests"), top.get("failures"), top.get("skipped")) == ("7", "2", "1")
    sound = ElementTree.fromstring(FORMS["junit"](SOUND))
    assert (sound.get("failures"), sound.get("skipped")) == ("0", "0")


def test_github_gets_one_command_per_finding_and_nothing_else_is_one() -> None:
    lines = FORMS["github"](REPORT).splitlines()
    commands = [line for line in lines if line.startswith("::")]

    assert commands[0].startswith(
        "::error file=drivers/pci/a%2C b.c,line=12,col=10,title=compile%3Aerror::"
        "no member named 'x%25y' (1/2 PCI: One, m y)%0A"
    )
    assert [line.split(" ", 1)[0] for line in commands] == [
        "::error", "::warning", "::notice", "::notice", "::notice",
    ]
    assert FORMS["github"](replace(SOUND, chosen=("::error::x",))).count("\n::") == 0


def test_b4_gets_nothing_of_a_sound_patch_and_a_line_per_finding() -> None:
    assert FORMS["b4-prep"](SOUND) == ""
    assert [("ERROR:" in line, line.count("\n")) for line in
            FORMS["b4-prep"](REPORT).splitlines()] == [(True, 0), (False, 0)]


def test_b4_review_gets_a_result_per_check() -> None:
    told = {one["tool"]: one for one in json.loads(FORMS["b4-review"](REPORT))}
    details = json.loads(told["portwright compile"]["details"])

    assert {name: one["status"] for name, one in told.items()} == {
        "portwright series": "warn", "portwright compile": "fail"
    }
    assert told["portwright compile"]["summary"] == "1 error"
    assert details[0]["srcline"] == "return p->x;"
    assert "nobody says which" in details[-1]["description"]
    assert {one["status"] for one in json.loads(FORMS["b4-review"](SOUND))} == {"pass"}


def test_what_decides_the_exit_code_is_what_json_says() -> None:
    assert data.record(REPORT)["clean"] is False
    assert data.record(replace(REPORT, items=(FINE, BY_THE_WAY)))["clean"] is True
