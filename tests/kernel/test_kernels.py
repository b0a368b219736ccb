# SPDX-License-Identifier: GPL-2.0-only
"""How a pinned tree is named on the command line, and what there is of them."""

import json
from pathlib import Path

import pytest

from checks.boot.build.kind import KINDS
from generator.__main__ import main
from generator.kernel.pin import read_pins


def test_the_list_has_every_pin_and_says_which_is_the_default(
    cached: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tree", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["kernel"] for row in rows] == list(read_pins())
    assert [row["default"] for row in rows] == [True] + [False] * (len(rows) - 1)
    assert {row["path"] for row in rows} == {None}
    assert main(["tree", "list"]) == 0
    assert capsys.readouterr().out.count("not set up") == len(rows)


def test_the_default_is_the_kernel_whose_series_are_shipped() -> None:
    assert next(iter(read_pins())) == "6.12"


@pytest.mark.parametrize(("argv", "said"), [
    (["tree", "path", "--kernel", "9.9"], "no kernel '9.9' is pinned: there are 6.12 (6.12.117), "),
    (["tree", "show", "--kernel", "7.3", "--tree", "x"], "give one"),
    (["tree", "show", "--base", "x"], "see --kernel"),
    (["tree", "list", "--kernel", "7.3"], "`tree show` takes one"),
    (["validate", "x", "--kernel", "7.3", "--tree", "x"], "give one"),
])
def test_what_cannot_be_meant_is_one_error(
    argv: list[str], said: str, cached: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", KINDS)
def test_a_configuration_of_the_lab_is_not_named_by_kernel_any_more(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["boot", "today", "--kernel", name]) == 2
    assert f"the lab is named by --config {name}" in capsys.readouterr().err


def test_no_pin_has_a_name_that_the_lab_has() -> None:
    pins = read_pins().values()
    assert not set(KINDS) & {word for one in pins for word in (one.name, one.version)}
