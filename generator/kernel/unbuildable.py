# SPDX-License-Identifier: GPL-2.0-only
"""What kconfig and kbuild complain of in a commit: a finding about the commit, no fault of ours."""

from __future__ import annotations

from dataclasses import dataclass

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
