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
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from leak import LEAK
from waiting import LONG, ended, until

from checks.finding import Verdict
from checks.search import explore as exploring
from checks.search import spin
from checks.search.explore import explore
from checks.search.told import Report
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
from generator.system.stopping import Ended, Late, bounded, descendants

PORTWRIGHT = [sys.executable, "-m", "generator"]

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


HEAD = """\
from generator.design import Design, Device, Driver
from generator.facts import HAS
from generator.operation import Guard
from generator.ops.aux import AUXILIARY_DEVICE_ADD, AUXILIARY_DEVICE_INIT
from generator.ops.device import DEVM_KZALLOC, KZALLOC
from generator.ops.pci import PCI_ENABLE_DEVICE, PCI_SET_MASTER
from generator.program import Function, If, both, call
PORT = Device("port", "pci")
KID = Device("kid", "aux", PORT)
THERE = Guard("there", HAS(KID).eq(1), ())
PROBE = (PCI_SET_MASTER(PORT),)
"""
TAIL = """
DESIGN = Design("large", "", (PORT, KID), (Driver("large", PORT, probe=PROBE),))
"""
LARGE = {  # what there are a thousand of -> how the probe is written, and whether it is explored
    "conditions": ("PROBE = (If(THERE, PROBE),) * 1000", True),
    "conditions in each other": ("for _ in range(1000): PROBE = (If(THERE, PROBE),)", True),
    "helpers in each other": (
        "for n in range(500): PROBE = (call(Function(f'f{n}', PROBE)),)", True,
    ),
    "parts of a condition": (
        "WHEN = HAS(KID).eq(1)\n"
        "for _ in range(1000): WHEN = WHEN & HAS(KID).eq(1)\n"
        "PROBE = (If(Guard('all', WHEN, ()), PROBE),)", True,
    ),
    "guards of a condition": (
        "BOTH = THERE\nfor _ in range(1000): BOTH = both(BOTH, THERE)\n"
        "PROBE = (If(BOTH, PROBE),)", True,
    ),
    "operations that can fail": ("PROBE = (PCI_ENABLE_DEVICE(PORT),) * 1000", False),
    "operations on a devres list": (
        "PROBE = tuple(DEVM_KZALLOC(PORT, PORT) for _ in range(1000))", False,
    ),
    "devices": (
        "KIDS = tuple(Device(f'kid{n}', 'aux', PORT) for n in range(50))\n"
        "PROBE = tuple(do for one in KIDS for do in (\n"
        "    KZALLOC(one), AUXILIARY_DEVICE_INIT(one), AUXILIARY_DEVICE_ADD(one)))\n"
        "DESIGN = Design('large', '', (PORT, *KIDS), (Driver('large', PORT, PROBE), *(\n"
        "    Driver(one.name, one, (DEVM_KZALLOC(one, one),)) for one in KIDS)))", False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_large_designs_are_explored_or_unfinished(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, whole = LARGE[name]
    path = tmp_path / "large.py"
    path.write_text(HEAD + text + ("" if "DESIGN" in text else TAIL), encoding="utf-8")

    code = main(["check", str(path), "--episode", "plain", "--seconds", "100" if whole else "2"])

    said = capsys.readouterr()
    assert said.err == ""
    assert code == (0 if whole else 124), said.out
    assert said.out.startswith("large: HOLDS" if whole else "large: UNFINISHED")


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


@pytest.mark.parametrize(("raised", "said"), [(Late, ""), (Ended, ""), (ValueError, "ValueError")])
def test_an_end_that_python_ignores_prints_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    raised: type[BaseException], said: str,
) -> None:
    """As in the callback of a weak reference; the clock raises it again."""
    monkeypatch.setattr(stopping, "_state", stopping._state)
    monkeypatch.setattr(stopping, "_arm", lambda: None)
    monkeypatch.setattr(sys, "unraisablehook", None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def ends(_: object) -> None:
        raise raised

    stopping.listen()
    thing = threading.Event()
    reference = weakref.ref(thing, ends)
    del thing

    assert reference() is None
    assert said in (err := capsys.readouterr().err)
    assert bool(said) == bool(err)
