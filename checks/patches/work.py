# SPDX-License-Identifier: GPL-2.0-only
"""A directory of patches as every kind of check gets it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from checks.patches.mails import Patch, Reader
from generator.kernel.kbuild import Base
from generator.kernel.tree import Tree
from generator.series.commit import Commit
from generator.series.spec import SeriesSpec


@dataclass(frozen=True)
class Work:
    """A directory of patches as a check gets it: read, laid over the tree, commit by commit.

    `read` gives the files of the base, `bases` are the tree under each configuration. `spec` is
    the series that the patches claim to be, None when nobody says which; `signoff` the identity
    that asked to sign.
    """

    directory: Path
    patches: tuple[Patch, ...]
    commits: tuple[Commit, ...]
    tree: Tree
    read: Reader
    bases: tuple[Base, ...]
    spec: SeriesSpec | None = None
    signoff: str = ""
