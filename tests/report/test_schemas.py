# SPDX-License-Identifier: GPL-2.0-only
"""What each verb prints with --json is what its published schema says."""

from __future__ import annotations

import argparse
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from reports import REPORT
from schemas import SCHEMAS, schema, wrong

from checks.boot import report as boot_report
from checks.boot.guest.line import Line
from checks.boot.run import FAILED, Complaint, Run
from checks.report import data
from generator.__main__ import main, parser


def test_every_verb_with_json_has_a_schema_and_no_other() -> None:
    [verbs] = [one for one in parser()._actions if isinstance(one, argparse._SubParsersAction)]
    told = {name for name, verb in verbs.choices.items() if "--json" in verb._option_string_actions}

    assert {path.name for path in SCHEMAS.iterdir()} == {f"{name}-1.json" for name in told}
    for name in told:
        Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("argv", [
    "designs", "rules", "rules R14", "rules N2", "operations", "operations PCI_ALLOC_IRQ_VECTORS",
    "operations INIT_WORK", "facts", "facts LIFE", "check today --episode plain",
    "check core-prebind --episode plain --first",
])
def test_what_a_verb_prints_is_what_its_schema_says(
    argv: str, capsys: pytest.CaptureFixture[str]
) -> None:
    verb, *more = argv.split()
    main([verb, *more, "--json"])
    said = json.loads(capsys.readouterr().out)

    assert wrong(verb, said) == []
    one = said[0] if isinstance(said, list) else said
    del one["rule" if "rule" in one else "name"]
    assert wrong(verb, said) != []


@pytest.mark.kernel
def test_the_tree_is_shown_as_its_schema_says(
    pinned: object, capsys: pytest.CaptureFixture[str]
) -> None:
    for action in ("show", "list", "path"):
        assert main(["tree", action, "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert wrong("tree", said) == []
        del (said[0] if isinstance(said, list) else said)["path"]
        assert wrong("tree", said) != []
    assert main(["tree", "show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:17].strip() for line in lines] == [
        "work tree", "base commit", "version", "build directory", "made from", "git directory"]


@pytest.mark.kernel
@pytest.mark.slow
def test_cells_and_the_matrix_are_what_the_schema_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--why", "core-prebind:MSI:core", "--json"]) == 1
    assert wrong("check", json.loads(capsys.readouterr().out)) == []
    main(["check", "--all", "--json"])
    assert wrong("check", json.loads(capsys.readouterr().out)) == []


def test_a_boot_is_what_its_schema_says() -> None:
    line = Line("boot", "port", "vectors", "2", "1", "portdrv.c:1")
    run = Run("auxbus", "static", FAILED, (line,), (Complaint("boot", "BUG"),), (("boot", 1.5),),
              "unbind", "boot", "the end", "/tmp/x")
    said = json.loads(json.dumps([boot_report.record(run)]))

    assert wrong("boot", said) == []
    case = {"key": "R1", "rule": "R1", "how": "c", "what": "w", "symptom": "s", "seen": None}
    assert wrong("boot", [{**case, "run": said[0]}]) == []
    del said[0]["verdict"]
    assert wrong("boot", said) != []


def test_a_report_has_nothing_that_its_schema_does_not_name() -> None:
    def closed(part: Any) -> Any:
        if isinstance(part, list):
            return [closed(one) for one in part]
        if not isinstance(part, dict):
            return part
        more = {"additionalProperties": False} if "properties" in part else {}
        return {**{name: closed(one) for name, one in part.items()}, **more}

    said = json.loads(data.render(REPORT))
    strict = Draft202012Validator(closed(schema("validate")))

    assert list(strict.iter_errors(said)) == []
    said["findings"][0]["more"] = 1
    assert list(strict.iter_errors(said)) != []
    assert wrong("validate", said) == []
