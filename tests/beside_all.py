# SPDX-License-Identifier: GPL-2.0-only
"""Explorer, oracle and SPIN on one small design: the rules that all of them say it breaks."""

from collections.abc import Sequence

from beside_oracle import ALL, compare
from waiting import LONG

from checks.machine.episode import PLAIN, episodes_of
from checks.rules.rule import Rule
from checks.search import spin
from generator.design import Design


def broken_in_all(
    design: Design, *, episode: str = PLAIN, rules: Sequence[Rule] = ALL
) -> set[str]:
    """Return the rules that break in an episode, as three engines agree."""
    oracle, ours = compare(design, rules=rules, episode=episode)
    theirs = spin.explore(design, rules, seconds=LONG, episode=episode)
    assert ours is not None
    assert theirs.bounds.complete
    assert {one.rule for one in theirs.counterexamples} == set(oracle.broken)
    return set(oracle.broken)


def broken_anywhere(design: Design, *, rules: Sequence[Rule] = ALL) -> set[str]:
    """Return the rules that break in any episode of a design, as three engines agree."""
    return {rule for episode in episodes_of(design)
            for rule in broken_in_all(design, episode=episode, rules=rules)}
