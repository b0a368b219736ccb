# SPDX-License-Identifier: GPL-2.0-only
"""Whoever ends a long verb gets what was found so far, 130, and no process that goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from house import HOUSE
from waiting import LONG, ended, until

from generator.errors import ProgramFailed, Timeout
from generator.system import stopping
from generator.system.plumbing import run
from generator.system.stopping import attempted, descendants

BUSY = "checkpatch.pl"  # in the name of a program that runs for some seconds, 11 times


def interrupted(argv: list[str], number: signal.Signals) -> tuple[int, str, str]:
    """Return the code and what was said of a verb that got a signal while checkpatch ran."""
    with subprocess.Popen(
        [sys.executable, "-m", "generator", *argv], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.PIPE, cwd=HOUSE, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
    ) as program:
        def checking() -> list[int]:
            return [one for one in descendants(program.pid) if BUSY in _command(one)]

        until(lambda: checking() or program.poll() is not None)
        below = descendants(program.pid)
        os.kill(program.pid, number)
        out, err = program.communicate(timeout=LONG)
    until(lambda: all(map(ended, below)))
    return program.returncode, out, err


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


@pytest.mark.kernel
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_validate_says_what_was_found_so_far(number: signal.Signals, pinned: object) -> None:
    code, out, err = interrupted(["validate", "patches/6.12/auxbus"], number)

    assert code == 130, err
    assert err.endswith("portwright validate: interrupted: this is what was found so far\n")
    assert "not checked: checkpatch: interrupted" in out
    assert "not checked: compile: interrupted" in out


def test_what_is_attempted_ends_with_its_programs_and_begins_no_more(
    nothing_asked: None,
) -> None:
    begun: list[str] = []

    def work() -> int:
        begun.append("first")
        stopping._heard(signal.SIGTERM, None)
        begun.append("second")
        return 1

    assert attempted(lambda: 7) == 7
    assert attempted(work) is None
    assert begun == ["first"]
    assert attempted(lambda: 7) is None  # nothing else is begun

    def again() -> None:
        run(["true"])

    again()  # what tells of it may run programs
    stopping._state.attempts = 1
    with pytest.raises(stopping.Ended):
        again()


def test_a_program_that_was_ended_is_nobodys_result(
    nothing_asked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed() -> None:
        monkeypatch.setattr(stopping, "refuse", lambda: None)
        with pytest.raises(ProgramFailed, match="ended by SIGKILL"):
            run(["sh", "-c", "kill -9 $$"])

    killed()
    monkeypatch.undo()
    monkeypatch.setattr(stopping, "_state", stopping._State(attempts=1))
    told = run(["true"])
    assert told == b""
    stopping._state.asked = 1.0
    with pytest.raises(stopping.Ended):
        run(["sh", "-c", "kill -9 $$"])


def test_a_program_that_is_ended_takes_with_it_what_it_has_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Make that is killed alone leaves its compilers at work."""
    note = tmp_path / "note"

    def late(*_: object) -> None:
        until(note.exists)
        raise subprocess.TimeoutExpired("sh", 1)

    monkeypatch.setattr(subprocess.Popen, "communicate", late)
    with pytest.raises(Timeout, match="no answer"):
        run(["sh", "-c", f"sleep 1000 & echo $! >{note}.part; mv {note}.part {note}; wait"])

    below = int(note.read_text())
    until(lambda: ended(below))
