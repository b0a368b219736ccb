# SPDX-License-Identifier: GPL-2.0-only
"""What a survey of untouched drivers found, each finding judged by reading the C: survey.json.

`tests/bench/survey.py` draws them; what it finds beside what is judged here is to be judged first.
"""

from __future__ import annotations

from typing import Any

import pytest
from surveyed import READ, TABLE, counts, judged, load

from checks.verdict.judge import judge
from generator.cli.read import read
from generator.kernel.tree import Tree

MOST_UNTRUE = 20  # drivers, of which one may have a finding that is not true
FINDING = {"rule": "R36", "function": "a_probe", "text": "a is left", "at": "a.c:7"}
DRIVER = {"bus": "pci", "path": "a.c", "driver": "a_driver", "verdict": "VIOLATED"}
EMPTY: dict[str, Any] = {"said": "", "drivers": [], "findings": []}
ORDER = [("a.c", "a_driver")]


def test_of_twenty_drivers_at_most_one_has_an_untrue_finding() -> None:
    survey = load(TABLE)
    read_ = [one for one in survey["drivers"] if one["verdict"] in READ]
    untrue = {one["path"] for one in survey["findings"] if one["found"] and one["true"] is False}
    assert len(read_) >= 250
    assert len(untrue) * MOST_UNTRUE <= len(read_), sorted(untrue)


def test_every_finding_is_judged_with_its_reason() -> None:
    survey = load(TABLE)
    violated = {one["path"] for one in survey["drivers"] if one["verdict"] == "VIOLATED"}
    found = [one for one in survey["findings"] if one["found"]]
    assert violated == {one["path"] for one in found}
    assert all(isinstance(one["true"], bool) and len(one["why"]) > 30 for one in found)


def test_a_verdict_stays_with_its_finding() -> None:
    first = judged(EMPTY, [{**DRIVER, "findings": [FINDING]}], ORDER)
    (new,) = first["findings"]
    mine = {**first, "findings": [{**new, "true": False, "why": "by reading"}]}
    later = judged(mine, [{**DRIVER, "findings": [{**FINDING, "at": "a.c:9"}]}], ORDER)
    other = judged(mine, [{**DRIVER, "findings": [{**FINDING, "text": "b is left"}]}], ORDER)

    assert new["true"] is None
    assert [(one["true"], one["why"], one["at"]) for one in later["findings"]] == [
        (False, "by reading", "a.c:9")]
    assert [(one["true"], one["found"]) for one in other["findings"]] == [
        (None, True), (False, False)]


def test_what_was_not_read_again_is_as_it_was() -> None:
    first = judged(EMPTY, [{**DRIVER, "findings": [FINDING]}], ORDER)

    assert judged(first, [], ORDER) == first


def test_the_counts_are_of_drivers_that_were_read() -> None:
    unread = {**DRIVER, "path": "b.c", "verdict": "TIME"}
    survey = judged(EMPTY, [{**DRIVER, "findings": [FINDING]}, unread],
                    [*ORDER, ("b.c", "a_driver")])
    (new,) = survey["findings"]
    told = [*counts({**survey, "findings": [{**new, "true": False}]})]

    assert told[0] == "drivers: 2 drawn, 1 read, 1 with findings"
    assert told[2].startswith("drivers with an untrue finding: 1 of 1, 100.0 %")


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
