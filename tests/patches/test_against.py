# SPDX-License-Identifier: GPL-2.0-only
"""A second version of a series beside the first: what differs, and which findings are new."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from clones import shell
from postings import FIRST, PTM, change, make_clone

from generator.__main__ import main

ODD = "\u202e"


@pytest.fixture
def clone(tmp_path: Path, cached: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a clone with three versions of a patch: each later one has lines more above."""
    where = make_clone(tmp_path / "clone")
    monkeypatch.chdir(where)
    for version, line in ((1, 4), (2, 4), (3, 4)):
        shell(where, f"git checkout -q -B v{version} main")
        more = f"sed -i '1i int more;\\n' {PTM};" if version > 1 else ""
        other = f"sed -i '$a int last; /* {ODD} */' {PTM};" if version == 3 else ""
        change(where, FIRST, f"sed -i '{line}s|$| /* {ODD} */|' {PTM}; {more} {other} true")
    shell(where, "git checkout -q main")
    return where


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, list[str]]:
    code = main(["validate", *argv, "--tree", ".", "--only", "series"])
    return code, capsys.readouterr().out.splitlines()


def test_what_was_there_before_does_not_count_again_though_it_moved(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = told(capsys, "main..v2", "--against", "main..v1")

    assert code == 0
    assert any(line.startswith("expected: U+202E") and f"{PTM}:6" in line for line in lines)
    assert "  was there in main..v1" in lines
    assert "against main..v1: 0 new, 1 as before, 0 gone" in lines
    assert any(line.startswith("1:") and " ! 1:" in line and FIRST in line for line in lines)


def test_a_version_beside_itself_is_said_to_be_that(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = told(capsys, "main..v2", "--against", "main..v2")
    assert code == 0
    assert "against main..v2: 0 new, 1 as before, 0 gone; both are the same commits" in lines


def test_all_of_them_count_if_asked(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "main..v2", "--against", "main..v1", "--all")[0] == 1
    assert told(capsys, "main..v2", "--all")[0] == 2


def test_what_is_new_counts_and_what_is_gone_is_named(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = told(capsys, "main..v3", "--against", "main..v2")
    assert code == 1
    assert "against main..v2: 1 new, 1 as before, 0 gone" in lines
    [one] = [line for line in lines if line.startswith(f"{PTM}:")]
    assert "error" in one

    code, lines = told(capsys, "main..v2", "--against", "main..v3")
    assert code == 0
    assert "against main..v3: 0 new, 1 as before, 1 gone" in lines
    assert any(line.startswith("gone since main..v3: U+202E") for line in lines)


def test_the_same_words_in_another_function_are_another_finding(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell(clone, "git checkout -q -B other main")
    change(clone, FIRST, f"sed -i '11s|$| /* {ODD} */|' {PTM}")
    shell(clone, "git checkout -q main")

    code, lines = told(capsys, "main..other", "--against", "main..v1")

    assert code == 1
    assert "against main..v1: 1 new, 0 as before, 1 gone" in lines


def test_mails_of_other_names_are_compared_by_their_words(
    clone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in (1, 2):
        shell(clone, f"git format-patch -q -v{version} -o {tmp_path}/v{version} main..v{version}")
        for mail in (tmp_path / f"v{version}").iterdir():
            mail.write_text(mail.read_text().replace("\n\nA message", "\n\n#x\nA message"))

    code = main(["validate", str(tmp_path / "v2"), "--against", str(tmp_path / "v1"), "--tree", ".",
                 "--only", "series", "--json"])
    said = json.loads(capsys.readouterr().out)

    assert code == 0
    assert {one["severity"] for one in said["findings"] if one["rule"] == "series:log-clean"} == {
        "expected"
    }
    assert said["compared"][-1].endswith("0 new, 2 as before, 0 gone")
