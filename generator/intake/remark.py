# SPDX-License-Identifier: GPL-2.0-only
"""What was noticed while a series was read: a note, or an error with which one can go on."""

from __future__ import annotations

from dataclasses import dataclass

from generator.system.visible import visible


@dataclass(frozen=True)
class Remark:
    """One sentence about a file that the user named; `line` is 0 when it is about all of it.

    `clear`: an error of its sender, and no doubt about what was meant: `apply` says it and goes on.
    """

    text: str
    file: str = ""
    line: int = 0
    error: bool = False
    clear: bool = False

    def __str__(self) -> str:
        """Return `file:line: error: text`."""
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return visible(f"{place}{'error' if self.error else 'note'}: {self.text}")
