# SPDX-License-Identifier: GPL-2.0-only
"""How `portwright check` ends, of one design or of the matrix: its exit code, and what it draws."""

# ruff: noqa: T201
from __future__ import annotations

import shlex
import sys
from pathlib import Path

from checks.search.told import Report
from generator.system.stopping import INTERRUPTED

BUDGET = 124
OWN = ("text", "json")  # forms that are the verb's own; the others are a record's


def ended(code: int) -> int:
    """Return the exit code, and say if what was printed is not all."""
    if code == INTERRUPTED:
        print("portwright check: interrupted: this is what was found so far", file=sys.stderr)
    return code


def typed() -> str:
    """Return the command that does it again."""
    return shlex.join(["portwright", *sys.argv[1:]])


def draw(report: Report, file: str) -> None:
    """Write the first violation as a diagram; without one say that the file is not of this run."""
    if not report.counterexamples:
        old = "; what is there is of an earlier run" if Path(file).exists() else ""
        print(f"portwright check: {file}: not written: no rule was broken{old}", file=sys.stderr)
        return
    from checks.show import diagram

    sys.stdout.flush()  # the verdict comes first, whatever becomes of the diagram
    try:
        Path(file).write_text(diagram.svg(report.counterexamples[0]), encoding="utf-8",
                              errors="backslashreplace")
    except OSError as fault:  # of a full disk it does not say which file it was
        raise OSError(fault.errno, fault.strerror, file) from fault
