# SPDX-License-Identifier: GPL-2.0-only
"""One line of a report: what was predicted, what was seen, and where that can be looked up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A prediction beside an observation; `about` says whether of the design or of the lab.

    about: "design" for what the model says, "premise" for what the lab says of its own hardware,
    "kernel" for what must hold on any kernel.
    """

    scenario: str
    subject: str
    what: str
    predicted: str
    observed: str
    evidence: str = ""
    about: str = "design"

    @property
    def holds(self) -> bool:
        """Return whether the kernel did what was predicted."""
        return self.predicted == self.observed


def shown(values: Iterable[object], none: str = "none") -> str:
    """Return some values as text, in order; the same for the same values."""
    return ", ".join(sorted(map(str, values))) or none


def yes(value: bool) -> str:
    """Return what a line says of what is so, or not."""
    return "yes" if value else "no"
