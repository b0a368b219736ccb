# SPDX-License-Identifier: GPL-2.0-only
"""SPIN as a second engine: the same machine and rules, searched by somebody else's program.

One breadth first run of pan looks at every rule; what it says broke is replayed by the
meaning of the language before it is believed, as with the explorer's own traces.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.machine.episode import PLAIN
from checks.machine.machine import Machine
from checks.rules.rule import Rule
from checks.search.explore import (
    built,
    counterexample,
    reported,
    unprepared,
)
from checks.search.liveness import forget
from checks.search.machine_as_c import Watch
from checks.search.promela import Promela, Slot, promela
from checks.search.told import Counterexample, Report
from checks.search.trace import replay, shortened
from checks.search.watches import watches_of, with_questions
from generator.design import Design
from generator.errors import EnvironmentFault, Untestable
from generator.system.plumbing import clean_environment
from generator.system.stopping import Late, asked, bounded

STATES = 100_000_000
MEGABYTES = 8_000  # what pan may take for states; a state takes about 100 bytes
_LOOK = 0.2  # seconds between two looks at whether the user wants no more
COMPILER = "tcc"  # others make a pan that is a quarter faster, seconds later
PACKAGES = {"spin": "spin", COMPILER: COMPILER}  # program -> Debian package


@dataclass(frozen=True)
class Searched:
    """What pan said: per machine, rule and reason of a waiver the watch that broke, and how.

    `taken` has the transitions that ever happened, as (machine, transition).
    """

    broken: Mapping[Slot, tuple[int, tuple[int, ...]]]
    taken: frozenset[tuple[int, int]]
    states: int
    transitions: int
    complete: bool
    seconds: float  # of pan alone


def explore(
    design: Design, rules: Sequence[Rule], *, states: int = STATES, seconds: float = 600.0,
    first: bool = False, raw: bool = False, episode: str = PLAIN,
) -> Report:
    """Return what SPIN says about a design, in the form of the explorer's report.

    With `raw`, no fact is forgotten where nobody reads it again: more states, and nothing of
    the explorer's preparation is trusted. Errors: ModelError, EnvironmentFault when SPIN or
    the compiler is missing, Untestable when SPIN cannot take the model.
    """
    began = time.monotonic()
    try:
        with bounded(seconds):
            machine, watches = machine_of(design, rules, episode)
            model = promela([(machine if raw else forget(machine, watches), watches)], first=first)
    except Late:
        return unprepared(design, episode, time.monotonic() - began)
    found = search(model, states=states, seconds=max(seconds - time.monotonic() + began, 0.0))
    return _report(machine, watches, rules, found, time.monotonic() - began)


def machine_of(
    design: Design, rules: Sequence[Rule], episode: str = PLAIN
) -> tuple[Machine, tuple[Watch, ...]]:
    """Return the machine of a design and what the rules watch in it.

    Errors: ModelError for a design that makes no sense.
    """
    machine = built(design, episode)
    watches = watches_of(machine, rules)
    return with_questions(machine, watches), watches


def search(
    model: Promela, *, states: int = STATES, seconds: float = 600.0, megabytes: int = MEGABYTES
) -> Searched:
    """Return what SPIN finds in a model.

    Errors: EnvironmentFault, Untestable.
    """
    for program, package in PACKAGES.items():
        if shutil.which(program) is None:
            raise EnvironmentFault(
                f"{program}: program not found; as root: apt-get install {package}"
            )
    deadline = time.monotonic() + seconds
    unfinished = Searched({}, frozenset(), 0, 0, False, 0.0)
    with tempfile.TemporaryDirectory(prefix="portwright-spin-") as name:
        work = Path(name)
        (work / "model.pml").write_text(model.text, encoding="utf-8")
        if not _run(["spin", f"-P{COMPILER} -E -x c", "-a", "model.pml"], work, deadline):
            return unfinished
        compiled = _run(
            [COMPILER, "-w", "-DSAFETY", "-DBFS", "-DNOREDUCE", "-DVECTORSZ=8192",
             f"-DSTATES={states}", f"-DMEMLIM={megabytes}", "-o", "pan", "pan.c"], work, deadline,
        )
        return _searched(model, work, deadline) if compiled else unfinished


def _searched(model: Promela, work: Path, deadline: float) -> Searched:
    """Run pan, then let it replay the trails that it wrote."""
    began = time.monotonic()
    # -Q is pan's own limit, in minutes: it ends even if we are killed and cannot stop it.
    belt = max(0, int(deadline - began) // 60) + 2
    ended = _run(["./pan", "-c0", "-e", "-E", "-w20", f"-Q{belt}"], work, deadline)
    seconds = time.monotonic() - began
    said = _said(work)
    broken: dict[Slot, tuple[int, tuple[int, ...]]] = {}
    for trail in sorted(work.glob("*.trail"), key=lambda path: (len(path.name), path.name)):
        _run(["./pan", "-w10", "-r", trail.name], work, time.monotonic() + 60, heed=False)
        told = _numbers(_said(work), "step|break")
        if not told and asked():  # it was being written
            continue
        watch, slot = model.watches[told[-1]]
        broken.setdefault(slot, (watch, tuple(model.steps[one][1] for one in told[:-1])))
        trail.unlink()
    counted = re.search(r"portwright (end|cut) (\d+)", said)
    early = "not completed" in said or asked()  # before the model's first step
    if counted is None and early:
        return Searched({}, frozenset(), 0, 0, False, seconds)
    if counted is None:
        raise Untestable(f"pan stopped before it was done:\n{said[-1500:]}")
    seen = {model.slots[number] for number in _numbers(said, "seen")}
    if seen != broken.keys():
        raise Untestable(f"pan saw {len(seen)} rules break and wrote traces of {len(broken)}")
    links = re.search(r"([\d.e+]+) transitions", said)
    return Searched(
        broken, frozenset(model.steps[number] for number in _numbers(said, "taken")),
        int(counted[2]), int(float(links[1])) if links else 0,
        ended and counted[1] == "end" and "not completed" not in said, seconds,
    )


def _numbers(said: str, words: str) -> list[int]:
    return [int(one) for one in re.findall(rf"^portwright (?:{words}) (\d+)$", said, re.MULTILINE)]


def _said(work: Path) -> str:
    return (work / "said").read_text(encoding="utf-8", errors="replace")


def _run(argv: Sequence[str], work: Path, deadline: float, *, heed: bool = True) -> bool:
    """Run a program to its end, or until the deadline; return whether it ended by itself.

    pan says what it knows when it is interrupted: also because the user wants no more, if we are
    to `heed` that. Whatever happens, nothing of it is left running.
    Errors: Untestable when spin or the compiler fails.
    """
    with (work / "said").open("wb") as said, subprocess.Popen(
        list(argv), cwd=work, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
        env=clean_environment(), start_new_session=True,
    ) as child:
        try:
            _wait(child, deadline, heed=heed)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(10)
            return False
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
    if child.returncode != 0 and argv[0] != "./pan":
        raise Untestable(f"{argv[0]} cannot take the model:\n{_said(work)[:1500]}")
    return True


def _wait(child: subprocess.Popen[bytes], deadline: float, *, heed: bool) -> None:
    """Wait for the end of a program, the deadline, or until the user wants no more.

    Errors: TimeoutExpired when it has not ended.
    """
    while True:
        now = heed and asked()
        try:
            child.wait(0.0 if now else min(max(0.0, deadline - time.monotonic()), _LOOK))
            return
        except subprocess.TimeoutExpired:
            if now or time.monotonic() >= deadline:
                raise


def _report(
    machine: Machine, watches: Sequence[Watch], rules: Sequence[Rule], found: Searched,
    seconds: float,
) -> Report:
    by_key = {rule.key: rule for rule in rules}
    examples = [_example(machine, watches[number], path, by_key, watches)
                for number, path in found.broken.values()]
    taken = bytes((0, number) in found.taken for number in range(len(machine.transitions)))
    return reported(
        machine, examples, by_key, taken, complete=found.complete, states=found.states,
        transitions=found.transitions, seconds=seconds,
    )


def _example(
    machine: Machine, watch: Watch, path: Sequence[int], rules: Mapping[str, Rule],
    watches: Sequence[Watch],
) -> Counterexample:
    """Return a trace of pan's, replayed; where a step itself breaks a rule it comes last."""
    whole = [*path, *([] if watch.at is None else [watch.at])]
    replay(machine, whole, watch)
    return counterexample(machine, shortened(machine, whole, watch), watch, rules, watches)
