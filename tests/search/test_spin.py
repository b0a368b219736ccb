# SPDX-License-Identifier: GPL-2.0-only
"""SPIN agrees with the explorer on every shipped design, rule by rule, and a mutant of it not."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from beside_oracle import ALL, HARDWARE
from beside_spin import agree, lines
from broken.lifetimes import CASES
from house import DESIGNS, HOUSE
from waiting import LONG, until

from checks.finding import Verdict
from checks.machine.episode import episodes_of
from checks.search import spin
from checks.search.explore import explore
from checks.search.promela import promela
from checks.search.trace import ReplayError
from checks.verdict.judge import alternatives
from generator.design import Design
from generator.designs import today
from generator.errors import EnvironmentFault
from generator.facts import D3_POSSIBLE, LINE_ROUTED, NO_MSI
from generator.load import load, names


def episodes() -> Iterator[tuple[str, str]]:
    """Yield every shipped design with every episode that it has something to say to."""
    for name in names():
        for episode in episodes_of(load(name).design):
            yield name, episode


LARGEST = ("glue-device", "plain")  # as it is on one hardware, the next test has it


@pytest.mark.slow
@pytest.mark.parametrize(("name", "episode"), list(episodes()))
def test_shipped_designs_on_all_hardware(name: str, episode: str, whole: bool) -> None:
    if (name, episode) == LARGEST and not whole:
        pytest.skip("as large as three others: --whole")
    for design in alternatives(load(name).design, episode):
        ours = explore(design, ALL, episode=episode)
        theirs = spin.explore(design, ALL, seconds=LONG, episode=episode)
        assert ours.bounds.complete
        assert theirs.bounds.complete
        assert (ours.verdict, {one.rule for one in ours.counterexamples}) == (
            theirs.verdict, {one.rule for one in theirs.counterexamples}
        ), f"{lines(ours)}\nand SPIN instead:\n{lines(theirs)}"
        assert {(one.rule, one.waived) for one in ours.waived} == {
            (one.rule, one.waived) for one in theirs.waived
        }
        if ours.verdict is Verdict.HOLDS:
            assert ours.taken == theirs.taken


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_shipped_designs_with_nothing_forgotten(name: str) -> None:
    """All states of the machine as it is, on one hardware, and with no violation lived with."""
    asked = {LINE_ROUTED: "yes", NO_MSI: "no", D3_POSSIBLE: "yes", **HARDWARE[0]}
    design = load(name).design
    design = replace(design, given={**design.given, **asked}, waivers=())
    machine, watches = spin.machine_of(design, ALL)
    agree(explore(design, ALL), promela([(machine, watches)]), machine, watches)


def sound() -> Design:
    """Return a sound design that is small: what a mutant of its model breaks is the mutant's."""
    return load(str(DESIGNS / "sound/doorbells.py")).design


EFFECTS = ("_handler = 0", "_mode = 0", "_life = 0", "_irq = ", "_phase = 2")


@pytest.mark.parametrize("effect", EFFECTS)
def test_a_dropped_effect_is_seen(effect: str) -> None:
    """A model in which a kind of effect is missing agrees no more."""
    machine, watches = spin.machine_of(sound(), ALL)
    model = promela([(machine, watches)])
    text = re.sub(rf"; \w+{effect}[^;}}]*(?=[;}}])", "", model.text)
    assert text != model.text
    with pytest.raises((AssertionError, ReplayError)):
        agree(explore(sound(), ALL), replace(model, text=text), machine, watches)


def test_a_dropped_answer_is_seen() -> None:
    (design,) = [one.broken for one in CASES if one.rule == "R09" and one.hardware]
    machine, watches = spin.machine_of(design, ALL)
    model = promela([(machine, watches)])
    text = re.sub(r"\n.* -> \w+_below = 2 \}", "", model.text)
    assert text != model.text
    with pytest.raises(AssertionError, match="R09"):
        agree(explore(design, ALL), replace(model, text=text), machine, watches)


def test_a_missing_spin_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentFault, match="apt-get install spin"):
        spin.explore(sound(), ALL)


def test_a_missing_compiler_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = shutil.which("spin")
    assert found is not None
    (tmp_path / "spin").symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentFault, match=r"apt-get install tcc"):
        spin.explore(sound(), ALL)


def test_a_budget_of_states_leaves_it_unfinished() -> None:
    report = spin.explore(today.DESIGN, ALL, states=1000)
    assert (report.verdict, report.bounds.complete) == (Verdict.UNFINISHED, False)


def test_a_budget_of_time_leaves_it_unfinished(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    report = spin.explore(today.DESIGN, ALL, seconds=0.0)
    assert (report.verdict, report.bounds.complete) == (Verdict.UNFINISHED, False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("megabytes", [9, 11])
def test_memory_that_is_used_up_leaves_it_unfinished(megabytes: int) -> None:
    found = spin.search(promela([spin.machine_of(today.DESIGN, ALL)]), megabytes=megabytes)
    assert not found.complete


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ctrl-C while pan runs: exit code 130, no process, no directory."""
    argv = [sys.executable, "-m", "generator", "check", "auxbus", "--engine", "spin"]
    child = subprocess.Popen(
        argv, cwd=HOUSE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        # whoever runs the tests in the background has them ignore it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    until(lambda: running(tmp_path) or child.poll() is not None)
    child.send_signal(signal.SIGINT)
    assert child.wait(LONG) == 130
    assert running(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def running(top: Path) -> list[str]:
    """Return the programs that were built below a directory and run."""
    found = []
    for process in Path("/proc").glob("[0-9]*/exe"):
        try:
            program = os.readlink(process)
        except OSError:  # it is gone, or not ours to look at
            continue
        if program.startswith(str(top)):
            found.append(program)
    return found
