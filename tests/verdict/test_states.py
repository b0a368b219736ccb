# SPDX-License-Identifier: GPL-2.0-only
"""The number of states does not grow unnoticed: a fifth more than the baseline is too much.

When it has to grow, `.venv/bin/python tests/bench/matrix.py --baseline` writes the new one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from house import TESTS

from checks.verdict import explored
from checks.verdict.matrix import KINDS, Exploration, Task
from generator.load import names

BASELINE = TESTS / "states.json"
HOW = "if this is meant: .venv/bin/python tests/bench/matrix.py --baseline"


def grown(
    found: Iterable[Exploration], baseline: Mapping[str, Mapping[str, int]]
) -> list[str]:
    """Return the explorations with more than a fifth more states, or that nobody measured."""
    wrong = []
    for one in found:
        before = baseline.get(one.design, {}).get(one.interrupts)
        name = f"{one.design} on {one.interrupts}"
        if before is None:
            wrong.append(f"{name}: not in {BASELINE.name}; {HOW}")
        elif one.states * 5 > before * 6:
            wrong.append(f"{name}: {one.states} states, it had {before}; {HOW}")
    return wrong


@pytest.mark.slow
def test_no_design_has_grown_by_more_than_a_fifth() -> None:
    found = explored.matrix(tuple(Task(name, kind.name) for name in names() for kind in KINDS))

    assert grown(found, json.loads(BASELINE.read_text())) == []


def test_growth_is_seen() -> None:
    one = explored.matrix((Task("today", "INTx"),))[0]
    known = {"today": {"INTx": one.states}}

    assert grown([one], known) == []
    assert grown([replace(one, states=one.states * 6 // 5)], known) == []
    assert len(grown([replace(one, states=one.states * 6 // 5 + 1)], known)) == 1
    assert "not in states.json" in grown([replace(one, interrupts="MSI")], known)[0]
