# SPDX-License-Identifier: GPL-2.0-only
"""On which machines a series was booted is kept, and said of the tree that was booted alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from house import HOUSE

from checks.boot.evidence.booted import (
    BOOTED,
    Booted,
    Machine,
    keep,
    machine,
    of_each,
    read,
    sentence,
)
from checks.boot.guest.line import Line
from checks.boot.predict.board import BOARDS
from checks.boot.run import AS_PREDICTED, Run
from checks.boot.scenario import usual
from generator.__main__ import main
from generator.errors import UsageError

QEMU = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)"


def _machine(board: str, config: str = "plain", *scenarios: str) -> Machine:
    return Machine(board, config, scenarios or usual(BOARDS[board]), 7)


def _seen(tree: str, *machines: Machine) -> Booted:
    return Booted("auxbus", tree, "6.12.117", QEMU, machines)


def test_a_run_is_kept_with_its_scenarios_and_how_many_predictions_held() -> None:
    line = Line("boot", "system", "a", "1", "1", "", "design")
    took = (("start", 1.0), ("boot", 2.0), ("shutdown", 1.0))
    run = Run("auxbus", "static", AS_PREDICTED, (line, line), (), took)

    assert machine(run, "kasan") == Machine("static", "kasan", ("boot",), 2)


def test_boots_of_one_tree_add_up_and_another_tree_begins_anew(tmp_path: Path) -> None:
    keep(_seen("a", _machine("static"), _machine("pair")), tmp_path)
    keep(_seen("a", replace(_machine("static"), predictions=9), _machine("switch")), tmp_path)

    (found,) = read("auxbus", tmp_path)
    assert [(one.board, one.predictions) for one in found.machines] == [
        ("pair", 7), ("static", 9), ("switch", 7)
    ]
    keep(_seen("b", _machine("static")), tmp_path)
    (again,) = read("auxbus", tmp_path)
    assert [one.board for one in again.machines] == ["static"]
    keep(replace(_seen("c", _machine("pair")), release="7.3.4"), tmp_path)
    assert [one.tree for one in read("auxbus", tmp_path)] == ["b", "c"]


def test_a_cover_letter_names_machines_with_and_without_cpmus(tmp_path: Path) -> None:
    keep(_seen("a", _machine("static"), _machine("pair"),
               _machine("static", "kasan", "boot", "load"), _machine("virt")), tmp_path)

    assert sentence("auxbus", "a", tmp_path) == (
        "booted in QEMU 7.2.22, and all that the design predicts was seen; with CPMUs: static, "
        "static (kasan, only boot and load), virt, arm64; without any: pair"
    )


def test_boards_count_for_each_commit_where_every_one_of_them_held() -> None:
    line = Line("boot", "system", "a", "1", "1", "", "design")
    runs = [Run("auxbus", board, AS_PREDICTED, (line,), (), (("boot", 1.0),))
            for board in ("static", "pair", "static")]

    assert of_each(runs, "plain", 2) == (Machine("static", "plain", ("boot",), 2),)


def test_a_cover_letter_says_where_each_commit_was_booted(tmp_path: Path) -> None:
    keep(_seen("a", _machine("pair")), tmp_path)
    each = replace(_seen("a"), each=(_machine("static", "plain", "boot", "load"),))
    keep(each, tmp_path)

    assert [one.machines for one in read("auxbus", tmp_path)] == [(_machine("pair"),)]
    assert sentence("auxbus", "a", tmp_path).endswith(
        "; without any: pair; each commit by itself: static (only boot and load)")
    keep(_seen("b", _machine("pair")), tmp_path)
    assert read("auxbus", tmp_path)[0].each == ()


@pytest.mark.parametrize(("design", "tree"), [("auxbus", "b"), ("flat", "a")])
def test_nothing_is_said_of_another_tree_or_design(tmp_path: Path, design: str, tree: str) -> None:
    keep(_seen("a", _machine("static")), tmp_path)

    assert sentence(design, tree, tmp_path) == ""


@pytest.mark.parametrize("text", ["{", "[]", '{"design": "auxbus"}', '{"machines": [{}]}'])
def test_a_file_that_nobody_wrote_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "auxbus-6.12.117.json").write_text(text)

    with pytest.raises(UsageError, match=r"117\.json: not what `portwright boot --keep`"):
        read("auxbus", tmp_path)


@pytest.mark.parametrize("more", [("--with", "x.diff"), ("--commit", "x", "--tree", ".")])
def test_what_is_not_as_rendered_is_not_kept(
    more: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["boot", "auxbus", "--keep", *more]) == 2
    assert "--keep goes with neither --with nor one commit" in capsys.readouterr().err


@pytest.mark.parametrize("home", sorted(HOUSE.glob("patches/*/auxbus")), ids=str)
def test_what_a_golden_cover_letter_says_was_booted_is_its_own_tree(home: Path) -> None:
    promised = json.loads((home / "series.json").read_text())
    said = " ".join((home / "0000-cover-letter.patch").read_text().split())
    booted = sentence("auxbus", promised["tree"], BOOTED)

    assert "without any: " in booted, "boot it: portwright boot auxbus --board ... --keep"
    assert booted in said
