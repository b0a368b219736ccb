# SPDX-License-Identifier: GPL-2.0-only
"""One place of a rule does not hide another: lines, lives, ways out of a probe; waivers of one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.rules.all import RULES
from checks.search.oracle import naive
from checks.show import report_text
from checks.verdict.judge import judge
from generator.context import calls, timer, work
from generator.design import Design, Device, Driver, Waiver
from generator.operation import RETURN, Node, Operation, fault, ok
from generator.ops.clk import CLK_DISABLE_UNPREPARE, CLK_PREPARE_ENABLE, DEVM_CLK_GET
from generator.ops.device import DEVM_KZALLOC, KFREE_NOTE, KZALLOC_NOTE
from generator.ops.own import pointer
from generator.ops.platform import PLATFORM_GET_IRQ
from generator.ops.pm import PM_RUNTIME_GET_SYNC, PM_RUNTIME_PUT_NOIDLE, PM_RUNTIME_PUT_SYNC
from generator.ops.power import PM_RUNTIME_DISABLE, PM_RUNTIME_ENABLE
from generator.ops.registered import DEVM_HWRNG_REGISTER, PCI_REGISTER_DRIVER, PCI_UNREGISTER_DRIVER
from generator.ops.work import (
    CANCEL_WORK_SYNC,
    INIT_WORK,
    MOD_TIMER,
    SCHEDULE_WORK,
    TIMER_DELETE,
    TIMER_DELETE_SYNC,
)
from generator.program import Return

WORKS = (work("scan"), work("reset"))


def _leaves_running(*remove: Node) -> Design:
    bus = Device("bus", "platform")
    probe = (DEVM_KZALLOC(bus, bus), *(INIT_WORK(bus, work=one.name) for one in WORKS),
             *(SCHEDULE_WORK(bus, work=one.name) for one in WORKS))
    return Design("bus", "two works in its data", (bus,), (
        Driver("bus", bus, probe, remove, contexts=WORKS),))


def test_one_place_does_not_hide_another_of_the_same_rule() -> None:
    """Who mends the first only, or compares with the fixed driver, is to see the second."""
    bus = Device("bus", "platform")
    both = judge(_leaves_running())
    one = judge(_leaves_running(CANCEL_WORK_SYNC(bus, work="scan")))

    assert [found.rule for found in both.counterexamples] == ["N17"]
    told = [found.message for found in (*both.counterexamples, *both.elsewhere)]
    assert {name for name in ("scan", "reset") for text in told if text.startswith(name)} == {
        "scan", "reset"}
    left = [found.message for found in (*one.counterexamples, *one.elsewhere)]
    assert left
    assert all(text.startswith("reset") for text in left)
    assert "The same is broken elsewhere, in lives of its own:\n" in report_text.text(both)


def test_several_findings_are_listed_before_their_lives() -> None:
    both = judge(_leaves_running())
    lines = report_text.text(both).split("\n")
    single = report_text.text(replace(both, elsewhere=()))

    assert lines[1] == f"  {1 + len(both.elsewhere)} findings:"
    assert [line[:9] for line in lines[2:4]] == ["    N17 d", "    N17 d"]
    assert lines[2].startswith("    N17 devres: ")
    assert "findings:" not in single
    assert len(report_text.record(both)["elsewhere"]) == len(both.elsewhere)  # type: ignore[arg-type]


@pytest.mark.parametrize("what", ["scan", "reset", "nobody"])
def test_a_waiver_of_what_waives_one_place(what: str) -> None:
    """Where two works are left running, that one is known does not hide the other."""
    design = replace(_leaves_running(), waivers=(Waiver("N17", "it is known", what=what),))
    report = judge(design, further=True)
    left = {"scan", "reset"} - {what}

    told = [found.message for found in (*report.counterexamples, *report.elsewhere)]
    assert {name for name in ("scan", "reset") for text in told if text.startswith(name)} == left
    assert bool(report.waived) is (what != "nobody")
    assert ("(not needed): it is known" in report_text.text(report)) is (what == "nobody")


@pytest.mark.parametrize(("what", "rules"), [("first", ()), ("fir", ("R40",)), ("", ())])
def test_a_waiver_of_what_waives_one_clause(what: str, rules: tuple[str, ...]) -> None:
    first, other = Device("first", "platform"), Device("other", "platform")
    off = (CLK_DISABLE_UNPREPARE(first),)
    design = Design("clocks", "", (first, other), (
        Driver("clocks", first, (DEVM_CLK_GET(first),), off),),
        waivers=(Waiver("R40", "a clock that firmware has on", what=what),))

    assert tuple(one.rule for one in judge(design).counterexamples) == rules
    broken = {key for key in naive(design, RULES).broken if key == "R40"}
    assert broken == set(rules)


def _timer_of_a_module(*, waits: bool) -> Design:
    module = Device("module", "platform")
    stops = (TIMER_DELETE_SYNC if waits else TIMER_DELETE)(module, timer="poll")
    probe = (MOD_TIMER(module, timer="poll"), PCI_REGISTER_DRIVER(module, driver="card", fail=(
        TIMER_DELETE(module, timer="poll"), Return(ok=False))))
    return Design("module", "", (module,), (
        Driver("module", module, probe, (stops, PCI_UNREGISTER_DRIVER(module, driver="card")),
               contexts=(timer("poll", (), static=True), calls("card", ())), unbind=False),))


def test_the_same_words_in_another_life_are_another_place() -> None:
    """drivers/isdn/hardware/mISDN/hfcpci.c: a true flaw of HFC_init() hid that of HFC_cleanup().

    Both lives end in one and the same state: the timer runs, and nobody is bound.
    """
    buggy, fixed = (judge(_timer_of_a_module(waits=waits)) for waits in (False, True))

    for report in (buggy, fixed):
        (one,) = report.counterexamples
        assert (one.rule, one.life) == ("N17", "probe")
    (other,) = buggy.elsewhere
    assert (other.rule, other.message, other.life) == ("N17", one.message, "remove")
    assert [step.text for step in other.trace][-3:] == [
        "timer_delete[poll](module)", "pci_unregister_driver[card](module)", "unbound"]
    assert fixed.elsewhere == ()
    said = report_text.text(buggy)
    assert "  life: bind module; probe returns 0; unbind module; [module poll] timer\n" in said


def test_what_runs_beside_a_driver_breaks_a_rule_in_each_part_of_its_life() -> None:
    """goldfish_battery's handler has no power supply in probe, nor behind devres' unregistering."""
    bus, supply = Device("bus", "platform"), pointer("data->battery")
    probe = (INIT_WORK(bus, work="scan"), SCHEDULE_WORK(bus, work="scan"), supply.set(bus))
    driver = Driver("bus", bus, probe, (supply.clear(bus), CANCEL_WORK_SYNC(bus, work="scan")),
                    contexts=(work("scan", (supply.use(bus),)),))
    report = judge(Design("bus", "", (bus,), (driver,)))
    told = [one for one in (*report.counterexamples, *report.elsewhere) if one.rule == "N12"]

    assert [one.life for one in told] == ["probe", "remove"]
    assert {one.trace[-1].text for one in told} == {"data->battery-> for bus"}


def test_each_call_that_fails_is_a_way_out_of_its_own() -> None:
    """vchiq_arm left its threads where its cdev fails, and where any call before that did."""
    bus = Device("bus", "platform")
    start = Operation("start", ("dev",), (ok(), fault("-EIO")), source="")

    def ends(*last: Node) -> Design:
        probe = (DEVM_KZALLOC(bus, bus, fail=RETURN), INIT_WORK(bus, work="scan"),
                 SCHEDULE_WORK(bus, work="scan"), PLATFORM_GET_IRQ(bus, bus, fail=RETURN),
                 start(bus, fail=(*last, Return(ok=False))))
        stop = (CANCEL_WORK_SYNC(bus, work="scan"),)
        return Design("bus", "", (bus,), (
            Driver("bus", bus, probe, stop, contexts=(work("scan"),)),))

    buggy, fixed = judge(ends()), judge(ends(CANCEL_WORK_SYNC(bus, work="scan")))
    (one,) = buggy.counterexamples
    (also,) = buggy.elsewhere

    assert (one.told_by, one.life) == (also.told_by, also.life)
    assert "platform_get_irq(bus, bus)" in [step.text for step in one.trace]
    assert also.exit is not None
    assert also.exit.text == "start(bus)"
    assert [found.told_by for found in fixed.counterexamples] == [one.told_by]
    assert fixed.elsewhere == ()
    told = " ".join(report_text.text(buggy).split())
    assert "also where it ends with start(bus): -EIO in " in told


@pytest.mark.parametrize("puts", [False, True])
def test_a_call_that_waits_before_it_fails_is_a_way_out_as_well(puts: bool) -> None:
    """ks-sa-rng kept the reference of a failed pm_runtime_get_sync(), and of what fails later."""
    rng = Device("rng", "platform")
    put = (PM_RUNTIME_PUT_NOIDLE(rng, rng),) if puts else ()
    probe = (PM_RUNTIME_ENABLE(rng),
             PM_RUNTIME_GET_SYNC(rng, rng, fail=(*put, PM_RUNTIME_DISABLE(rng), Return(ok=False))),
             DEVM_HWRNG_REGISTER(rng, fail=(PM_RUNTIME_DISABLE(rng), Return(ok=False))))
    report = judge(Design("rng", "", (rng,), (Driver("rng", rng, probe, (
        PM_RUNTIME_PUT_SYNC(rng, rng), PM_RUNTIME_DISABLE(rng)), contexts=(calls("hwrng", ()),)),)))

    ways = {one.failed_at for one in (*report.counterexamples, *report.elsewhere)
            if one.rule == "R36"}
    assert len(ways) == (1 if puts else 2)


def test_one_line_that_is_done_in_two_entry_points_is_told_for_each() -> None:
    bus = Device("bus", "platform")
    off = (CLK_DISABLE_UNPREPARE(bus),) * 2
    probe = (DEVM_CLK_GET(bus), CLK_PREPARE_ENABLE(bus),
             KZALLOC_NOTE(bus, fail=(*off, Return(ok=False))))
    report = judge(Design("bus", "", (bus,), (
        Driver("bus", bus, probe, (KFREE_NOTE(bus), *off)),)))

    assert {one.rule for one in (*report.counterexamples, *report.elsewhere)} == {"R40"}
    assert [(one.life, one.trace[-1].entry)
            for one in (*report.counterexamples, *report.elsewhere)] == [
        ("probe", "probe"), ("remove", "remove")]


def test_what_one_line_has_taken_is_left_once() -> None:
    """clk_prepare_enable() prepares and enables: it is one clock that is left."""
    uart = Device("uart", "platform")
    left = judge(Design("uart", "", (uart,), (Driver("uart", uart, (
        DEVM_CLK_GET(uart), CLK_PREPARE_ENABLE(uart))),)))

    assert [one.rule for one in left.counterexamples] == ["R40"]
    assert left.elsewhere == ()
