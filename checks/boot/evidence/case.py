# SPDX-License-Identifier: GPL-2.0-only
"""A rule broken on purpose, ready to be built: by a refused design, or by other C.

    cases() -> every one there is
    built(case, tree, sound, said) -> the files of its kernel; `sound` are those of the one that
    holds, `said` is what the tree answers to facts
    fingerprint(case, overlay, sound), decided(case) -> what a boot of it depends on
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from difflib import unified_diff
from pathlib import Path

from checks.boot.broken import forbidden, provoke
from checks.boot.broken.breakage import BREAKAGES, Breakage, broken
from checks.boot.broken.section import section
from checks.boot.build.arch import X86
from checks.boot.build.kernel import fragment, fragments
from checks.boot.build.kind import PLAIN
from checks.boot.model.guest_object import GUEST
from checks.boot.predict.board import BOARDS
from generator.designs.refused import refusal
from generator.errors import UsageError
from generator.kernel.tree import Tree
from generator.load import DEFAULT, load, series_in
from generator.series import generate
from generator.series.spec import SeriesSpec

BY_DESIGN, BY_C, BY_OBJECT = "by design", "by C", "by an object in the guest"
BY_WAIVER = "by the design that holds, which has a waiver for it"


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
        """Return who does it: a refused design, C, an object of the lab's own, or a waiver."""
        if not isinstance(self.source, Breakage):
            return BY_DESIGN
        if self.source.objects:
            return BY_OBJECT
        return BY_C if self.source.path else BY_WAIVER

    @property
    def objects(self) -> tuple[str, ...]:
        """Return the lab's own objects that are built into the guest's kernel for it."""
        return self.source.objects if isinstance(self.source, Breakage) else ()

    @property
    def beside(self) -> tuple[str, ...]:
        """Return what the kernel that holds is driven through, to be compared with."""
        if self.objects:
            return (provoke.BUILD,)  # orders for an object that is not there do nothing
        return (self.source.beside if isinstance(self.source, Breakage) else ()) or self.scenarios


@functools.cache
def cases() -> tuple[Case, ...]:
    """Return every case there is, those by design first."""
    return (
        *(of_file(file) for file in refusal.files()),
        *map(of_breakage, (*BREAKAGES, *forbidden.BREAKAGES)),
    )


def of_file(file: Path) -> Case:
    """Return the case that a file of a refused design makes.

    Errors: UsageError when it does not say what is to be seen, or has no series; ModelError.
    """
    loaded = load(str(file))
    said = getattr(loaded.module, "REFUSED", None)
    if not isinstance(said, refusal.Refusal):
        raise UsageError(f"{file}: defines no REFUSED, so it is not known what is to be seen")
    return Case(
        loaded.design.name, said.rule, said.change, said.symptom, said.board, said.scenarios,
        (*fragments(PLAIN, X86), *said.fragments), said.of,
        loaded.series("so there is no C to it"), said.args,
    )


def of_breakage(one: Breakage) -> Case:
    """Return the case that a replacement of C makes."""
    return Case(
        one.key, one.rule, one.name, one.symptom, one.board, one.scenarios,
        (*fragments(PLAIN, X86), *one.fragments), one.of, one, one.args,
    )


def chosen(asked: str, known: Sequence[Case]) -> tuple[Case, ...]:
    """Return the cases of some rules or keys, with commas between, or all of them.

    Errors: UsageError when there is none of a name.
    """
    found: dict[str, Case] = {}
    for name in asked.split(","):
        these = {
            one.key: one for one in known
            if name in ("all", one.key) or one.rule.lower() == name.lower()
        }
        if not these:
            rules = ", ".join(dict.fromkeys(one.rule for one in known))
            raise UsageError(f"{name}: nothing breaks that on a kernel; there are {rules}")
        found |= these
    return tuple(found.values())


def built(
    case: Case, tree: Tree, sound: Mapping[str, bytes | None],
    said: Mapping[str, str] = DEFAULT,
) -> Mapping[str, bytes | None]:
    """Return the files of a case's kernel, the guest's objects apart.

    said: what the tree answers to facts, for a series as it is there.
    Errors: TreeError, ModelError when it cannot be rendered.
    """
    if isinstance(case.source, Breakage):
        return broken(case.source, sound, tree)
    return generate.generate(series_in(case.source, said), tree).commits[-1].overlay


def fingerprint(
    case: Case, overlay: Mapping[str, bytes | None], sound: Mapping[str, bytes | None]
) -> dict[str, str]:
    """Return path -> sha256 of what breaks the rule: how files differ from the sound ones.

    Of a file it is the lines that differ with three around each, so that a change elsewhere in it
    is the same for this case. Of the lab's own objects it is what the orders of this case make run,
    under the name of the first. Of a waiver it is all that the series changes.
    """
    found = {
        path: _digest(_difference(sound.get(path) or b"", text or b""))
        for path, text in overlay.items() if sound.get(path, b"") != text
    }
    if case.objects:
        text = "".join((GUEST / name).read_text(encoding="utf-8") for name in case.objects)
        found[case.objects[0]] = _digest(section(text, forbidden.told(case.scenarios)).encode())
    if not found:  # a design that holds, but for what a waiver says
        found = {path: _digest(text or b"") for path, text in overlay.items()}
    return dict(sorted(found.items()))


def _difference(sound: bytes, broken: bytes) -> bytes:
    """Return the difference of two texts, without the numbers of its lines."""
    rows = unified_diff(
        sound.decode().splitlines(), broken.decode().splitlines(), lineterm=""
    )
    return "\n".join(row for row in rows if not row.startswith(("---", "+++", "@@"))).encode()


def decided(case: Case) -> dict[str, str]:
    """Return the sha256 of what else a boot depends on: configuration, machine, and orders.

    What a value has by default is not in it, so a board that learns something new is the same
    for those who do not use it. Scenarios that every design is driven through count by name.
    """
    board = BOARDS[case.board]
    machine = [_said(board.setup()), _said(board.modelled()), list(case.args)]
    orders = [order for name in case.scenarios for order in _orders(name)]
    return {
        "configuration": _digest("\n".join(sorted(fragment(case.fragments))).encode()),
        "machine": _digest(repr(machine).encode()),
        "orders": _digest("\n".join(orders).encode()),
    }


def _orders(scenario: str) -> tuple[str, ...]:
    return provoke.ORDERS.get(scenario) or forbidden.ORDERS.get(scenario) or (scenario,)


def _said(value: object) -> object:
    """Return a value as lists and words, without what it has by default."""
    if is_dataclass(value):
        parts = [(one, getattr(value, one.name)) for one in fields(value) if one.compare]
        return [[one.name, _said(part)] for one, part in parts if part != one.default]
    if isinstance(value, tuple):
        return [_said(one) for one in value]
    return value


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
