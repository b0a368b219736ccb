# SPDX-License-Identifier: GPL-2.0-only
"""What the shell gets back when streams, disks and programs are not there: a code, one error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from house import HOUSE
from waiting import LONG

from generator.system.shell import guarded

PORTWRIGHT = [sys.executable, "-m", "generator"]


def run(*argv: str, shell: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run portwright; `shell` is what stands behind the command, as `>&-`."""
    words = f'"$@" {shell}'
    return subprocess.run(["/bin/bash", "-c", words, "sh", *PORTWRIGHT, *argv], capture_output=True,
                          text=True, timeout=LONG, check=False, cwd=HOUSE, env=os.environ | env)


def test_a_reader_who_goes_away_is_no_finding() -> None:
    done = run("rules", shell="| true; echo ${PIPESTATUS[0]}")

    assert done.stdout.strip() in ("141", "0")  # 0: all of it was in the pipe before
    assert done.stderr == ""


@pytest.mark.parametrize("verb", [("rules",), ("designs",), ("check", "today")])
def test_a_closed_pipe_is_141(verb: tuple[str, ...]) -> None:
    done = run(*verb, shell="> >(exec <&-; sleep 1); echo $?")

    assert done.stdout.strip() in ("141", "0")
    assert "Traceback" not in done.stderr


def test_writing_to_a_closed_pipe_is_141() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        done = subprocess.run([*PORTWRIGHT, "rules"], stdout=pipe, stderr=subprocess.PIPE,
                              text=True, timeout=LONG, check=False)

    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("verb", [("rules",), ("designs", "--json")])
def test_a_full_disk_is_an_error_of_the_environment(verb: tuple[str, ...]) -> None:
    done = run(*verb, shell="> /dev/full")

    assert done.returncode == 3
    assert done.stderr == (
        f"portwright {verb[0]}: output: No space left on device: make room there, or name another "
        "place\n"
    )


def test_help_that_nobody_gets_is_an_error_too() -> None:
    done = run("--help", shell="> /dev/full")

    assert done.returncode == 3
    assert done.stderr.startswith("portwright: output: No space left on device: ")


def test_git_that_is_missing_is_named(tmp_path: Path) -> None:
    done = run("undo", "--repo", str(tmp_path), "--branch", "one", PATH="")

    assert done.returncode == 3
    assert done.stderr == (
        "portwright undo: git: program not found; as root: apt-get install git\n"
    )


def test_a_closed_stdout_is_an_error_of_the_environment() -> None:
    done = run("designs", shell=">&-")

    assert (done.returncode, done.stdout) == (3, "")
    assert "stdout is closed" in done.stderr


def test_closed_stdin_and_stderr_are_no_hindrance() -> None:
    done = run("designs", shell="<&- 2>&-")

    assert (done.returncode, done.stderr) == (0, "")
    assert "auxbus" in done.stdout


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_text_is_written_whatever_the_locale_says(locale: str) -> None:
    done = run("rules", LC_ALL=locale, PYTHONIOENCODING="latin-1")

    assert (done.returncode, done.stderr) == (0, "")
    assert "R14" in done.stdout


def test_a_missing_program_is_named() -> None:
    done = run("check", "today", PATH="")

    assert done.returncode in (0, 3), done.stderr  # 0: what it needs was compiled before
    assert "Traceback" not in done.stderr


def test_the_versions_are_told_without_git() -> None:
    done = run("--version", PATH="")

    assert done.returncode == 0
    assert done.stdout.startswith("portwright ")
    assert "git" in done.stdout


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    done = run("check", "core-prebind", "--first", "--svg", str(tmp_path / "no" / "where.svg"))

    assert done.returncode == 3
    assert done.stderr.endswith(
        f"{tmp_path}/no/where.svg: No such file or directory: make it first, or name another\n")


@pytest.mark.parametrize(("fault", "code", "told"), [
    (MemoryError(), 3, "there is not enough memory"),
    (RecursionError(), 2, "something is nested too deeply: use fewer levels"),
    (KeyError("ours"), 125, "an error of portwright itself: KeyError: 'ours' (test_shell.py:"),
    (PermissionError(13, "Permission denied", "/x"), 3, "/x: Permission denied: it may not"),
])  # fmt: skip
def test_whatever_goes_wrong_is_one_line(
    fault: Exception, code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> int:
        raise fault

    assert guarded("portwright check", work) == code

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"portwright check: {told}")
    assert said.err.count("\n") == 1
