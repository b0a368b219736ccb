# SPDX-License-Identifier: GPL-2.0-only
"""A series as a design module writes it: steps, each with its edits and the design after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generator.design import Design, Driver
from generator.editing.function_edits import Edit
from generator.mistakes.field_types import check_fields
from generator.operation import here


@dataclass(frozen=True)
class Step:
    """A commit to be: its message's template, its edits, the design that holds after it.

    `unchanged` claims that no entry point behaves differently. `beside` has drivers of the
    touched code that the design does not explore, as they are after the step. In a tree that
    answers `fulfilled`, facts and answers, somebody has done it: the step is left out there.
    """

    key: str
    message: str
    edits: tuple[Edit, ...]
    design: Design
    unchanged: bool = False
    beside: tuple[Driver, ...] = ()
    fulfilled: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse fields that hold something else, those of the edits too."""
        where = here()
        check_fields(self, f"step {self.key}", where)
        for edit in self.edits:
            check_fields(edit, f"step {self.key}: {type(edit).__name__}", where, lines=False)


@dataclass(frozen=True)
class SeriesSpec:
    """A series as a design module writes it: from the design `start`, step by step.

    `templates` is its room: the folder of templates/, or a path, where its own templates are.
    `said` is what the tree answers to facts that it is made for, nothing for the default pin;
    `left_out` are the keys of steps that this tree has, and which answers say so. `children`: its
    messages speak of so many of each auxiliary device, so the last design is explored with them.
    """

    name: str
    start: Design
    steps: tuple[Step, ...]
    cover: str
    prefix: str = "RFC PATCH"
    templates: str = ""
    said: Mapping[str, str] = field(default_factory=dict, hash=False)
    left_out: tuple[tuple[str, str], ...] = ()
    children: int = 0

    def __post_init__(self) -> None:
        """Refuse fields that hold something else."""
        check_fields(self, f"series {self.name}", here())
