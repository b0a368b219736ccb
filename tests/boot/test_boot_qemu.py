# SPDX-License-Identifier: GPL-2.0-only
"""Guests and the lines to them: orders and answers, and every way in which a guest is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from house import HOUSE
from waiting import LONG, ended, until

from checks.boot.guest import clock as clocks
from checks.boot.guest.clock import Clock, clock, starved
from checks.boot.guest.lost import HANG, NO_BOOT, PANIC, TIMEOUT, Lost
from checks.boot.guest.protocol import Reader, words
from checks.boot.guest.qemu import Guest, Setup, running
from generator.errors import UsageError

# The guest's words.


def test_answers_come_in_pieces_and_are_put_together() -> None:
    reader = Reader()
    for piece in (b"noise\r\nrea", b"dy\n1|one", b"\n1|\n2|other\n1=", b"0\n"):
        reader.feed(piece)

    assert reader.ready()
    assert reader.answered(1)
    assert not reader.answered(2)
    answer = reader.take(1)
    assert (answer.lines, answer.status) == (("one", ""), 0)


def test_an_order_is_one_line() -> None:
    with pytest.raises(UsageError):
        words("one\ntwo")


# QEMU, played by a program of ours: what it does after it said hello is each test's.

FAKE = """
import json, os, re, socket, sys, time
def line(name):
    found = next(a for a in sys.argv if a.startswith(f"socket,id={name},"))
    return socket.socket(fileno=int(re.search(r"fd=(\\d+)", found)[1]))
console = open(next(a for a in sys.argv if "id=console" in a).partition("path=")[2], "w", 1)
orders, monitor = line("orders"), line("monitor")
monitor.recv(4096)
monitor.sendall(b'{"return": {}}\\n')
print("[    0.000000] Linux version 6.12.117", file=console)
"""
HELLO = 'orders.sendall(b"ready\\n")\n'
ECHO = HELLO + """
while True:
    number, _, command = orders.recv(4096).decode().strip().partition(" ")
    orders.sendall(f"{number}|{command}\\n{number}=0\\n".encode())
"""
DIES = HELLO + """
orders.recv(4096)
print("[    9.0] BUG: unable to handle page fault", file=console)
print("[    9.1] Kernel panic - not syncing: Fatal exception", file=console)
"""
NEVER = "while orders.recv(4096): pass\n"
SILENT = HELLO + NEVER
FORKS = """
import subprocess
child = subprocess.Popen(["sleep", "infinity"])
print(f"child {child.pid}", file=console)
""" + ECHO


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    return tmp_path / "qemu"


def _qemu(program: Path, body: str) -> Setup:
    program.write_text(f"#!{sys.executable}\n{FAKE}{body}")
    program.chmod(0o755)
    return Setup(program=str(program))


def _lost(setup: Setup, run: Path, *, order: float = LONG) -> Lost:
    with pytest.raises(Lost) as told, running(setup, run, run, run, LONG) as guest:
        guest.order("cat /proc/interrupts", order)
    return told.value


def test_orders_are_answered(fake: Path, tmp_path: Path) -> None:
    with running(_qemu(fake, ECHO), fake, fake, tmp_path / "run") as guest:
        assert guest.order("uname -r").lines == ("uname -r",)
        assert guest.order("date").lines == ("date",)


def test_a_panic_is_told_with_its_order_and_its_log(fake: Path, tmp_path: Path) -> None:
    lost = _lost(_qemu(fake, DIES), tmp_path / "run")

    assert (lost.kind, lost.last) == (PANIC, "cat /proc/interrupts")
    assert "unable to handle page fault" in lost.log


def test_no_answer_is_a_hang_and_a_used_up_budget_a_timeout(fake: Path, tmp_path: Path) -> None:
    setup = _qemu(fake, SILENT)
    assert _lost(setup, tmp_path / "a", order=1).kind == HANG
    with running(setup, fake, fake, tmp_path / "b", LONG) as guest:
        guest.limit = clock(guest.process.pid, 1)  # what it took to start is not counted
        with pytest.raises(Lost) as told:
            guest.order("cat /proc/interrupts", LONG)
    assert told.value.kind == TIMEOUT


def test_what_a_guest_waits_for_the_host_is_not_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks.time, "monotonic", lambda: 100.0)
    told = {1: 3.0, 2: 13.0, 3: 1000.0}
    monkeypatch.setattr(clocks, "starved", lambda process: told[process])

    def over(process: int, began: float) -> bool:
        return Clock(process, 10.0, began, 3.0).over()

    assert [over(1, began) for began in (91.0, 90.0)] == [False, True]
    assert [over(2, began) for began in (81.0, 80.0)] == [False, True]
    assert [over(3, began) for began in (51.0, 50.0)] == [False, True]  # four times, and no more


def test_what_a_process_waited_is_that_of_the_thread_that_waited_longest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for thread, text in (("7", "100 2500000000 3\n"), ("8", "900 1000000000 5\n"), ("9", "")):
        (tmp_path / "7" / "task" / thread).mkdir(parents=True)
        (tmp_path / "7" / "task" / thread / "schedstat").write_text(text)
    monkeypatch.setattr(clocks, "PROC", tmp_path)

    assert starved(7) == clock(7, 5.0).waited == 2.5
    assert starved(8) == 0.0  # no such process, or a host that does not say


def test_a_guest_that_never_takes_orders_did_not_boot(
    fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Guest.ready, "__defaults__", (1.0,))

    assert _lost(_qemu(fake, NEVER), tmp_path / "run").kind == NO_BOOT


def test_nothing_runs_any_more_when_we_leave(fake: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        running(_qemu(fake, FORKS), fake, fake, tmp_path / "run") as guest,
    ):
        raise KeyboardInterrupt
    child = int(guest.console().partition("child ")[2])

    assert guest.process.returncode is not None
    until(lambda: ended(child))


def test_nothing_runs_any_more_when_we_are_killed(fake: Path, tmp_path: Path) -> None:
    _qemu(fake, ECHO)
    script = (
        "from pathlib import Path\nfrom checks.boot.guest.qemu import Setup, running\nimport time\n"
        f"p = Path({str(fake)!r})\n"
        f"with running(Setup(program=str(p)), p, p, Path({str(tmp_path / 'run')!r})) as guest:\n"
        "    print(guest.process.pid, flush=True)\n    time.sleep(3600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "PYTHONPATH": str(HOUSE)}) as ours:
        assert ours.stdout is not None
        its = int(ours.stdout.readline())
        ours.kill()
    until(lambda: ended(its))
