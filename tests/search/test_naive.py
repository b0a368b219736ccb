# SPDX-License-Identifier: GPL-2.0-only
"""The explorer agrees with the oracle: verdict, broken rules, length of the shortest trace."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from beside_oracle import ALL, CAREFULLY, FIXED, HARDWARE, MOST, compare, compared, show
from broken import domains, parts
from broken.cases import CASES
from broken.parts import DELETE, KID, MAKE, PORT, Case, kid, port
from house import DESIGNS
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import EXPRESSIONS, SOME, designs

from checks.finding import Verdict
from checks.machine.instances import View
from checks.rules.rule import state_rule
from checks.search.explore import explore
from checks.search.oracle import State, naive, text
from generator.design import Design
from generator.designs import today
from generator.expr import Expr, Fact, Role, num, pick
from generator.facts import (
    BELOW,
    BLOCK,
    CAN_DYN,
    CAP,
    COUNT,
    HAS,
    LINE_ROUTED,
    MSG,
    PHASE,
    PROBING,
)
from generator.load import load, names
from generator.meaning import evaluate
from generator.operation import Operation, ok, sets
from generator.ops.irq import FREE_IRQ, REQUEST_IRQ
from generator.ops.pci import PCI_SET_MASTER


@given(expr=EXPRESSIONS, values=st.tuples(*[st.integers(0, 3) for _ in SOME]))
def test_oracle_computes_what_the_language_means(expr: Expr, values: State) -> None:
    at = {read: position for position, read in enumerate(SOME)}
    state = dict(zip(SOME, values, strict=True))
    assert eval(text(expr, at), {"s": values}) == evaluate(expr, state)


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
def test_shipped_designs_on_one_hardware(name: str, whole: bool) -> None:
    if name == "glue-device" and not whole:  # which SPIN is held against, on the same hardware
        pytest.skip("as large as all others: --whole")
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


def test_what_one_gives_and_another_only_computes_with_is_not_done_at_once() -> None:
    """The port notes what it finds amidst the child's probe, and asks nothing to get on."""
    begun, looked = Fact("child begun", 1, "its probe"), Fact("looked", 2, "what was found")
    begin = Operation("begin", ("user",), (ok(sets(begun(Role("user")), 1)),), source="")(KID)
    found = pick(PHASE(Role("user")).eq(PROBING), num(2) - begun(Role("user")), 0)
    look = Operation("look", ("user",), (ok(sets(looked(Role("user")), found)),), source="")(KID)

    @state_rule("X", evidence=(), symptom="")
    def began_first(view: View) -> Iterator[tuple[str, Expr]]:
        """The child has begun when the port looks."""
        for inst in view.of(KID):
            yield "it has not", looked(inst).eq(2)

    design = parts.design(port((*MAKE, look), DELETE), kid((begin,)))

    oracle, _ = compare(design, rules=[began_first])

    assert set(oracle.broken) == {"X"}


@settings(CAREFULLY, max_examples=30)
@given(design=designs(family=True))
def test_random_designs_with_equal_children(design: Design) -> None:
    compared(design, 3 * MOST)


@pytest.mark.parametrize("name", [
    "sound/link_monitor", "sound/own_line", "unsound/deaf_leaver", "unsound/embraced",
    "unsound/late_resetter", "unsound/waker",
])
def test_handlers_and_queued_work(name: str) -> None:
    """What runs beside entry points is found by both, after as many steps."""
    design = load(str(DESIGNS / f"{name}.py")).design
    hardware = {CAP: "MSI", COUNT: "1", MSG: "0", BELOW: "no", LINE_ROUTED: "no"}

    oracle, report = compare(replace(design, given=hardware), 60_000)

    assert report is not None
    assert (oracle.verdict is Verdict.HOLDS) == name.startswith("sound/")
