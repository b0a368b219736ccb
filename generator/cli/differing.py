# SPDX-License-Identifier: GPL-2.0-only
"""What two trees differ in that somebody minds: facts, and files that ours is made from.

    differences(one, other, minded()) -> Differences
    beside_nearest(tree, name, designs)    lines for a tree that nobody pinned
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from generator.design import Design
from generator.errors import TreeError
from generator.kernel.nearest import nearest
from generator.kernel.pin import work_of
from generator.kernel.tree import Tree, tree_id
from generator.load import load, names
from generator.operation import Operation
from generator.ops import shipped
from generator.series.manifest import FILE_NAME
from generator.system.house import HOUSE
from generator.system.plumbing import tried
from generator.tree_facts.table import FACTS, answer


@dataclass(frozen=True)
class Differences:
    """Facts as (name, old, new), and files as (path, who minds it, how many lines)."""

    facts: tuple[tuple[str, str, str], ...]
    files: tuple[tuple[str, str, str], ...]

    def lines(self) -> Iterator[str]:
        """Yield them as a table."""
        for name, old, new in self.facts:
            yield from (name, f"    {old}", f"    {new}")
        for path, why, lines in self.files:
            yield f"    {lines:>12}  {path} ({why})"


def differences(one: Tree, other: Tree, minded: Mapping[str, str]) -> Differences:
    """Return which facts differ between two trees, and which of the files that somebody minds.

    Errors: TreeError.
    """
    facts = tuple(
        (fact.name, before, after) for fact in FACTS
        for before, after in ((said(one, fact.name), said(other, fact.name)),) if before != after
    )
    files = tuple(
        (path, why, changed) for path, why in sorted(minded.items())
        if (changed := _changed(one, other, path)) is not None
    )
    return Differences(facts, files)


def said(where: Tree, name: str) -> str:
    """Return what a tree answers to a fact, or that it does not."""
    try:
        return answer(name, where).text
    except TreeError:
        return "cannot be read"


def beside_nearest(where: Tree, name: str, designs: Iterable[Design]) -> Iterator[str]:
    """Yield what a tree differs in from the pinned one that it is most like: nothing for a pin.

    Of all files only those that a series of this name touches, and that drivers of the designs are
    in: who asks for that design minds those.
    Errors: TreeError.
    """
    if work_of(tree_id(where, where.base)) is not None:
        return
    near = nearest(where.git_dir, where.base)
    if near is None:
        yield f"{where.source}: no pinned tree is set up, so it is not known what differs here"
        return
    minded = dict(_touched(name)) | {
        path: f"the driver {driver.name}"
        for design in designs for driver in design.drivers for path in driver.sources
    }
    found = differences(near.tree, where, minded)
    what = f"{where.source}: not a pinned tree; the nearest is {near.pin.name} ({near.tree.source})"
    if not found.facts and not found.files:
        yield f"{what}, and nothing differs that {name} is made from"
        return
    yield f"{what}. What {name} is made from differs in:"
    yield from found.lines()
    yield f"`portwright tree compare {near.pin.name} {where.source}` has what else differs"


def minded() -> dict[str, str]:
    """Return the files that something shipped was made from, and what that is."""
    found = dict(_touched("*"))
    for name in names():
        for driver in load(name).design.drivers:
            for path in driver.sources:
                found.setdefault(path, f"the driver {driver.name} of {name}")
    for fact in FACTS:
        for path in fact.paths:
            found.setdefault(path, f"says {fact.name!r}")
    for facility in shipped().values():
        for value in facility.values():
            if isinstance(value, Operation):
                for path in re.findall(r"\b[a-z]+/[\w./-]+\.[ch]\b", value.source):
                    found.setdefault(path, f"what {value.name}() does")
    return found


def _touched(name: str) -> Iterator[tuple[str, str]]:
    """Yield the files that a shipped series of a name changes, on any kernel: they are there."""
    for manifest in sorted(HOUSE.glob(f"patches/**/{name}/{FILE_NAME}")):
        for path, (before, _) in json.loads(manifest.read_text(encoding="utf-8"))["files"].items():
            if before:
                yield path, f"touched by {manifest.parent.name}"


def _changed(one: Tree, other: Tree, path: str) -> str | None:
    """Return how many lines differ, None for none."""
    there = [(tree.work / path).is_file() for tree in (one, other)]
    if not all(there):
        return None if not any(there) else ("not in it" if not there[1] else "only there")
    done = tried(["git", "diff", "--no-index", "--no-ext-diff", "--numstat", "--",
                  str(one.work / path), str(other.work / path)])
    if done.status > 1:
        raise TreeError(f"{path}: git cannot compare it: {done.last}")
    if not done.status:
        return None
    added, removed, *_ = done.said.split("\t")
    return f"-{removed} +{added}"
