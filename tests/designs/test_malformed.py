# SPDX-License-Identifier: GPL-2.0-only
"""Whatever a design file says, it brings a verdict or one error with file, line and mend."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from malformed import GOOD, files, mutated
from malformed_own import OWN

import generator.designs
import generator.load as load_
from generator.__main__ import main

FILES = files()
SMALL = ["--states", "50", "--seconds", "5"]
ERROR = re.compile(r"portwright check: \S*design\.py:(\d+): (.+)\n")


def check(path: Path, text: str) -> tuple[int, str, str]:
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["check", str(path), *SMALL])
    return code, out.getvalue(), err.getvalue()


def test_the_file_that_is_varied_is_good(tmp_path: Path) -> None:
    code, out, err = check(tmp_path / "design.py", GOOD)
    assert (code, err) == (0, "")
    assert out.startswith("malformed: HOLDS")


    code, out, err = check(tmp_path / "design.py", OWN)
    assert (code, err) == (0, "")
    assert out.startswith("own: HOLDS")


def test_there_are_more_than_two_hundred() -> None:
    assert len(FILES) > 250


@pytest.mark.parametrize("name", FILES)
def test_one_error_with_file_line_and_mend(name: str, tmp_path: Path) -> None:
    code, out, err = check(tmp_path / "design.py", FILES[name])

    told = ERROR.fullmatch(err)
    assert (code, out) == (2, ""), (code, out, err)
    assert told is not None, err
    assert 1 <= int(told[1]) <= FILES[name].count("\n") + 2
    if not name.startswith("file that does"):
        assert "KeyError" not in told[2], "a mistake of ours, not of the file"
    assert len(told[2]) > 15, "it says what is wrong and what would mend it"


SERIES = '''\
from generator.design import Design, Device, Driver
from generator.editing.file_edits import NewFile
from generator.series.spec import SeriesSpec, Step

BELL = Device("bell", "pci")
DESIGN = Design("mine", "a bell", (BELL,), (Driver("bell", BELL, probe=()),))
SERIES = SeriesSpec("mine", DESIGN, (
    Step("driver", "driver.txt.j2", (NewFile("bell.c", "bell.c.j2", {BELL: "pdev"}),), DESIGN),
), "cover.txt.j2", templates="mine")
'''


@pytest.mark.parametrize(("old", "new", "said"), [
    ('{BELL: "pdev"}', '{BELL: "pdev"}, 7', "8: NewFile.__init__() takes from 3 to 4 positional"),
    ('{BELL: "pdev"}', '{"bell": "pdev"}', "8: step driver: NewFile: names= is "),
    ('"bell.c.j2"', "7", "8: step driver: NewFile: template= is a text, not 7"),
    ('(NewFile("bell.c", "bell.c.j2", {BELL: "pdev"}),)', "(DESIGN,)", "8: step driver: edits= is"),
    ("), DESIGN),\n)", "), DESIGN)\n)", "7: series mine: steps= is a tuple of Step"),
    ('"driver.txt.j2"', "None", "8: step driver: message= is a text, not None"),
    ('"bell", "pci"', '"bell", "pcie"', "5: unknown kind 'pcie'"),
    ("BELL = Device(", "BELL = Devise(", "5: name 'Devise' is not defined"),
    ("DESIGN = Design(", "DESIGN = = Design(", "6: invalid syntax"),
])
def test_a_shipped_design_gets_the_error_of_any_other(
    old: str, new: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert old in SERIES
    (tmp_path / "added_one.py").write_text(SERIES.replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(load_, "SHIPPED", tmp_path)
    monkeypatch.setattr(generator.designs, "__path__", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "generator.designs.added_one", raising=False)
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        code = main(["check", "added-one"])

    assert code == 2
    assert re.fullmatch(rf"portwright check: {re.escape(str(tmp_path))}/added_one\.py:.+\n",
                        err.getvalue())
    assert f"added_one.py:{said}" in err.getvalue()


@settings(max_examples=60, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=mutated())
def test_no_change_of_a_good_file_brings_it_down(text: str, tmp_path: Path) -> None:
    code, out, err = check(tmp_path / "design.py", text)

    assert code in (0, 1, 2, 124), (code, err)
    assert ("design.py:" in err and ERROR.fullmatch(err) is not None) == (code == 2), err
    assert (out == "") == (code == 2)
