# SPDX-License-Identifier: GPL-2.0-only
"""One violation does not hide the next, and a HOLDS says what it is not about."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from broken import handlers, lifetimes
from house import DESIGNS

from checks.finding import Verdict
from checks.rules.all import RULES
from checks.search import spin
from checks.search.explore import built, explore
from checks.search.machine_as_c import BEHIND
from checks.search.oracle import naive
from checks.search.reasons import because
from checks.show import report_text
from checks.verdict.degrade import Comparison, Degraded
from checks.verdict.judge import judge
from checks.verdict.notes import never_reached
from generator.__main__ import main
from generator.design import Design, Device, Driver, Waiver
from generator.expr import FALSE, any_of
from generator.facts import CAP, CLOCK_ON, COUNT, ENABLED, LIFE, LINE_ROUTED, MASTER, MMC_HOST
from generator.load import load
from generator.meaning import evaluate
from generator.operation import RETURN, Guard
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import KZALLOC_NOTE
from generator.ops.irq import (
    DEVM_REQUEST_IRQ,
    MSI,
    MSIX,
    PCI_ALLOC_IRQ_VECTORS,
    PCI_FREE_IRQ_VECTORS,
    PCI_IRQ_VECTOR,
    REQUEST_IRQ,
)
from generator.ops.mapping import access
from generator.ops.paired import MMC_ALLOC_HOST, MMC_FREE_HOST
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.ops.perf import PEEK_ENDS
from generator.ops.platform import DEVM_PLATFORM_IOREMAP_RESOURCE, PLATFORM_GET_IRQ
from generator.ops.source import ENABLE_SOURCE
from generator.program import If, Return
from generator.reads import reads

CARD = Device("card", "pci")
PROBE = (
    PCI_ENABLE_DEVICE(CARD), PCI_SET_MASTER(CARD),
    PCI_ALLOC_IRQ_VECTORS(CARD, min=1, max=1, types=MSIX | MSI),
    PCI_IRQ_VECTOR(CARD, CARD, nr=0),
    REQUEST_IRQ(CARD),
)


# Its handler is left on the vector that is freed; behind that, the device stays enabled.
TWO = Design("card", "a card with one interrupt", (CARD,), (
    Driver("card", CARD, PROBE, remove=(PCI_FREE_IRQ_VECTORS(CARD),)),
))

SMALL = replace(TWO, given={CAP: "MSI", COUNT: "1", LINE_ROUTED: "yes"})  # for the oracle


def test_what_is_broken_behind_is_named_with_what_it_is_behind() -> None:
    report = judge(TWO, further=True)
    (first,), found = report.counterexamples, report.further

    # When it is bound again, the handler is registered a second time: N21.
    assert (first.rule, {one.rule for one in found}) == ("R13", {"R36", "N21"})
    assert first.behind == ()
    assert {one.behind[:1] for one in found} == {("R13",)}
    assert report.looked_further
    said = report_text.text(report)
    assert "Behind that, as if it were waived:\n" in said
    assert "  only in lives in which R13 is broken before: it may be a consequence\n" in said
    told = report_text.record(report)
    assert all(one["behind"][0] == "R13" for one in told["further"])  # type: ignore[attr-defined]


def test_what_breaks_by_itself_is_no_consequence() -> None:
    """A failed probe leaves something as well, in a life in which no vector is ever freed."""
    probe = (PCI_ENABLE_DEVICE(CARD), PCI_SET_MASTER(CARD), KZALLOC_NOTE(CARD, fail=RETURN),
             *PROBE[2:])
    report = judge(replace(TWO, drivers=(replace(TWO.drivers[0], probe=probe),)), further=True)

    assert {(one.rule, one.behind) for one in report.counterexamples} == {("R13", ()), ("R36", ())}
    assert {one.rule for one in report.further} == {"N21"}  # its handler, when it is bound again


def test_what_services_lose_is_not_hidden_behind_a_rule() -> None:
    lost = Degraded((), ("an irq",), "none", ())

    def against(base: Design, target: Design, **_: object) -> Comparison:
        return Comparison("N2", base.name, target.name, Verdict.VIOLATED, (lost, lost), 1, 1, 0.0)

    kid = Device("kid", "aux", CARD, as_in="today")
    report = judge(replace(TWO, devices=(CARD, kid)), against=against, further=True)

    assert [one.rule for one in report.further][-1] == "N2"
    assert {one.rule for one in report.further} == {"R36", "N21", "N2"}
    assert "Here: none; today has an irq." in report.further[-1].message


def test_a_search_that_was_not_asked_to_goes_no_further() -> None:
    for report in (judge(TWO), judge(TWO, further=True, first=True)):
        assert (report.further, report.looked_further) == ((), None)


def test_a_budget_that_ends_says_that_more_may_be_behind() -> None:
    most = judge(TWO).bounds.states  # enough to find what breaks, too few to go on behind it
    report = judge(TWO, further=True, states=most)

    assert report.verdict is Verdict.VIOLATED
    assert report.looked_further is False
    said = " ".join(report_text.text(report).split())
    assert "more may be broken" in said
    assert "raise --seconds or --states, or mend these and check again" in said
    ended = "" if report.bounds.complete else "not "
    assert f"What stands above was {ended}searched to its end" in said


def test_a_count_that_grows_behind_a_broken_rule_stays_in_its_range() -> None:
    """Enabled at every bind and never disabled: more often than the fact has room for."""
    grows = Design("grows", "", (CARD,), (
        Driver("grows", CARD, (PCI_ENABLE_DEVICE(CARD), PCI_SET_MASTER(CARD))),
    ))
    found = judge(grows, further=True)

    assert [one.rule for one in found.counterexamples] == ["R36"]
    assert found.looked_further
    machine = built(replace(grows, waivers=(Waiver("R36", BEHIND),)))
    ((count, value),) = {
        (target, value) for one in machine.transitions for target, value in one.gives
        if target.fact == ENABLED and target in reads(value)
    }
    assert [evaluate(value, {count: now}) for now in range(4)] == [1, 2, 3, 3]


def test_what_a_handler_lacks_does_not_hide_what_else_it_lacks() -> None:
    """uniphier-sd stopped its clock under a shared handler, and freed its host under it as well."""
    card = Device("card", "platform")
    off = (CLK_DISABLE_UNPREPARE(card), MMC_FREE_HOST(card))
    fails = (*off, Return(ok=False))
    probe = (PLATFORM_GET_IRQ(card, card), DEVM_PLATFORM_IOREMAP_RESOURCE(card),
             DEVM_CLK_GET(card), MMC_ALLOC_HOST(card),
             CLK_PREPARE_ENABLE(card, fail=(MMC_FREE_HOST(card), Return(ok=False))),
             DEVM_REQUEST_IRQ(card, card, shared=1, fail=fails))
    reads_ = access("sd_read", CLOCK_ON)(card)
    report = judge(Design("card", "", (card,), (
        Driver("card", card, probe, off, atomic=(reads_,), handler_needs=(CLOCK_ON, MMC_HOST)),)),
        further=True)

    assert [one.message for one in report.counterexamples if one.rule == "N3"] == [
        "the handler of card can run without clock on"]
    (also,) = (one for one in report.further if "mmc host" in one.message)
    assert (also.rule, also.behind[:1]) == ("N3", ("N3",))


@pytest.mark.parametrize("name", ["hasty", "survivor", "two"])
def test_oracle_and_spin_find_the_same_behind(name: str) -> None:
    """Whatever the explorer names is broken where all other rules are waived, and nothing else."""
    design = SMALL if name == "two" else load(str(DESIGNS / "unsound" / f"{name}.py")).design
    report = judge(design, further=True, episode="plain")
    ours = {one.rule for one in (*report.counterexamples, *report.further)}
    implied = {other for rule in RULES if rule.key in ours for other in rule.implies}
    for rule in RULES:
        if rule.key not in {*ours, "R09", "N3"}:  # the rest takes minutes
            continue
        others = tuple(Waiver(one.key, BEHIND) for one in RULES if one.key != rule.key)
        found = naive(replace(design, waivers=(*design.waivers, *others)), (rule,))
        assert (rule.key in found.broken) == (rule.key in ours) or rule.key in implied, rule.key
    theirs = judge(design, further=True, episode="plain", engine=spin.explore)
    assert {one.rule for one in theirs.further} == {one.rule for one in report.further}


@pytest.mark.parametrize(("case", "says", "mend"), [
    (next(one for one in handlers.CASES if one.rule == "R20"),
     "the irq of kid, a subdevice, is the INTx line of its parent", "create kid only where"),
    (next(one for one in lifetimes.CASES if one.rule == "R24"),
     "kfree() finds kid initialised, and needs it allocated", "auxiliary_device_uninit()"),
], ids=["R20", "R24"])
def test_a_text_names_device_and_clause_and_what_mends_it(
    case: lifetimes.Case, says: str, mend: str
) -> None:
    rules = [rule for rule in RULES if rule.key == case.rule]
    (one,) = explore(case.broken, rules, episode=case.episode).counterexamples

    assert one.message.endswith(f" Here: {says}.")
    assert one.mend.startswith(mend)
    assert any(fact.startswith("kid has ") for fact in one.because)


def test_use_before_it_is_there_names_what_is_used() -> None:
    bell = Device("bell", "aux", CARD)
    probe = (PCI_ENABLE_DEVICE(CARD), PEEK_ENDS(bell))
    design = Design("early", "", (CARD, bell), (Driver("early", CARD, probe),))
    rules = [rule for rule in RULES if rule.key == "N12"]
    (one,) = explore(design, rules).counterexamples

    assert "registers of bell are not mapped" in one.message
    assert one.because == ("bell has peeked 0",)
    assert one.mend == "iounmap() only what ioremap() has mapped"


def test_reasons_are_the_facts_that_decide() -> None:
    when = (ENABLED(CARD).eq(1) | MASTER(CARD).eq(1)) & ~LIFE(CARD).eq(2)
    state = {ENABLED(CARD): 0, MASTER(CARD): 1, LIFE(CARD): 3}

    assert because(when, state) == ("card has master 1, life added",)
    assert because(~any_of(FALSE, ENABLED(CARD).eq(1)), state) == ("card has enabled 0",)


def test_a_hold_lists_the_episodes_that_were_not_explored_and_why(
    capsys: pytest.CaptureFixture[str]
) -> None:
    name = str(DESIGNS / "sound" / "thermal.py")

    assert main(["check", name]) == 0
    said = capsys.readouterr().out
    assert "  explored: plain" in said
    assert "  not explored: recovery: no driver has error_detected or slot_reset\n" in said
    assert main(["check", name, "--episode", "plain", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["bounds"]["not_explored"]) == {"sleep", "recovery", "surprise", "late"}


DONGLE = """# SPDX-License-Identifier: GPL-2.0-only
from generator.design import Design, Device, Driver
from generator.ops.usb import USB_ALLOC_URB, USB_FREE_URB, USB_PUT_DEV

DONGLE = Device("dongle", "usb")
DRIVER = Driver("plain", DONGLE, (USB_ALLOC_URB(DONGLE),), (USB_FREE_URB(DONGLE),), {more})
DESIGN = Design("dongle", "a dongle", (DONGLE,), (DRIVER,))
"""


def test_what_usbcore_calls_at_run_time_is_told_as_not_explored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """drivers/usb/core/message.c usb_set_configuration(): pm_runtime_no_callbacks() of each."""
    file = tmp_path / "dongle.py"
    file.write_text(DONGLE.format(more=""))
    assert main(["check", str(file)]) == 0
    assert "USB autosuspend" not in capsys.readouterr().out
    file.write_text(DONGLE.format(more="suspend=(), runtime_suspend=(USB_PUT_DEV(DONGLE),)"))
    for form in ((), ("--episode", "plain"), ("--format", "text"), ("--format", "sarif")):
        assert main(["check", str(file), *form]) == 0
        out = capsys.readouterr().out
        assert "USB autosuspend" in out
        assert "suspend and resume of plain at run" in " ".join(out.split())
        if not form:
            assert "runtime_suspend of plain is never called: its bus has no runtime PM" in out


QUIET = Driver("quiet", CARD, (PCI_ENABLE_DEVICE(CARD),), (PCI_DISABLE_DEVICE(CARD),))


def test_a_callback_that_is_never_called_is_noted() -> None:
    driver = replace(QUIET, runtime_resume=(ENABLE_SOURCE(CARD),))
    design = Design("quiet", "", (CARD,), (driver,))
    report = judge(design)
    (note,) = never_reached(design, report)

    assert report.verdict is Verdict.HOLDS
    assert "runtime_resume of quiet is never called: runtime PM must be allowed" in note.message
    assert note.where.file == str(Path(__file__))
    assert never_reached(design, replace(report, verdict=Verdict.UNFINISHED)) == ()


def test_an_operation_that_is_never_reached_is_noted() -> None:
    never = If(Guard("never", LIFE(CARD).eq(3), ()), (PCI_SET_MASTER(CARD),))
    driver = replace(QUIET, remove=(never, *QUIET.remove))
    design = Design("quiet", "", (CARD,), (driver,))

    assert [one.message for one in never_reached(design, judge(design))] == [
        "pci_set_master(card) in remove of quiet is never reached"
    ]
