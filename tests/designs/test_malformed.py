# SPDX-License-Identifier: GPL-2.0-only
"""Whatever a design file says, it brings a verdict or one error with file, line and mend."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from malformed import GOOD, files, mutated
from malformed_own import OWN

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


@settings(max_examples=60, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=mutated())
def test_no_change_of_a_good_file_brings_it_down(text: str, tmp_path: Path) -> None:
    code, out, err = check(tmp_path / "design.py", text)

    assert code in (0, 1, 2, 124), (code, err)
    assert ("design.py:" in err and ERROR.fullmatch(err) is not None) == (code == 2), err
    assert (out == "") == (code == 2)
