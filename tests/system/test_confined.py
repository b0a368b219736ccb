# SPDX-License-Identifier: GPL-2.0-only
"""A design's file is run to read it: whatever it does there is one error, and no verdict."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import LONG, ended, until

PORTWRIGHT = [sys.executable, "-m", "generator"]

HOLDS = """\
from generator.design import Design, Device, Driver
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE
PORT = Device("port", "pci")
DESIGN = Design("quiet", "a port that is enabled", (PORT,), (
    Driver("quiet", PORT, (PCI_ENABLE_DEVICE(PORT),), (PCI_DISABLE_DEVICE(PORT),)),
))
"""

# what the file does -> its text, and the error behind its name
ENDS = {
    "loops": ("while True:\n    pass\n", r":[12]: the file had not ended after 2 s, and was here"),
    "sleeps": ("import time\ntime.sleep(1000)\n", ":2: the file had not ended after 2 s"),
    "loops and catches everything": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass\n",
        r":[234]: the file had not ended",
    ),
    "exits": ("import sys\nsys.exit(0)\n", ":2: SystemExit: 0: the file is run to read"),
    "exits at once": ("import os\nos._exit(0)\n", r":2: ends the process \(os._exit\(0\)\)"),
    "exits behind Python's back": (
        "import ctypes\nctypes.CDLL(None)._exit(0)\n", r":\d: the process ended \(exit status 0\)",
    ),
    "crashes": ("import ctypes\nctypes.string_at(0)\n", ":2: the process was ended by SIGSEGV"),
    "kills itself": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", ":2: sends a signal",
    ),
    "connects": (
        "import socket\nsocket.create_connection(('127.0.0.1', 9))\n", ":2: opens a connection",
    ),
    "looks a name up": (
        "import urllib.request\nurllib.request.urlopen('http://localhost:9/')\n",
        ":2: opens a connection",
    ),
    "runs a program": ("import os\nos.system('true')\n", ":2: starts a process"),
    "forks": ("import os\nos.fork()\n", ":2: starts a process"),
    "starts a thread": (
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n",
        r":\d: starts a thread",
    ),
    "eats memory": ("X = bytearray(3 << 30)\n", ":1: the file needs more than 1 GiB of memory"),
    "interrupts": ("raise KeyboardInterrupt\n", ":1: KeyboardInterrupt: the file is run to read"),
}


def check(file: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PORTWRIGHT, "check", str(file), *more], capture_output=True, text=True,
                          timeout=LONG, check=False)


@pytest.mark.parametrize("name", ENDS)
def test_a_file_that_does_something_else_is_one_error(name: str, tmp_path: Path) -> None:
    text, wanted = ENDS[name]
    file = tmp_path / "design.py"
    file.write_text(text, encoding="utf-8")

    done = check(file, "--seconds", "2")

    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert re.fullmatch(f"portwright check: {re.escape(str(file))}{wanted}.*: .*\n", done.stderr)


def test_what_a_file_prints_is_marked_and_not_among_the_results(tmp_path: Path) -> None:
    file = tmp_path / "design.py"
    file.write_text(
        'import os, sys\nprint("quiet: HOLDS")\nprint("two", file=sys.stderr)\n'
        f'os.write(1, b"three\\n")\n{HOLDS}', encoding="utf-8")

    done = check(file)

    assert done.returncode == 0
    assert done.stdout.startswith("quiet: HOLDS (")
    assert done.stdout.count("HOLDS") == 1
    assert [line for line in done.stderr.split("\n") if " prints: " in line] == [
        f"portwright check: {file} prints: {said}" for said in ("quiet: HOLDS", "two", "three")
    ]


def test_a_file_that_prints_without_end_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "design.py"
    file.write_text('for _ in range(5000): print("x" * 5000)\n' + HOLDS, encoding="utf-8")

    done = check(file)

    assert done.returncode == 0
    assert len(done.stderr) < 30_000
    assert re.search(r"\d+ more lines that it printed are not shown", done.stderr)


def test_a_file_finds_what_it_does_to_python_undone(tmp_path: Path) -> None:
    """Its limits, handlers and streams are not those of the search that follows."""
    file = tmp_path / "design.py"
    file.write_text(
        "import signal, sys\nsys.setrecursionlimit(60)\nsys.stdout = None\n"
        f"signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{HOLDS}", encoding="utf-8")

    done = check(file)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("quiet: HOLDS (")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_file_that_loops_ends_with_the_program(number: signal.Signals, tmp_path: Path) -> None:
    file, told = tmp_path / "design.py", tmp_path / "told"
    file.write_text(f"import os\nopen({str(told)!r}, 'w').write(str(os.getpid()))\n"
                    "while True:\n    pass\n", encoding="utf-8")
    with subprocess.Popen([*PORTWRIGHT, "check", str(file)], stderr=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as program:
        until(lambda: told.is_file() and told.read_text(encoding="utf-8"))
        os.kill(program.pid, number)
        out, err = program.communicate(timeout=LONG)

    until(lambda: ended(int(told.read_text(encoding="utf-8"))))
    assert out == ""
    assert "Traceback" not in err
    assert program.returncode == (-9 if number == signal.SIGKILL else 130)
