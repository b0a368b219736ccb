# SPDX-License-Identifier: GPL-2.0-only
"""Every check of a directory of patches, in one place for `generate` and `validate`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from checks import checkpatch, compile, inert, series
from checks.finding import Finding, Severity
from checks.outcome import name_of
from checks.seriestext import Patch, SeriesText, edits, read_directory
from checks.target import Kernel, Stage, stages
from checks.waypoints import at
from generator import kbuild, tree
from generator.design import Design, Driver
from generator.kernel.configurations import CONFIGS
from generator.progress import say
from generator.series import SeriesSpec, canonical
from generator.system.cache import cache, keep

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


@dataclass(frozen=True)
class _Commit:
    """A patch of a directory beside the step of the series that it claims to be."""

    subject: str
    changed: Mapping[str, bytes | None]
    overlay: Mapping[str, bytes | None]
    design: Design
    unchanged: bool
    beside: tuple[Driver, ...]


def examine(
    directory: Path, where: tree.Tree, spec: SeriesSpec | None, signoff: str = ""
) -> Examined:
    """Compile every commit under every configuration, run checkpatch and the rules of series.

    With `spec`, each commit's C is held against the design after it.

    Errors: UsageError for files that are no series, Conflict when they do not fit the tree,
    Refused when kbuild would execute something of them,
    and whatever keeps a check from being made: a check that cannot run is never a pass.
    """

    def read(path: str) -> bytes | None:
        return tree.read(where, where.base, path)

    text = read_directory(directory)
    changes = edits(text, read)
    # Before anything reads it: from here on kbuild and conf execute what Makefiles say.
    inert.check(text, changes, read)
    order = stages([patch.name for patch in text.patches], changes)
    say(f"{directory}: checkpatch on {len(text.patches)} patches")
    found = {
        "checkpatch": checkpatch.check(
            where.work, [directory / patch.file for patch in text.patches]
        ),
        "series": series.check(
            series.context(directory, read, where.base, work=where.work, signoff=signoff)
        ),
    }
    bases = kbuild.prepare_all(where, tuple(CONFIGS.values()))
    say(f"{directory}: compiling {len(order)} commits under {len(bases)} configurations")
    found["compile"] = compile.check(
        order, [Kernel(base) for base in bases], memory=cache() / "outcomes"
    )
    if spec is not None:
        say(f"{directory}: holding {len(order)} commits against their designs")
        found["design"] = _against(spec, text, changes, order, bases)
    return Examined(text.patches, found, compile.ASSUMED)


def _against(
    spec: SeriesSpec, text: SeriesText, changes: Sequence[Mapping[str, bytes | None]],
    order: Sequence[Stage], bases: Sequence[kbuild.Base],
) -> tuple[Finding, ...]:
    if len(spec.steps) != len(order):
        return (Finding("waypoint", f"{len(order)} patches, but the series of {spec.name} has "
                        f"{len(spec.steps)} steps: a commit without its design is not checked"),)
    commits = [
        _Commit(patch.name, changed, stage.overlay, step.design, step.unchanged, step.beside)
        for patch, changed, stage, step in zip(
            text.patches, changes, order, spec.steps, strict=True
        )
    ]
    found: list[Finding] = []
    for base in bases:
        before: Mapping[str, bytes | None] = {}
        for commit in commits:
            found += _held(commit, before, base)
            before = commit.overlay
    return tuple(found)


def _held(
    commit: _Commit, before: Mapping[str, bytes | None], base: kbuild.Base
) -> tuple[Finding, ...]:
    """Return what a commit's C says against its design; kept when there are only notes."""
    words = [commit.subject, commit.unchanged, canonical(commit.design),
             *(canonical(driver) for driver in commit.beside)]
    name = name_of(f"{base.tree.base} {base.build}", [before, commit.overlay], words)
    file = cache() / "outcomes" / f"{name}.design"
    if file.is_file():
        return tuple(
            Finding(**{**one, "severity": Severity(one["severity"]), "notes": tuple(one["notes"])})
            for one in json.loads(file.read_text(encoding="utf-8"))
        )
    found = at(commit, before, base)
    if not any(one.severity in FAILS for one in found):
        said = [{**vars(one), "severity": one.severity.value} for one in found]
        keep(file, json.dumps(said))
    return found


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
