# SPDX-License-Identifier: GPL-2.0-only
"""Explorer, oracle and SPIN agree on random designs, rule by rule."""

import pytest
from beside_oracle import ALL, CAREFULLY, MOST, compared
from beside_spin import agree
from hypothesis import given, settings
from strategies import designs

from checks.search import spin
from checks.search.promela import promela
from generator.design import Design

RANDOM, WHOLE = 120, 200


@pytest.mark.slow
def test_random_designs(whole: bool) -> None:
    """The oracle's shortest traces are as long as the explorer's; SPIN breaks the same rules."""
    chosen: list[Design] = []

    wanted = WHOLE if whole else RANDOM

    @settings(CAREFULLY, max_examples=wanted)
    @given(design=designs())
    def all_agree(design: Design) -> None:
        report = compared(design, MOST)
        machine, watches = spin.machine_of(design, ALL)
        agree(report, promela([(machine, watches)]), machine, watches)
        chosen.append(design)

    all_agree()
    assert len(chosen) >= wanted
