# SPDX-License-Identifier: GPL-2.0-only
"""What drivers take and give back, as fixes of Linux had it: the driver before, and after.

Each file of designs/taken_back/ has DESIGN, which holds, as all of SOUND do, and in BUGGY what is
refused, with the rule that says so.
"""

import runpy
from collections.abc import Iterator

import pytest
from beside_oracle import compare
from house import DESIGNS

from checks.finding import Verdict
from checks.machine.episode import episodes_of
from checks.verdict.judge import ALL, judge
from generator.design import Design


def _rows() -> Iterator[object]:
    for path in sorted((DESIGNS / "taken_back").glob("*.py")):
        found = runpy.run_path(str(path))
        sound = (found["DESIGN"], *found.get("SOUND", ()))
        for number, (one, rule) in enumerate((*((one, "") for one in sound), *found["BUGGY"])):
            yield pytest.param(one, rule, id=f"{path.stem} {number} {rule or 'holds'}")


@pytest.mark.parametrize(("design", "rule"), tuple(_rows()))
def test_refused_before_its_fix_and_held_after_it(design: Design, rule: str) -> None:
    report = judge(design, sought=())

    assert report.verdict is (Verdict.VIOLATED if rule else Verdict.HOLDS)
    assert {one.rule for one in report.counterexamples} == ({rule} if rule else set())


@pytest.mark.parametrize(("design", "rule"), tuple(_rows()))
def test_oracle_agrees(design: Design, rule: str) -> None:
    broken = {
        key for episode in episodes_of(design)
        for key in compare(design, episode=episode)[0].broken
    }

    implied = {other for one in ALL if one.key == rule for other in one.implies}
    assert broken - implied == ({rule} if rule else set())
