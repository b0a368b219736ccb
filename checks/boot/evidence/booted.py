# SPDX-License-Identifier: GPL-2.0-only
"""On which machines a series was booted, kept for the cover letter to say.

    keep(seen) -> its file in booted/, with what other boots of the same tree have shown
    sentence(name, tree) -> what a cover letter says of a tree, empty when none was booted

What is kept is what a run of `portwright boot DESIGN --keep` found as predicted, never typed. It
is of one tree, the one that `git am` of the series gives: of another tree it says nothing.
"""

from __future__ import annotations

import glob
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from checks.boot.build.arch import X86
from checks.boot.build.kind import PLAIN
from checks.boot.predict.board import BOARDS
from checks.boot.run import Run
from checks.boot.scenario import usual
from generator.errors import UsageError

ALWAYS = ("start", "shutdown")  # what every guest goes through
BOOTED = Path(__file__).parents[1] / "booted"


@dataclass(frozen=True)
class Machine:
    """One board as it was booted: its scenarios, and how many predictions held there."""

    board: str
    config: str
    scenarios: tuple[str, ...]
    predictions: int

    @property
    def name(self) -> str:
        """Return what a cover letter calls it, with what is not as it usually is."""
        more = [] if self.config == PLAIN.name else [self.config]
        if set(self.scenarios) != set(usual(BOARDS[self.board])):
            more.append(f"only {' and '.join(self.scenarios)}")
        return f"{self.board} ({', '.join(more)})" if more else self.board


@dataclass(frozen=True)
class Booted:
    """What was booted of a series: the tree that it gives, its kernel, QEMU, and the machines.

    `each` are those on which every commit was booted by itself, as the design after its step
    predicts: their predictions are those of all commits.
    """

    design: str
    tree: str
    release: str
    qemu: str
    machines: tuple[Machine, ...]
    each: tuple[Machine, ...] = ()


def machine(run: Run, config: str) -> Machine:
    """Return what is kept of a run, of which everything held."""
    named = tuple(dict.fromkeys(name for name, _ in run.seconds if name not in ALWAYS))
    return Machine(run.board, config, named, len(run.lines))


def of_each(held: Sequence[Run], config: str, commits: int) -> tuple[Machine, ...]:
    """Return the boards on which as many runs held as there are commits, each as one machine."""
    boards = dict.fromkeys(one.board for one in held)
    runs = {board: [one for one in held if one.board == board] for board in boards}
    return tuple(
        replace(machine(those[0], config), predictions=sum(len(one.lines) for one in those))
        for those in runs.values() if len(those) == commits
    )


def keep(seen: Booted, home: Path = BOOTED) -> Path:
    """Write what was booted, beside what else was booted of the same tree.

    Errors: UsageError naming a file that cannot be read.
    """
    file = home / f"{seen.design}-{seen.release}.json"
    old = _read(file) if file.is_file() else None
    if old is not None and _alone(old) == _alone(seen):
        seen = replace(seen, machines=_beside(old.machines, seen.machines),
                       each=_beside(old.each, seen.each))
    home.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(seen), indent=2) + "\n", encoding="utf-8")
    return file


def _alone(seen: Booted) -> Booted:
    return replace(seen, machines=(), each=())


def _beside(old: tuple[Machine, ...], new: tuple[Machine, ...]) -> tuple[Machine, ...]:
    """Return machines that were booted before, with those in their places that were again."""
    fresh = {(one.board, one.config) for one in new}
    rest = (one for one in old if (one.board, one.config) not in fresh)
    return tuple(sorted((*rest, *new), key=lambda one: one.name))


def read(design: str, home: Path = BOOTED) -> tuple[Booted, ...]:
    """Return what was booted last of a design, on each kernel.

    Errors: UsageError naming a file that cannot be read.
    """
    found = map(_read, sorted(home.glob(f"{glob.escape(design)}-*.json")))
    return tuple(one for one in found if one.design == design)


def _read(file: Path) -> Booted:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return Booted(**{**data, "machines": _machines(data["machines"]),
                         "each": _machines(data.get("each", ()))})
    except (ValueError, TypeError, KeyError) as fault:
        raise UsageError(f"{file}: not what `portwright boot --keep` writes: {fault}") from fault


def _machines(data: Sequence[Mapping[str, Any]]) -> tuple[Machine, ...]:
    return tuple(Machine(**{**one, "scenarios": tuple(one["scenarios"])}) for one in data)


def sentence(design: str, tree: str, home: Path = BOOTED) -> str:
    """Return what a cover letter says of the boots of a tree, empty when there were none.

    Errors: UsageError naming a file that cannot be read.
    """
    seen = next((one for one in read(design, home) if one.tree == tree and one.machines), None)
    if seen is None:
        return ""
    those = [one for one in seen.machines if BOARDS[one.board].modelled() is not None]
    others = [one for one in seen.machines if one not in those]
    said = f"booted in {_short(seen.qemu)}, and all that the design predicts was seen"
    for machines, what in ((those, "with CPMUs"), (others, "without any")):
        if machines:
            said += f"; {what}: {_listed(machines)}"
    if seen.each:
        said += f"; each commit by itself: {_listed(seen.each)}"
    return said


def _listed(machines: Sequence[Machine]) -> str:
    arch: Mapping[str, str] = {one.board: BOARDS[one.board].platform.arch.name for one in machines}
    named = (one.name if arch[one.board] == X86.name else f"{one.name}, {arch[one.board]}"
             for one in machines)
    return ", ".join(named)


def _short(qemu: str) -> str:
    """Return QEMU's name and version out of what it says of itself."""
    words = qemu.split()
    return f"QEMU {words[3]}" if len(words) > 3 and words[2] == "version" else qemu
