# SPDX-License-Identifier: GPL-2.0-only
"""What a survey of untouched drivers found, each finding judged by reading the C: survey.json.

`tests/bench/survey.py` draws them; what it finds beside what is judged here is to be judged first.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from checks.verdict.judge import judge
from generator.cli.read import read
from generator.kernel.tree import Tree

MOST_UNTRUE = 20  # drivers, of which one may have a finding that is not true


@cache
def _survey() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(__file__).parent / "survey.json").read_text())
    return found


def test_of_twenty_drivers_at_most_one_has_an_untrue_finding() -> None:
    read_ = [one for one in _survey()["drivers"] if one["verdict"] in ("HOLDS", "VIOLATED")]
    untrue = {one["path"] for one in _survey()["findings"] if not one["true"]}
    assert len(read_) >= 40
    assert len(untrue) * MOST_UNTRUE <= len(read_), sorted(untrue)


def test_every_finding_is_judged_with_its_reason() -> None:
    violated = {one["path"] for one in _survey()["drivers"] if one["verdict"] == "VIOLATED"}
    assert violated == {one["path"] for one in _survey()["findings"]}
    assert all(len(one["why"]) > 30 for one in _survey()["findings"])


@pytest.mark.kernel
@pytest.mark.parametrize(("path", "rules"), [
    ("drivers/misc/bh1770glc.c", {"R40"}),  # true
    ("drivers/video/fbdev/pm3fb.c", {"R36"}),
    ("drivers/pcmcia/pd6729.c", set()),  # once an untrue finding: irq_mode is of the file
    ("drivers/pci/controller/pcie-mediatek.c", {"N41"}),  # true; N12 and R40 were of listed ports
    ("drivers/watchdog/hpwdt.c", set()),  # and here: a mapping that a variable of the file holds
])
def test_what_is_found_again(pinned: Tree, path: str, rules: set[str]) -> None:
    report = judge(read(pinned, path, exact=False).what.design, seconds=60)
    assert {one.rule for one in report.counterexamples} == rules
