# SPDX-License-Identifier: GPL-2.0-only
"""What was proven of a program is not asked again until one of its files is another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from house import HOUSE

from checks import planted
from checks.planted import proven
from generator.errors import EnvironmentFault


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path / "cache"))


def _asked(words: list[str], files: list[Path], programs: list[str]) -> bool:
    asked: list[str] = []
    proven(words, files, programs, lambda: asked.append("once"))
    return bool(asked)


def test_a_proof_holds_wherever_the_same_files_lie(tmp_path: Path) -> None:
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "script.pl").write_text("1;\n")

    assert _asked(["a"], [tmp_path / "one/script.pl"], ["true"])
    assert not _asked(["a"], [tmp_path / "two/script.pl"], ["true"])


def test_another_plant_script_or_program_is_proven_anew(tmp_path: Path) -> None:
    script, program = tmp_path / "script.pl", tmp_path / "program"
    script.write_text("1;\n")
    program.write_text("#!/bin/sh\n")
    assert _asked(["a"], [script], [str(program)])

    assert _asked(["b"], [script], [str(program)])
    script.write_text("2;\n")
    assert _asked(["a"], [script], [str(program)])
    program.write_text("#!/bin/sh\n# of the next version\n")
    assert _asked(["a"], [script], [str(program)])
    script.unlink()
    assert _asked(["a"], [script], [str(program)])


def test_a_proof_that_fails_is_not_kept(tmp_path: Path) -> None:
    def fails() -> None:
        raise EnvironmentFault("finds nothing")

    for _ in range(2):
        with pytest.raises(EnvironmentFault):
            proven(["a"], [], [], fails)


def test_every_plant_is_listed_and_proven_here() -> None:
    texts = {path.relative_to(HOUSE / "checks").as_posix(): path.read_text(encoding="utf-8")
             for path in (HOUSE / "checks").rglob("*.py")}
    plants = {path for path, text in texts.items() if re.search(r"\bplanted\b", text)}

    assert [path for path in plants if not re.search(r"\bproven\(", texts[path])] == []
    assert {*re.findall(r"^    (\S+\.py)  ", planted.__doc__ or "", re.M), "planted.py"} == plants
