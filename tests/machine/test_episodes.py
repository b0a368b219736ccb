# SPDX-License-Identifier: GPL-2.0-only
"""Episodes: which a design has, whose turn it is in them, and what only they find."""

import os
from dataclasses import replace

import pytest
from broken.parts import DELETE, KID, MAKE, ONE, PORT, VECTOR, design, kid, port
from house import DESIGNS

from checks.finding import Verdict
from checks.machine.episode import EPISODES, TAKEN_BACK_BY, episodes_of
from checks.machine.instances import Inst
from checks.machine.schedule import BY_ITSELF, schedule
from checks.rules.all import RULES
from checks.search.explore import explore
from checks.search.told import Report
from checks.show import report_text
from checks.verdict.judge import judge
from checks.verdict.parallel import results
from generator.design import CALLBACK_NAMES
from generator.designs import today
from generator.errors import UsageError
from generator.facts import GONE
from generator.load import load
from generator.operation import RETURN, Guard
from generator.ops.irq import PCI_FREE_IRQ_VECTORS
from generator.ops.pci import PCI_RESTORE_STATE, PCI_SAVE_STATE
from generator.ops.perf import PEEK, PEEK_ENDS, READQ
from generator.program import If, Return

LOOK = (PEEK(KID, fail=RETURN), READQ(KID), PEEK_ENDS(KID))
IS_GONE = Guard("PCI_POSSIBLE_ERROR(cap)", GONE(PORT).eq(1), ())
DROP = (*DELETE, PCI_FREE_IRQ_VECTORS(PORT))
SAVES = replace(port((PCI_SAVE_STATE(PORT),)), slot_reset=())
NUMBERS = tuple(rule for rule in RULES if rule.key == "N12")


def test_design_has_the_episodes_that_it_has_something_to_say_to() -> None:
    asked = design(port(MAKE, DELETE), kid((If(IS_GONE, ()),)))
    later = replace(port(()), name="later", instead_of="portdrv")

    assert episodes_of(design(port(MAKE, DELETE), kid(()))) == ("plain",)
    assert episodes_of(today.DESIGN) == ("plain", "sleep", "recovery")
    assert episodes_of(design(SAVES)) == ("plain", "recovery")
    assert episodes_of(asked) == ("plain", "surprise")
    assert episodes_of(design(port(()), later)) == ("plain", "late")


def test_designs_written_without_a_thought_of_sleep_have_no_such_episode() -> None:
    """Who writes about vectors alone is not refused for what becomes of them in sleep."""
    here = DESIGNS / "sound"
    for path in sorted(here.glob("*.py")):
        if "portdrv(" not in path.read_text():
            assert not {"sleep", "recovery"} & set(episodes_of(load(str(path)).design)), path


def test_suspend_goes_up_and_resume_goes_down_the_tree() -> None:
    """drivers/base/power/main.c: dpm_suspend() takes the list from its end, dpm_resume() not.

    A callback that fails ends it, and dpm_resume() calls those that sleep: not the one that
    failed, nor those that were not asked.
    """
    above = replace(port(()), suspend=(), resume=())
    below = replace(kid(()), suspend=(), resume=())
    one, other = Inst(PORT, 0), Inst(KID, 0)

    turns = schedule(EPISODES["sleep"], [(above, one), (below, other)])

    order = sorted(turns.calls, key=lambda call: turns.calls[call])
    assert order == [("suspend", other), ("suspend", one), ("resume", one), ("resume", other)]
    assert turns.fails == {
        turns.calls["suspend", other]: turns.events["over"],
        turns.calls["suspend", one]: turns.calls["resume", other],
    }


def test_a_noirq_callback_that_fails_takes_back_what_was_suspended_before() -> None:
    above = replace(port(()), suspend=(), suspend_noirq=(), resume=())
    below = replace(kid(()), suspend=(), suspend_noirq=(), resume_noirq=(), resume=())
    one, other = Inst(PORT, 0), Inst(KID, 0)

    turns = schedule(EPISODES["sleep"], [(above, one), (below, other)])

    assert {call: turns.fails[turns.calls[call]] for call in turns.calls
            if call[0].startswith("suspend")} == {
        ("suspend", other): turns.events["over"],
        ("suspend", one): turns.calls["resume", other],
        ("suspend_noirq", other): turns.calls["resume", one],
        ("suspend_noirq", one): turns.calls["resume_noirq", other],
    }


def test_a_stage_is_a_callback_or_happens_by_itself() -> None:
    stages = {stage for one in EPISODES.values() for stage in one.stages}

    assert stages == {*CALLBACK_NAMES} - {"runtime_suspend", "runtime_resume"} | {
        *BY_ITSELF, "after"}
    assert {*TAKEN_BACK_BY, *TAKEN_BACK_BY.values()} <= stages


def test_what_a_pulled_device_answers_is_not_believed() -> None:
    """Reads of a device that is gone are all ones: message 15 of 15, of which it has none."""
    wrong = design(port((ONE, *MAKE), DROP), kid((*LOOK, VECTOR)))
    right = design(
        port((ONE, *MAKE), DROP), kid((*LOOK, If(IS_GONE, (Return(ok=False),)), VECTOR))
    )

    assert explore(wrong, NUMBERS).verdict is Verdict.HOLDS
    (found,) = explore(wrong, NUMBERS, episode="surprise").counterexamples
    assert [step.actor for step in found.trace].count("user") == 1
    assert explore(right, NUMBERS, episode="surprise").verdict is Verdict.HOLDS


def test_report_is_of_all_episodes_and_names_the_one_that_a_violation_is_in() -> None:
    report = judge(design(SAVES))
    (found,) = report.counterexamples

    assert report.verdict is Verdict.VIOLATED
    assert (found.rule, found.episode) == ("N13", "recovery")
    assert report.bounds.episodes == ("recovery",)
    assert "  episode: recovery, " in report_text.text(report)
    assert judge(design(SAVES), episode="plain").verdict is Verdict.HOLDS
    mended = design(replace(SAVES, slot_reset=(PCI_RESTORE_STATE(PORT),)))
    assert judge(mended).verdict is Verdict.HOLDS


def test_searches_side_by_side_find_what_one_after_the_other_finds() -> None:
    alone, beside = judge(design(SAVES)), judge(design(SAVES), processes=2)

    def timeless(report: Report) -> Report:
        return replace(report, bounds=replace(report.bounds, seconds=0.0))

    assert timeless(beside) == timeless(alone)
    assert judge(design(SAVES), first=True).bounds.episodes == ("recovery",)


def test_jobs_side_by_side() -> None:
    def fails() -> int:
        raise UsageError("as asked for")

    jobs = [os.getpid, os.getpid, lambda: 3]
    assert list(results(jobs, 1)) == [os.getpid(), os.getpid(), 3]
    first, second, last = results(jobs, 2)
    assert os.getpid() not in (first, second)
    assert last == 3
    with pytest.raises(UsageError, match="as asked for"):
        list(results([os.getpid, fails], 2))


def test_unknown_episode() -> None:
    with pytest.raises(UsageError, match="no episode 'hibernation': one of plain, sleep"):
        judge(design(SAVES), episode="hibernation")
