# SPDX-License-Identifier: GPL-2.0-only
"""Every check of a directory of patches, in one place for `generate` and `validate`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from checks import checkpatch, compile, series
from checks.finding import Finding, Severity
from checks.seriestext import Patch, Reader, SeriesText, edits, read_directory
from checks.target import Kernel, Stage, stages
from generator import kbuild, tree
from generator.progress import say

FAILS = (Severity.ERROR, Severity.WARNING)


@dataclass(frozen=True)
class Examined:
    """What the checks said, check by check, and what they took for granted."""

    patches: tuple[Patch, ...]
    found: dict[str, tuple[Finding, ...]]
    assumed: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Return whether nothing was found that a maintainer would object to."""
        return not any(one.severity in FAILS for said in self.found.values() for one in said)


def examine(directory: Path, where: tree.Tree, signoff: str = "") -> Examined:
    """Compile every commit under every configuration, run checkpatch and the rules of series.

    Errors: UsageError for files that are no series, Conflict when they do not fit the tree,
    and whatever keeps a check from being made: a check that cannot run is never a pass.
    """

    def read(path: str) -> bytes | None:
        return tree.read(where, where.base, path)

    text = read_directory(directory)
    order = staged(text, read)
    say(f"{directory}: checkpatch on {len(text.patches)} patches")
    found = {
        "checkpatch": checkpatch.check(where.work, [directory / patch.file for patch in text.patches]),
        "series": series.check(
            series.context(directory, read, where.base, work=where.work, signoff=signoff)
        ),
    }
    bases = kbuild.prepare_all(where, tuple(kbuild.CONFIGS.values()))
    say(f"{directory}: compiling {len(order)} commits under {len(bases)} configurations")
    found["compile"] = compile.check(
        order, [Kernel(base) for base in bases], memory=tree.cache() / "outcomes"
    )
    return Examined(text.patches, found, compile.ASSUMED)


def staged(text: SeriesText, read: Reader) -> tuple[Stage, ...]:
    """Return the tree after each patch of a series."""
    return stages([patch.name for patch in text.patches], edits(text, read))


def lines(done: Examined) -> Iterator[str]:
    """Yield the table of patches by checks, then every finding."""
    names = list(done.found)
    width = max((len(patch.name) for patch in done.patches), default=0)
    yield f"{'':<{width}}  " + "  ".join(names)
    for patch in done.patches:
        cells = [_cell(done.found[name], patch).ljust(len(name)) for name in names]
        yield f"{patch.name:<{width}}  " + "  ".join(cells).rstrip()
    for name in names:
        shown = [one for one in done.found[name] if one.severity is not Severity.NOTE]
        yield from (str(one) for one in shown)
    notes = [one for said in done.found.values() for one in said if one.severity is Severity.NOTE]
    yield from _joined(notes)
    yield from (f"assumed: {text}" for text in done.assumed)


def _cell(found: Sequence[Finding], patch: Patch) -> str:
    names = (patch.name, patch.file)
    mine = [one for one in found if one.commit in names or Path(one.path).name in names]
    bad = sum(one.severity in FAILS for one in mine)
    expected = sum(one.severity is Severity.EXPECTED for one in mine)
    return str(bad) if bad else f"ok+{expected}" if expected else "ok"


def _joined(notes: Sequence[Finding]) -> Iterator[str]:
    """Yield notes with the same text once, with the places that they name."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in notes:
        place = f"{one.path} ({one.config})" if one.config else one.path
        groups.setdefault((one.rule, one.message), []).append(place)
    for (rule, message), places in groups.items():
        several = sorted(set(filter(None, places)))
        yield f"note: {message} [{rule}]" + (f": {', '.join(several)}" if several else "")
