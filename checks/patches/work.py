# SPDX-License-Identifier: GPL-2.0-only
"""A series as every kind of check gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from checks.compiling.pool import LOCAL, Pool
from checks.patches.mails import Reader, SeriesText
from generator.kernel.kbuild import Base
from generator.kernel.tree import Tree
from generator.series.commit import Commit
from generator.series.spec import SeriesSpec


@dataclass(frozen=True)
class Work:
    """A series as a check gets it: as git has read it, laid over the tree, commit by commit.

    `changes` is what each commit makes of the files it touches, `read` gives the files of the
    base, `bases` are the tree under each configuration, `repository` has the base and the
    commits. `spec` is the series that the commits claim to be, None when nobody says which;
    `signoff` the identity that asked to sign. `rendered` has all files that differ from the base
    after each step of that series, when somebody has rendered it already. `laid` is what the base
    has otherwise than the tree of `bases`. `pool` is who compiles. `matrix` are the tree under
    further configurations, in which it is only compiled.
    """

    series: SeriesText
    changes: tuple[Mapping[str, bytes | None], ...]
    commits: tuple[Commit, ...]
    tree: Tree
    read: Reader
    bases: tuple[Base, ...]
    repository: Path
    spec: SeriesSpec | None = None
    signoff: str = ""
    rendered: tuple[Mapping[str, bytes | None], ...] = ()
    laid: Mapping[str, bytes | None] = field(default_factory=dict)
    pool: Pool = LOCAL
    matrix: tuple[Base, ...] = ()

    @property
    def compiled(self) -> tuple[Commit, ...]:
        """Return the commits as they are laid over the tree of `bases`."""
        return tuple(
            replace(one, overlay={**self.laid, **one.overlay}) for one in self.commits
        )
