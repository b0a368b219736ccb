# SPDX-License-Identifier: GPL-2.0-only
"""A rule broken on purpose, ready to be built: by a refused design, or by other C.

    cases() -> every one there is
    built(case, tree, sound) -> the files of its kernel; `sound` are those of the one that holds
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.boot import forbidden
from checks.boot.arch import X86
from checks.boot.breakage import BREAKAGES, Breakage, broken
from checks.boot.guest import GUEST
from checks.boot.kernel import fragments
from checks.boot.kind import PLAIN
from generator import refused, series
from generator.designs import auxbus
from generator.errors import UsageError
from generator.load import load
from generator.series import SeriesSpec
from generator.tree import Tree

BY_DESIGN, BY_C, BY_OBJECT = "by design", "by C", "by an object in the guest"


@dataclass(frozen=True)
class Case:
    """What breaks a rule, on which board, in which scenarios, and the symptom as a pattern.

    `of` names the design that holds: the kernel is compared with what that predicts. `source` is
    what breaks it: a series of a refused design, or a replacement of C. `args` go to the kernel's
    command line.
    """

    key: str
    rule: str
    what: str
    symptom: str
    board: str
    scenarios: tuple[str, ...]
    fragments: tuple[str, ...]
    of: str
    source: SeriesSpec | Breakage
    args: tuple[str, ...] = ()

    @property
    def how(self) -> str:
        """Whether a design says what is wrong, or only C does, or an object of the lab's own."""
        if isinstance(self.source, Breakage):
            return BY_OBJECT if self.source.objects else BY_C
        return BY_DESIGN

    @property
    def objects(self) -> tuple[str, ...]:
        """The lab's own objects that are built into the guest's kernel for it."""
        return self.source.objects if isinstance(self.source, Breakage) else ()


def cases() -> tuple[Case, ...]:
    """Return every case there is, those by design first."""
    return (
        *(of_file(file) for file in refused.files()),
        *map(of_breakage, (*BREAKAGES, *forbidden.BREAKAGES)),
    )


def of_file(file: Path) -> Case:
    """Return the case that a file of a refused design makes.

    Errors: UsageError when it does not say what is to be seen, or has no series; ModelError.
    """
    loaded = load(str(file))
    said = getattr(loaded.module, "REFUSED", None)
    spec = getattr(loaded.module, "SERIES", None)
    if not isinstance(said, refused.Refused):
        raise UsageError(f"{file}: defines no REFUSED, so it is not known what is to be seen")
    if not isinstance(spec, SeriesSpec):
        raise UsageError(f"{file}: defines no SERIES, so there is no C to it")
    return Case(
        loaded.design.name, said.rule, said.change, said.symptom, said.board, said.scenarios,
        (*fragments(PLAIN, X86), *said.fragments), said.of, spec, said.args,
    )


def of_breakage(one: Breakage) -> Case:
    """Return the case that a replacement of C makes."""
    return Case(
        one.key, one.rule, one.name, one.symptom, one.board, one.scenarios,
        (*fragments(PLAIN, X86), *one.fragments), auxbus.DESIGN.name, one, one.args,
    )


def chosen(asked: str, known: Sequence[Case]) -> tuple[Case, ...]:
    """Return the cases of a rule, or the one of a key, or all of them.

    Errors: UsageError when there is none.
    """
    found = tuple(
        one for one in known
        if asked == "all" or one.key == asked or one.rule.lower() == asked.lower()
    )
    if not found:
        rules = ", ".join(dict.fromkeys(one.rule for one in known))
        raise UsageError(f"{asked}: nothing breaks that on a kernel; there are {rules}")
    return found


def built(
    case: Case, tree: Tree, sound: Mapping[str, bytes | None]
) -> Mapping[str, bytes | None]:
    """Return the files of a case's kernel, the guest's objects apart.

    Errors: TreeError, ModelError when it cannot be rendered.
    """
    if isinstance(case.source, Breakage):
        return broken(case.source, sound, tree)
    return series.generate(case.source, tree).commits[-1].overlay


def fingerprint(
    case: Case, overlay: Mapping[str, bytes | None], sound: Mapping[str, bytes | None]
) -> dict[str, str]:
    """Return path -> sha256 of what breaks the rule: files that differ from the sound ones."""
    found = {
        path: hashlib.sha256(text or b"").hexdigest()
        for path, text in overlay.items() if sound.get(path, b"") != text
    }
    for name in case.objects:
        found[name] = hashlib.sha256((GUEST / name).read_bytes()).hexdigest()
    return dict(sorted(found.items()))
