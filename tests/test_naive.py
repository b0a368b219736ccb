# SPDX-License-Identifier: GPL-2.0-only
"""The explorer agrees with the oracle: verdict, broken rules, length of the shortest trace."""

from collections.abc import Callable, Container, Sequence
from dataclasses import replace

import pytest
from broken import domains, parts
from broken.parts import DELETE, KID, PORT, Case, kid, port
from hypothesis import Phase, given, note, reject, settings
from hypothesis import strategies as st
from strategies import designs
from test_rules import CASES

from checks.finding import Verdict
from checks.machine.episode import PLAIN
from checks.rules.all import RULES
from checks.rules.rule import Rule
from checks.search.explore import Explorer, Report, explore
from checks.search.oracle import Naive, State, naive, text, walked
from generator.design import Design
from generator.designs import today
from generator.errors import ModelError
from generator.expr import Bin, Expr, Fact, Not, Num, Pick, Read
from generator.facts import (
    BELOW,
    BLOCK,
    CAN_DYN,
    CAP,
    COUNT,
    D3_POSSIBLE,
    HAS,
    LINE_ROUTED,
    MSG,
    NO_MSI,
)
from generator.load import load, names
from generator.meaning import evaluate
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.pci import PCI_SET_MASTER

# Each rule by itself: one that another implies is left out of reports otherwise.
ALL = tuple(replace(rule, implies=()) for rule in RULES)
MOST = 10_000  # states that the oracle is given


def taken_at_once(explorer: Explorer) -> Callable[[State], Container[int]]:
    """Return which steps from a state the explorer takes at once: they cost nothing."""
    kept = [(explorer.machine.variables.index(read), field.shift, read.fact.question)
            for read, field in explorer.search.packed.fields.items()]
    seen: dict[int, set[int]] = {}

    def free(values: State) -> set[int]:
        state = sum(values[at] + question << shift for at, shift, question in kept)
        if state not in seen:
            found = explorer.search.packed.each_at_once(state)
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


SOME = tuple(Read(Fact(f"fact {number}", 3, ""), PORT) for number in range(3))
OPERANDS = st.sampled_from(SOME) | st.integers(0, 3).map(Num)
EXPRESSIONS = st.recursive(OPERANDS, lambda inner: st.one_of(
    st.builds(Not, inner),
    st.builds(Pick, inner, inner, inner),
    st.builds(Bin, st.sampled_from(("+", "-", "==", "!=", "<", "<=", "and", "or", "min", "max")),
              inner, inner),
    st.builds(Bin, st.sampled_from(("has", "with", "without")), inner, OPERANDS),
), max_leaves=12)


@given(expr=EXPRESSIONS, values=st.tuples(*[st.integers(0, 3) for _ in SOME]))
def test_oracle_computes_what_the_language_means(expr: Expr, values: State) -> None:
    at = {read: position for position, read in enumerate(SOME)}
    state = dict(zip(SOME, values, strict=True))
    assert eval(text(expr, at), {"s": values}) == evaluate(expr, state)


HARDWARE = (
    {CAP: "MSI-X", COUNT: "2", CAN_DYN: "no"},
    {CAP: "MSI", COUNT: "1"},
    {CAP: "none"},
)
FIXED = {LINE_ROUTED: "yes", NO_MSI: "no", D3_POSSIBLE: "yes"}


@pytest.mark.parametrize(("hardware", "waived"), [
    (HARDWARE[0], True), (HARDWARE[1], False), (HARDWARE[2], True),
])  # fmt: skip
def test_today_on_fixed_hardware(hardware: dict, waived: bool) -> None:
    design = replace(today.DESIGN, given={**FIXED, **hardware},
                     waivers=today.DESIGN.waivers if waived else ())
    oracle, _ = compare(design)
    assert set(oracle.broken) == (set() if waived else {"R09"})


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_shipped_designs_on_one_hardware(name: str) -> None:
    design = load(name).design
    there = {HAS: "yes", MSG: "0", BLOCK: "in an assigned BAR", BELOW: "no"}
    design = replace(design, given={**design.given, **FIXED, **HARDWARE[1], **there})
    oracle, report = naive(design, ALL), explore(design, ALL)
    broken = {one.rule for one in report.counterexamples}
    assert (report.verdict, broken) == (oracle.verdict, set(oracle.broken)), show(report, oracle)


@pytest.mark.parametrize(("episode", "hardware"), [
    ("sleep", HARDWARE[1]), ("recovery", HARDWARE[2]), ("surprise", HARDWARE[2]),
])
def test_today_in_an_episode(episode: str, hardware: dict) -> None:
    oracle, _ = compare(replace(today.DESIGN, given={**FIXED, **hardware}), episode=episode)
    assert oracle.verdict is Verdict.HOLDS


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule} {case.episode}")
def test_designs_of_the_rules(case: Case) -> None:
    # R36 also says where the search ends, which the explorer concludes a good deal from.
    rules = [rule for rule in ALL if rule.key in (case.rule, "R36")]
    refused, _ = compare(case.broken, MOST, rules=rules, episode=case.episode)
    assert refused.verdict is not Verdict.HOLDS
    compare(case.mended, MOST, rules=rules, episode=case.episode)
    mended = explore(case.mended, [one for one in rules if one.key == case.rule],
                     episode=case.episode)
    assert mended.verdict is not Verdict.VIOLATED


def test_what_a_child_alone_takes_is_not_known_of_the_port() -> None:
    """Nothing left behind where the port begins does not mean that the child takes nothing."""
    early = port((domains.FIRST, domains.ENABLE, *domains.MAKE, PCI_SET_MASTER(PORT)),
                 (*DELETE, domains.FREE))
    child = kid((domains.DOMAIN, domains.AT, REQUEST_IRQ(KID)), (FREE_IRQ(KID), domains.BACK))
    given_ = {CAP: "MSI-X", CAN_DYN: "yes", BELOW: "no", HAS: "yes"}
    rules = [rule for rule in ALL if rule.key in ("R10b", "R36")]
    oracle, _ = compare(replace(parts.design(early, child), given=given_), rules=rules)
    assert set(oracle.broken) == {"R10b"}


# What fails is not made smaller: that takes many times as long, and the traces are short.
CAREFULLY = settings(phases=(Phase.generate,))


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


@settings(CAREFULLY, max_examples=30)
@given(design=designs(family=True))
def test_random_designs_with_equal_children(design: Design) -> None:
    compared(design, 3 * MOST)
