# SPDX-License-Identifier: GPL-2.0-only
"""Inputs that nobody wrote end, soon, with a result or one typed error; others each run."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from fuzzed import KINDS, failures

# of each kind in each run of CI; those that run git for each are fewer
MANY, FEW = 300, 20
SLOW = ("mail", "mbox", "patch")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_no_input_brings_it_down(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path / "cache"))
    first = random.SystemRandom().randrange(1 << 40)
    assert failures(kind, range(first, first + (FEW if kind in SLOW else MANY))) == []


def test_what_goes_wrong_is_told_with_the_seed_that_makes_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(KINDS, "conf", lambda dice, there, work: 1 // (dice.random() > 0.5))
    told = failures("conf", range(40))
    assert 5 < len(told) < 35
    assert all("ZeroDivisionError" in one and one.startswith("conf ") for one in told)
    again = int(told[0].split(":")[0].split()[1])
    assert failures("conf", [again]) == told[:1]
