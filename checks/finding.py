# SPDX-License-Identifier: GPL-2.0-only
"""Results of checks as values: a finding, its severity, and the three-valued verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Severity(Enum):
    """How much a finding weighs: an expected one never fails a run, but is always listed."""

    ERROR = "error"
    WARNING = "warning"
    EXPECTED = "expected"
    NOTE = "note"


class Verdict(Enum):
    """HOLDS needs a finished search; an unfinished one is never a pass."""

    HOLDS = "HOLDS"
    VIOLATED = "VIOLATED"
    UNFINISHED = "UNFINISHED"


@dataclass(frozen=True)
class Finding:
    """One thing that a check has to say.

    `path` is relative to the kernel tree, or a design file, or a patch file; `line` and
    `column` are 1-based, 0 when unknown. `commit` is the subject or number of the commit
    and `config` the configuration under which it was seen, empty when they do not matter.
    `fix` is what would mend it, where that is more than the message says.
    """

    rule: str
    message: str
    path: str = ""
    line: int = 0
    column: int = 0
    severity: Severity = Severity.ERROR
    commit: str = ""
    config: str = ""
    notes: tuple[str, ...] = field(default=())
    fix: str = ""

    def __str__(self) -> str:
        """Return `path:line:col: severity: message [rule]`, the form that editors parse."""
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part)
        where = ", ".join(part for part in (self.commit, self.config) if part)
        tail = f" ({where})" if where else ""
        head = f"{place}: " if place else ""
        lines = [f"{head}{self.severity.value}: {self.message}{tail} [{self.rule}]"]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])
