# SPDX-License-Identifier: GPL-2.0-only
"""What a booted kernel showed of a broken rule, and the evidence of it that is kept.

    sighted(symptom, run, sound) -> where the symptom showed, None when it did not
    kept() -> the evidence that lies in witnesses/, one file per case and kernel
    outdated(witness, case, tree, sound, said) -> what of it is no longer so

Evidence is what a run of `portwright boot --refused RULE --keep` wrote, never typed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from checks.boot.evidence.case import Case, built, decided, fingerprint
from checks.boot.guest.log import lines_of
from checks.boot.run import Run
from generator.errors import UsageError
from generator.kernel.tree import Tree
from generator.load import DEFAULT

WITNESSES = Path(__file__).parents[1] / "witnesses"
_BEFORE, _AFTER = 2, 6


@dataclass(frozen=True)
class Sight:
    """Where a symptom was seen, the line in which it was, and what stood around that."""

    where: str
    line: str
    around: tuple[str, ...] = ()


@dataclass(frozen=True)
class Witness:
    """Kept evidence: of which rule, of which kernel, made how, and what it showed.

    `files` are path -> sha256 of what breaks the rule, `decided` what else the boot depends on;
    `base` and `release` are the kernel's.
    """

    key: str
    rule: str
    how: str
    what: str
    files: Mapping[str, str]
    decided: Mapping[str, str]
    base: str
    release: str
    qemu: str
    board: str
    scenarios: tuple[str, ...]
    fragments: tuple[str, ...]
    symptom: str
    where: str
    line: str
    around: tuple[str, ...]

    def text(self) -> str:
        """Return what stands in its file."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @property
    def file(self) -> Path:
        """Return where it is kept: of each kernel in a file of its own."""
        return WITNESSES / f"{self.key}-{self.release}.json"


def sighted(symptom: str, run: Run, sound: Run | None = None) -> Sight | None:
    """Return where a symptom first shows in a run, where the sound kernel does not show it.

    A symptom that the log of the sound kernel has as well says nothing, wherever it is there.
    """
    known = [one.line for one in _shown(sound)] if sound is not None else []
    if any(re.search(symptom, line) for line in known):
        return None
    return next((one for one in _shown(run) if re.search(symptom, one.line)), None)


def _shown(run: Run) -> Iterator[Sight]:
    """Yield what a run shows: its log, predictions that do not hold, and how it was lost."""
    for scenario, text in run.printed:
        lines = lines_of(text)
        for at, line in enumerate(lines):
            if line and not line.startswith("lab: "):
                around = lines[max(0, at - _BEFORE) : at + _AFTER + 1]
                yield Sight(f"log, in {scenario}", line, tuple(around))
    for one in run.lines:
        if not one.holds:
            yield Sight(
                f"report, in {one.scenario}",
                f"{one.subject}: {one.what}: {one.predicted}; seen: {one.observed}",
                (one.evidence,) if one.evidence else (),
            )
    if run.scenario:
        yield Sight(f"end of the guest, in {run.scenario}", f"{run.end} in {run.scenario}",
                    (f"after the order: {run.last or 'none yet'}",))


def witness(
    case: Case, sight: Sight, files: Mapping[str, str], base: str, release: str, qemu: str
) -> Witness:
    """Return what is to be kept of a case whose symptom was seen."""
    return Witness(
        case.key, case.rule, case.how, case.what, files, decided(case), base, release, qemu,
        case.board, case.scenarios, case.fragments, case.symptom, sight.where, sight.line,
        sight.around,
    )


def outdated(
    found: Witness, case: Case, tree: Tree, sound: Mapping[str, bytes | None],
    said: Mapping[str, str] = DEFAULT,
) -> tuple[str, ...]:
    """Return what has changed since evidence was kept: nothing, when it is of this case still.

    said: what the tree answers to facts.
    Errors: TreeError, ModelError when the case cannot be rendered.
    """
    files = fingerprint(case, built(case, tree, sound, said), sound)
    sight = Sight(found.where, found.line, found.around)
    now = witness(case, sight, files, tree.base, found.release, found.qemu)
    return tuple(
        one.name for one in fields(Witness) if getattr(found, one.name) != getattr(now, one.name)
    )


def keep(found: Witness) -> Path:
    """Write evidence where it is kept, in place of older evidence of the same case and kernel."""
    found.file.parent.mkdir(parents=True, exist_ok=True)
    found.file.write_text(found.text(), encoding="utf-8")
    return found.file


def kept(home: Path = WITNESSES) -> tuple[Witness, ...]:
    """Return all evidence that is kept.

    Errors: UsageError naming a file that cannot be read.
    """
    return tuple(_read(file) for file in sorted(home.glob("*.json")))


def _read(file: Path) -> Witness:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        lists = {key: tuple(data[key]) for key in ("scenarios", "fragments", "around")}
        return Witness(**{**data, **lists})
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise UsageError(f"{file}: no evidence of a boot: {fault!r}") from fault
