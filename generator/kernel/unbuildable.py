# SPDX-License-Identifier: GPL-2.0-only
"""What kconfig and kbuild complain of in a commit: a finding about the commit, no fault of ours."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from generator.errors import TreeError


@dataclass(frozen=True)
class Complaint:
    """A file of the commit, relative to the tree, its line (0: none), and what was said of it."""

    path: str
    line: int
    text: str


class Unbuildable(TreeError):
    """A commit that kconfig cannot read, so that nothing of it can be built. Exit code 3.

    rule: who cannot, for the finding.
    """

    def __init__(self, complaints: tuple[Complaint, ...], rule: str = "kconfig") -> None:
        """Say what each complaint says."""
        super().__init__("\n".join(f"{one.path}:{one.line}: {one.text}" for one in complaints))
        self.complaints = complaints
        self.rule = rule


_NO_RULE = re.compile(r"\*\*\* (?:\[[^\]]*\] )?No rule to make target '([^']+)'")
_STOPPED = re.compile(r"(\S+):(\d+): \*\*\* (.+)")


def complaints_in(told: str, work: Path) -> tuple[Complaint, ...]:
    """Return what make complains of in a commit's files."""
    found = []
    for line in told.splitlines():
        if missing := _NO_RULE.search(line):
            path = missing[1].removeprefix(f"{work}/")
            makefile = f"{os.path.dirname(path)}/Makefile"
            text = f"{makefile} builds it, and there is nothing to make it of"
            if path.endswith("/Makefile"):
                text = "a directory is entered that has no Makefile"
            if os.path.dirname(path):
                found.append(Complaint(path, 0, text))
        elif stopped := _STOPPED.match(line):
            path = stopped[1].removeprefix(f"{work}/")
            found.append(Complaint(path, int(stopped[2]), stopped[3].removesuffix("  Stop.")))
    return tuple(dict.fromkeys(found))
