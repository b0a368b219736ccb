# SPDX-License-Identifier: GPL-2.0-only
"""Users of headers that kbuild makes of a commit's own files, as a table of system calls."""

from __future__ import annotations

from checks.compiling.reach import WORD, changed_names, directories
from checks.compiling.target import Target
from checks.compiling.target_memory import TargetMemory
from generator.series.commit import Commit


def remade(kept: TargetMemory, commit: Commit, then: Target, now: Target) -> set[str]:
    """Return the units that name what this commit changes in headers that kbuild makes.

    Without those of the rest of the tree where its users are not looked for.
    """
    before, after = then.made, now.made
    names: set[str] = set()
    for path in before.keys() | after.keys():
        old = before[path][1] if path in before else after[path][0]
        new = after[path][1] if path in after else before[path][0]
        names |= {name.decode() for name in changed_names(old, new)}
    if not names:
        return set()
    built = set(now.units(directories(commit)))
    if kept.everywhere:
        built |= set(now.everywhere())
    wanted = {name.encode() for name in names}
    found = {path for path, text in commit.overlay.items()
             if text is not None and wanted & set(WORD.findall(text))}
    for paths in kept.graphs.tree(now.source).users(names, commit.overlay).values():
        found |= set(paths)
    return {path for path in found & built if commit.overlay.get(path, b"") is not None}
