# SPDX-License-Identifier: GPL-2.0-only
"""Budgets and signals: a search ends in time, every process with it, and what it found is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from leak import LEAK
from waiting import LONG, ended, until

from checks.finding import Verdict
from checks.search import explore as exploring
from checks.search import spin
from checks.search.explore import Report, explore
from checks.verdict import judge as judging
from checks.verdict.judge import judge
from checks.verdict.matrix import Task, explore_all
from checks.verdict.parallel import results
from generator.__main__ import main
from generator.design import Design
from generator.designs.auxbus import DESIGN
from generator.errors import EnvironmentFault
from generator.load import load
from generator.resize import with_children
from generator.system import stopping
from generator.system.stopping import Late, bounded, descendants

PORTWRIGHT = [sys.executable, "-m", "generator"]

MANY = """\
from generator.design import Design, Device, Driver
from generator.facts import HAS
from generator.operation import Guard
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.program import If
PORT = Device("port", "pci")
KID = Device("kid", "aux", PORT)
THERE = Guard("there", HAS(KID).eq(1), ())
DESIGN = Design("many", "a thousand operations", (PORT, KID), (Driver(
    "many", PORT,
    probe=(PCI_ENABLE_DEVICE(PORT), *(PCI_SET_MASTER(PORT),) * 500,
           *(If(THERE, (PCI_SET_MASTER(PORT),)),) * 500),
    remove=(PCI_DISABLE_DEVICE(PORT),),
),))
"""


@pytest.fixture
def leak(tmp_path: Path) -> Design:
    path = tmp_path / "leak.py"
    path.write_text(LEAK, encoding="utf-8")
    return load(str(path)).design


@pytest.fixture
def nobody_asks(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes it so that the user wants no more."""
    monkeypatch.setattr(stopping, "_state", stopping._State())
    return lambda: setattr(stopping._state, "asked", time.monotonic())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_every_process_and_tells_what_was_found(number: signal.Signals) -> None:
    with subprocess.Popen(
        [*PORTWRIGHT, "check", "auxbus", "--children", "4", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as program:
        until(lambda: descendants(program.pid))
        below = descendants(program.pid)
        time.sleep(1)
        os.kill(program.pid, number)
        out, err = program.communicate(timeout=LONG)

    assert program.returncode == 130, err
    assert err.endswith("portwright check: interrupted: this is what was found so far\n")
    assert json.loads(out)["verdict"] == "UNFINISHED"
    until(lambda: all(map(ended, below)))


def test_a_violation_that_was_found_is_told_when_the_user_wants_no_more(
    leak: Design, nobody_asks: Callable[[], None]
) -> None:
    def engine(*given: object, **how: object) -> Report:
        report = explore(*given, **how)  # type: ignore[arg-type]
        nobody_asks()
        return report

    report = judge(leak, engine=engine)

    assert report.verdict is Verdict.VIOLATED
    assert not report.bounds.complete


def test_what_was_not_begun_is_not_finished(
    nobody_asks: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "results", lambda jobs, processes: [])
    nobody_asks()

    assert judge(DESIGN).verdict is Verdict.UNFINISHED


def test_tasks_that_were_not_done_are_unfinished(nobody_asks: Callable[[], None]) -> None:
    nobody_asks()
    tasks = (Task("today", "MSI"), Task("today", "INTx"), Task("flat-library", "MSI"))

    found = explore_all(tasks)

    assert [one.verdict for one in found] == ["UNFINISHED"] * 3
    assert not any(one.complete for one in found)


def test_a_job_whose_process_is_killed_is_an_error_of_the_environment() -> None:
    def end() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(EnvironmentFault, match="ended from outside"):
        list(results([end, end], 2))


def test_jobs_give_results_in_their_order_and_raise_what_they_raise() -> None:
    def slow() -> int:
        time.sleep(0.3)
        return 1

    assert list(results([slow, lambda: 2, lambda: 3], 2)) == [1, 2, 3]
    with pytest.raises(ZeroDivisionError):
        list(results([lambda: 1, lambda: 1 // 0], 2))


def test_the_budget_of_time_holds_while_a_search_is_prepared(tmp_path: Path) -> None:
    large = with_children(DESIGN, 6)
    for engine in (exploring.explore, spin.explore):
        began = time.monotonic()
        report = engine(large, (), seconds=0.3)
        assert report.verdict is Verdict.UNFINISHED
        assert time.monotonic() - began < 5  # it takes half a minute to prepare


def test_the_budget_of_states_holds_while_a_search_is_prepared(tmp_path: Path) -> None:
    began = time.monotonic()

    report = exploring.explore(with_children(DESIGN, 6), (), states=1, seconds=1000)

    assert report.verdict is Verdict.UNFINISHED
    assert report.bounds.states <= 1
    assert time.monotonic() - began < 20


def test_a_thousand_operations_are_explored(tmp_path: Path) -> None:
    path = tmp_path / "many.py"
    path.write_text(MANY, encoding="utf-8")

    assert main(["check", str(path), "--episode", "plain"]) in (0, 1)


def test_bounded_ends_what_takes_too_long_and_nothing_else() -> None:
    began = time.monotonic()
    with pytest.raises(Late), bounded(0.1):
        time.sleep(50)
    with pytest.raises(Late), bounded(0.1), bounded(100):  # the nearest end counts
        time.sleep(50)
    with bounded(100):
        pass
    time.sleep(0.2)  # no timer is left
    assert time.monotonic() - began < 40


def test_other_threads_are_not_bounded() -> None:
    done = []

    def work() -> None:
        with bounded(0.01):
            time.sleep(0.1)
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert done == [True]
