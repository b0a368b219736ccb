# SPDX-License-Identifier: GPL-2.0-only
"""A commit of a series: rendered from a design, or read from somebody's patch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.design import Design, Driver


@dataclass(frozen=True)
class Commit:
    """A commit: `changed` is against the commit before it, `overlay` against the base.

    Both map a path to its new content, None deletes it. `name` is how findings call it. Who knows
    the step of a series that it is also gives `design`, which holds after it, and what that step
    claims: `unchanged`, that nothing behaves differently, and `beside`, drivers of the touched
    code that the design does not explore. A rendered one has the `id` of its object, the `key`
    of its step and its whole `message` as well.
    """

    name: str
    changed: Mapping[str, bytes | None]
    overlay: Mapping[str, bytes | None]
    design: Design | None = None
    unchanged: bool = False
    beside: tuple[Driver, ...] = ()
    id: str = ""
    key: str = ""
    message: str = ""

    @property
    def touched(self) -> tuple[str, ...]:
        """Return the paths that it changes, sorted."""
        return tuple(sorted(self.changed))

    def drivers(self) -> tuple[Driver, ...]:
        """Return the drivers whose C it is held to, and those beside its design."""
        return (*(self.design.drivers if self.design is not None else ()), *self.beside)


def commits_of(
    names: Sequence[str], changes: Sequence[Mapping[str, bytes | None]]
) -> tuple[Commit, ...]:
    """Return one commit per change, in order, the first on top of the base."""
    overlay: dict[str, bytes | None] = {}
    found = []
    for name, changed in zip(names, changes, strict=True):
        overlay = {**overlay, **changed}
        found.append(Commit(name, changed, overlay))
    return tuple(found)
