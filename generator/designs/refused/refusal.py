# SPDX-License-Identifier: GPL-2.0-only
"""Designs that the checker refuses, kept to show on a kernel what their rule warns of.

Each is a file of designs/refused/, a design that holds with one thing changed, and says with
`REFUSED` which rule that breaks and what a kernel made of it must show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from generator.design import Design
from generator.designs import auxbus, today
from generator.designs.series.auxbus import series
from generator.errors import ModelError
from generator.series.spec import SeriesSpec

HOME = Path(__file__).parent
PREFIX = "REFUSED RFC PATCH"


@dataclass(frozen=True)
class Refusal:
    """Which rule a design breaks, by which change, and what a kernel of it must show.

    `of` names the design that holds. `symptom` is a pattern for lines of the kernel's log, for
    what that design predicts and the kernel does not do, and for how the guest is lost. `also`
    names rules that the same change breaks, too. `board`, `scenarios` and `fragments` are those
    of a boot, `args` go to the kernel's command line.
    """

    rule: str
    change: str
    symptom: str
    scenarios: tuple[str, ...]
    board: str = "static"
    also: tuple[str, ...] = ()
    fragments: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    of: str = auxbus.DESIGN.name


def files() -> tuple[Path, ...]:
    """Return the files of the refused designs."""
    ours = ("__init__", "refusal")
    return tuple(sorted(one for one in HOME.glob("*.py") if one.stem not in ours))


def refused(name: str, design: Design) -> tuple[Design, SeriesSpec]:
    """Return a changed auxbus under a name of its own, and the series that renders it.

    Errors: ModelError when nothing is changed: what was to be changed has another name now.
    """
    if replace(design, name=auxbus.DESIGN.name) == auxbus.DESIGN:
        raise ModelError(design.where, f"{name}: differs in nothing from {auxbus.DESIGN.name}")
    named = replace(design, name=name)
    return named, replace(series(named, today.DESIGN), prefix=PREFIX)
