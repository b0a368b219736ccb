# SPDX-License-Identifier: GPL-2.0-only
"""SPIN held against the explorer on one machine: the rules broken, and the steps taken."""

from collections.abc import Sequence

from waiting import LONG

from checks.finding import Verdict
from checks.machine.machine import Machine
from checks.search import spin
from checks.search.explore import shown
from checks.search.machine_as_c import Watch
from checks.search.promela import Promela
from checks.search.told import Report
from checks.search.trace import replay


def lines(report: Report) -> str:
    """Return the traces of the explorer, for whoever has to find out which engine is wrong."""
    return "\n".join(
        f"explorer breaks {one.rule}: {one.message} on {dict(one.hardware)}\n"
        + "\n".join(f"  {step.actor} | {step.text} | {step.outcome}" for step in one.trace)
        for one in report.counterexamples
    )


def told(
    found: spin.Searched, machine: Machine, watches: Sequence[Watch]
) -> tuple[set[str], str]:
    """Return the rules that SPIN breaks in a machine, each trace replayed, and the traces."""
    said = []
    rules = set()
    for (_, rule, waived), (number, path) in found.broken.items():
        watch = watches[number]
        whole = [*path, *([] if watch.at is None else [watch.at])]
        replay(machine, whole, watch)
        if not waived:
            rules.add(rule)
            said += [f"SPIN breaks {rule}: {watch.message}"]
            said += [f"  {one.actor} | {one.text} | {one.outcome}"
                     for one in shown(machine, whole, watch.at)]
    return rules, "\n".join(said)


def agree(report: Report, model: Promela, machine: Machine, watches: Sequence[Watch]) -> None:
    """Hold SPIN against the explorer: the verdict follows from the rules and the end of both."""
    found = spin.search(model, seconds=LONG)
    assert found.complete
    assert report.bounds.complete
    rules, said = told(found, machine, watches)
    assert rules == {one.rule for one in report.counterexamples}, (
        f"{report.design}\n{lines(report)}\n{said}"
    )
    taken = {number for _, number in found.taken}
    ours = {number for number, one in enumerate(report.taken) if one}
    # Behind a violation the explorer still takes the steps that it takes at once.
    same = taken == ours if report.verdict is Verdict.HOLDS else taken <= ours
    assert same, f"{report.design}: steps that only one takes: {sorted(taken ^ ours)}"
