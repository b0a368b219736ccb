# SPDX-License-Identifier: GPL-2.0-only
"""Kernels are booted: they do what designs predict, and show what rules warn of when broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checks.boot.board import BOARDS
from checks.boot.breakage import BREAKAGES, Breakage, broken, witnessed
from checks.boot.guest import program, with_port_model
from checks.boot.kernel import kernel
from checks.boot.run import run
from generator import series
from generator.__main__ import main
from generator.designs import auxbus
from generator.tree import Tree

pytestmark = [pytest.mark.boot, pytest.mark.kernel, pytest.mark.slow]


@pytest.mark.parametrize("design", ["today", "auxbus"])
def test_a_kernel_does_what_its_design_predicts(
    design: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["boot", design, "--json"])

    told = json.loads(capsys.readouterr().out)
    wrong = [
        f"{line['scenario']}: {line['subject']}: {line['what']}: {line['predicted']}, "
        f"seen {line['observed']} ({line['evidence']})"
        for run in told for line in run["lines"] if not line["holds"]
    ]
    assert wrong == []
    assert [run["verdict"] for run in told] == ["as predicted"] * len(told)
    assert code == 0


SHOWN = ("R01", "R13", "R14", "R16", "R17")


@pytest.mark.parametrize("breakage", [one for one in BREAKAGES if one.rule in SHOWN],
                         ids=lambda one: one.rule)
def test_what_a_rule_warns_of_is_seen_when_it_is_broken(
    breakage: Breakage, pinned: Tree, tmp_path: Path
) -> None:
    overlay = series.generate(auxbus.SERIES, pinned).commits[-1].overlay
    built = kernel(pinned, with_port_model(pinned, broken(breakage, overlay)))
    found = run(auxbus.DESIGN, built, program(pinned), BOARDS[breakage.board], tmp_path,
                breakage.scenarios)

    assert witnessed(breakage, found).seen != "", found.lines
