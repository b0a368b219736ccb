# SPDX-License-Identifier: GPL-2.0-only
"""Every rule has a design that breaks it by the trace that the kernel source gives."""

import re

import pytest
from beside_all import broken_in_all
from broken.cases import CASES
from broken.parts import Case

from checks.finding import Verdict
from checks.rules.all import RULES
from checks.rules.rule import Rule
from checks.search.explore import explore
from checks.search.told import Counterexample
from checks.verdict.judge import ALL
from generator.__main__ import main
from generator.design import Design, Device, Driver
from generator.kernel.tree import Tree, read
from generator.operation import IGNORE, asked
from generator.ops.irq import DEVM_FREE_IRQ, DEVM_REQUEST_IRQ, ENABLE_IRQ_WAKE
from generator.ops.platform import CLIENT_IRQ
from generator.program import If

CARD = Device("card", "i2c")
BY_KEY = {rule.key: rule for rule in RULES}
ROWS = [pytest.param(case, id=case.rule) for case in CASES]


def lines(example: Counterexample) -> tuple[str, ...]:
    return tuple(
        f"{step.actor}: {step.text}" + (f" -> {step.outcome}" if "-" in step.outcome else "")
        for step in example.trace
    )


def apart(trace: tuple[str, ...], floating: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return a trace without the lines whose place among the others is open, and these."""
    stays = tuple(line for line in trace if not line.startswith(floating or ("-",)))
    return stays, tuple(line for line in trace if line not in stays)


def test_every_rule_has_a_row() -> None:
    assert {case.rule for case in CASES} == set(BY_KEY)


@pytest.mark.parametrize("case", ROWS)
def test_design_breaks_the_rule_by_the_derived_trace(case: Case) -> None:
    report = explore(case.broken, (BY_KEY[case.rule],), episode=case.episode)
    assert report.verdict is Verdict.VIOLATED
    (example,) = report.counterexamples
    assert apart(lines(example), case.floating) == apart(case.trace, case.floating)
    assert case.hardware.items() <= dict(example.hardware).items()


@pytest.mark.parametrize("case", ROWS)
def test_mended_design_holds(case: Case) -> None:
    report = explore(case.mended, (BY_KEY[case.rule],), episode=case.episode)
    assert report.verdict is Verdict.HOLDS
    assert not report.waived


@pytest.mark.parametrize("case", ROWS)
def test_all_rules_together_find_it(case: Case) -> None:
    """Others may break sooner; that something is wrong is never lost."""
    assert explore(case.broken, RULES, episode=case.episode).verdict is Verdict.VIOLATED


def test_implied_rules_exist() -> None:
    assert {other for rule in RULES for other in rule.implies} <= set(BY_KEY)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.key)
def test_rule_says_what_it_is(rule: Rule) -> None:
    assert rule.statement.endswith(".")
    assert rule.evidence
    assert rule.mend, "a report says what mends it"
    assert rule.symptom
    assert rule.on_step or rule.on_state
    for evidence in rule.evidence:
        assert re.fullmatch(r"<\S+@\S+>|[\w./-]+ \w+(\(\))?", evidence), evidence


@pytest.mark.kernel
@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.key)
def test_evidence_is_in_the_pinned_tree(rule: Rule, pinned: Tree) -> None:
    for evidence in rule.evidence:
        if evidence.startswith("<"):
            continue
        path, name = evidence.split()
        found = read(pinned, pinned.base, path)
        assert found is not None, evidence
        text = found.decode()
        if name.endswith("()"):
            called = re.escape(name.removesuffix("()"))
            assert re.search(rf"^\w[\w\s*]*\b{called}\(", text, re.M), evidence
        else:
            assert re.search(rf"\b{re.escape(name)}\b", text), evidence


def test_what_one_rule_finds_hides_nothing_that_another_finds_elsewhere() -> None:
    """An irq that is left armed, N44, and freed by who has not requested it."""
    line = asked(CARD, "card->irq")
    wakes = If(line, (DEVM_REQUEST_IRQ(CARD, CARD), ENABLE_IRQ_WAKE(CARD, fail=IGNORE)))
    design = Design("armed", "an irq that may not be there", (CARD,), (
        Driver("card", CARD, (CLIENT_IRQ(CARD, CARD, fail=IGNORE), wakes),
               (DEVM_FREE_IRQ(CARD, CARD),)),
    ))
    assert {"N20", "N44"} <= {one.rule for one in explore(design, RULES).counterexamples}


@pytest.mark.parametrize("case", [one for one in CASES if one.rule in ("N49", "N50", "N51")],
                         ids=lambda case: case.rule)
def test_what_handlers_do_is_refused_by_all_engines(case: Case) -> None:
    """Explorer, oracle and SPIN, each by this rule alone; and none refuses the mended design."""
    rules = (BY_KEY[case.rule],)

    assert broken_in_all(case.broken, episode=case.episode, rules=rules) == {case.rule}
    assert broken_in_all(case.mended, episode=case.episode, rules=rules) == set()


def test_where_a_rule_is_not_asked_is_said_of_it_and_in_no_refusal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rule = BY_KEY["R40"]
    case = next(one for one in CASES if one.rule == "R40")
    report = explore(case.broken, [rule])

    assert main(["rules", "R40"]) == 0
    assert "resume that has failed" in " ".join(capsys.readouterr().out.split())
    assert all("resume that has failed" not in one.message for one in report.counterexamples)
