# SPDX-License-Identifier: GPL-2.0-only
"""Explorer, oracle and SPIN agree on random designs, rule by rule."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from strategies import designs
from test_naive import ALL
from test_spin import agree

from checks import spin
from checks.explore import explore
from checks.finding import Verdict
from checks.machine import build
from checks.naive import naive
from checks.promela import promela
from generator.design import Design
from generator.errors import ModelError

RANDOM = 200
MOST = 4_000  # states that the oracle is given for one of them
BATCH = 1000  # transitions in one model: the compiler's start is paid once for several designs


def drawn() -> list[Design]:
    """Return random designs on which the oracle ends, and what it says agrees with us."""
    found: list[Design] = []

    @settings(max_examples=3 * RANDOM, deadline=None, derandomize=True, database=None,
              phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
    @given(design=designs())
    def collect(design: Design) -> None:
        if len(found) == RANDOM:
            return
        try:
            oracle = naive(design, ALL, states=MOST)
        except ModelError:
            return
        if oracle.verdict is not Verdict.UNFINISHED:
            report = explore(design, ALL)
            assert set(oracle.broken) == {one.rule for one in report.counterexamples}
            found.append(design)

    collect()
    return found


@pytest.mark.slow
def test_random_designs() -> None:
    chosen = drawn()
    assert len(chosen) == RANDOM
    batch: list[Design] = []
    size = 0
    for design in chosen:
        batch.append(design)
        size += len(build(design).transitions)
        if size > BATCH or design is chosen[-1]:
            machines = [spin.machine_of(one, ALL) for one in batch]
            agree(batch, promela(machines), machines)
            batch, size = [], 0
