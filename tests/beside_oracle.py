# SPDX-License-Identifier: GPL-2.0-only
"""The explorer held against its oracle on one design: verdict, rules, length of traces."""

from collections.abc import Callable, Container, Sequence
from dataclasses import replace

from hypothesis import Phase, note, reject, settings

from checks.finding import Verdict
from checks.machine.episode import PLAIN
from checks.rules.all import RULES
from checks.rules.rule import Rule
from checks.search.explore import Explorer
from checks.search.oracle import Naive, State, walked
from checks.search.told import Report
from generator.design import Design
from generator.errors import ModelError
from generator.facts import CAN_DYN, CAP, COUNT, D3_POSSIBLE, LINE_ROUTED, NO_MSI

# Each rule by itself: one that another implies is left out of reports otherwise.
ALL = tuple(replace(rule, implies=()) for rule in RULES)
MOST = 10_000  # states that the oracle is given
HARDWARE = (
    {CAP: "MSI-X", COUNT: "2", CAN_DYN: "no"},
    {CAP: "MSI", COUNT: "1"},
    {CAP: "none"},
)
FIXED = {LINE_ROUTED: "yes", NO_MSI: "no", D3_POSSIBLE: "yes"}
# What fails is not made smaller: that takes many times as long, and the traces are short.
CAREFULLY = settings(phases=(Phase.generate,))


def taken_at_once(explorer: Explorer) -> Callable[[State], Container[int]]:
    """Return which steps from a state the explorer takes at once: they cost nothing."""
    packed = explorer.search.packed
    library, processes = packed.library, range(len(packed.code.processes))
    kept = [(explorer.machine.variables.index(read), field.shift, read.fact.question)
            for read, field in packed.fields.items()]
    seen: dict[int, set[int]] = {}

    def free(values: State) -> set[int]:
        state = sum(values[at] + question << shift for at, shift, question in kept)
        if state not in seen:
            found = [library.steps_at_once(state, process) for process in processes]
            seen[state] = {number for steps in found for number, _ in steps}
        return seen[state]

    return free


def show(report: Report, oracle: Naive) -> str:
    """Return both engines' traces, for whoever has to find out which one is wrong."""
    lines = [f"explorer: {report.verdict.value}; oracle: {oracle.verdict.value}"]
    for one in report.counterexamples:
        lines += [f"explorer breaks {one.rule} ({one.message}) on {dict(one.hardware)}"]
        lines += [f"  {step.actor} | {step.text} | {step.outcome}" for step in one.trace]
    for rule, broken in oracle.broken.items():
        lines += [f"oracle breaks {rule} at cost {broken.cost}"]
        lines += [f"  {step}" for step in broken.trace]
    return "\n".join(lines)


def compare(
    design: Design, most: int = 1_000_000, *, rules: Sequence[Rule] = ALL, episode: str = PLAIN
) -> tuple[Naive, Report | None]:
    """Hold the explorer against the oracle; None for a design that is too large for the oracle."""
    explorer = Explorer(design, rules, episode)
    oracle = walked(explorer.machine, explorer.watches, states=most,
                    free=taken_at_once(explorer))
    if oracle.verdict is Verdict.UNFINISHED:
        return oracle, None
    report = explorer.run()
    depths = {one.rule: one.depth for one in report.counterexamples}
    found = {rule: broken.cost for rule, broken in oracle.broken.items()}
    assert (report.verdict, depths) == (oracle.verdict, found), show(report, oracle)
    return oracle, report


def compared(design: Design, most: int) -> Report:
    """Compare, unless a design makes no sense or is too large for the oracle."""
    try:
        _, report = compare(design, most)
    except ModelError as error:
        note(str(error))
        reject()
    if report is None:
        reject()
    return report
