# SPDX-License-Identifier: GPL-2.0-only
"""`validate` says what it found in every form, with the line, its place in the mail, and a mend."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from clones import shell
from house import HOUSE
from jsonschema import Draft202012Validator
from postings import PTM, mails, make_clone, two_patches, write

from checks.report.forms import FORMS
from generator.__main__ import main

ONLY = ["--only", "series"]


@pytest.fixture
def series(tmp_path: Path, cached: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the parent of a clone and of `out`, two mails: the second adds a hidden character."""
    clone = make_clone(tmp_path / "clone")
    two_patches(clone)
    first, second = mails(clone)
    second = second.replace("/* seven */", "/* \u202eseven */")
    write(tmp_path / "mails", {"1.patch": first, "2.patch": second})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_terminal_is_told_all_that_is_needed(
    series: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", "mails", "--tree", "clone", *ONLY]) == 1

    lines = capsys.readouterr().out.splitlines()
    [at] = [n for n, line in enumerate(lines) if line.endswith("[series:hidden]")]
    number = (series / "mails/2.patch").read_text().split("\n").index(
        "+\tlevel -= port; /* \u202eseven */") + 1
    base = shell(series / "clone", "git rev-parse --short=12 HEAD").strip()
    assert lines[at].startswith(f"{PTM}:48: error: ")
    assert lines[at + 1] == "     48 |         level -= port; /* \\u202eseven */"
    assert lines[at + 2 : at + 5] == [
        f"  sent as: mails/2.patch:{number}",
        "  fix: write it as an escape of C, or remove it",
        "  again: portwright validate --tree clone mails --only series",
    ]
    assert any(line.startswith("kernel: ") and f"base {base}" in line for line in lines)
    assert any(line.startswith("tools: portwright ") for line in lines)
    assert "not checked: checkpatch: left out, as asked" in lines


def test_the_command_that_is_shown_finds_it_again(
    series: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["validate", "mails", "--tree", "clone", *ONLY, "--json"])
    said = json.loads(capsys.readouterr().out)
    [one] = [one for one in said["findings"] if one["rule"] == "series:hidden"]

    assert main([*one["again"].split()[1:], "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"] == said["findings"]


def test_what_is_said_in_json_is_what_the_schema_says(
    series: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["validate", "mails", "--tree", "clone", *ONLY, "--format", "json"])
    said: Any = json.loads(capsys.readouterr().out)
    schema = json.loads((HOUSE / "generator/cli/schemas/validate-1.json").read_text())

    assert list(Draft202012Validator(schema).iter_errors(said)) == []
    assert [len(one["commit"]) for one in said["patches"]] == [40, 40]
    assert {one["what"] for one in said["not_checked"]} >= {"design"}


def test_a_line_of_a_log_is_shown_as_the_user_has_it(
    series: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mail = series / "mails/1.patch"
    mail.write_text(mail.read_text().replace("\n\nA message", "\n\n#define\nA message"))
    row = mail.read_text().split("\n").index("#define") + 1
    main(["validate", "mails", "--tree", "clone", *ONLY, "--json"])
    said = json.loads(capsys.readouterr().out)

    [one] = [one for one in said["findings"] if one["rule"] == "series:log-clean"]
    assert (one["path"], one["line"], one["text"]) == ("mails/1.patch", row, "#define")


def _run(series: Path, form: str, stdout: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "generator", "validate", "mails", "--tree", "clone", *ONLY,
               "--format", form]
    return subprocess.run(command, cwd=series, env={"PYTHONPATH": str(HOUSE), "PATH": "/usr/bin"},
                          stdout=stdout, stderr=subprocess.PIPE, check=False)  # type: ignore[call-overload]


@pytest.mark.parametrize("form", [name for name in FORMS if name in ("text", "sarif", "b4-prep")])
def test_a_full_disk_and_a_reader_that_left_are_no_findings(series: Path, form: str) -> None:
    with open("/dev/full", "wb") as full:
        done = _run(series, form, full)
    assert done.returncode == 3
    assert b"No space left on device" in done.stderr

    reader, writer = subprocess.Popen(["true"], stdin=subprocess.PIPE), None
    reader.wait()
    writer = reader.stdin
    assert writer is not None
    assert _run(series, form, writer).returncode == 141
    writer.close()
