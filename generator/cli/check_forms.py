# SPDX-License-Identifier: GPL-2.0-only
"""What `check` found as the record that code hosts, editors and build servers are told of."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from checks.finding import Finding, Severity, Verdict
from checks.machine.episode import EPISODES
from checks.report import record
from checks.report.forms import FORMS
from checks.report.record import Gap, Item, Row, Scope
from checks.search.told import Counterexample, Report
from checks.show import report_text
from checks.verdict.likeness import Likeness
from checks.verdict.matrix import KINDS, Exploration
from checks.verdict.notes import Note
from generator.cli.given import scope

_RULES, _NOTES = "rules", "notes"


@dataclass(frozen=True)
class Ending:
    """How the verb ends: its exit code, and the command that does it again."""

    code: int
    again: str


def of_one(
    found: Report, file: str, odd: Sequence[Note], like: Likeness | None,
    args: argparse.Namespace, ending: Ending, within: str = "",
) -> str:
    """Return the verdict on one design in the form that was asked for."""
    return FORMS[args.form](of_design(found, file, odd, like, scope(args), ending, within))


def of_all(
    found: Sequence[Exploration], series: frozenset[str], files: Mapping[str, str],
    args: argparse.Namespace, ending: Ending,
) -> str:
    """Return the matrix in the form that was asked for."""
    return FORMS[args.form](of_matrix(found, series, files, scope(args), ending))


def of_design(
    found: Report, file: str, odd: Sequence[Note], like: Likeness | None, scope: Scope,
    ending: Ending, within: str = "",
) -> record.Report:
    """Return the verdict on one design as a record; file: where the design is written.

    within: of a C file, how much of it was read.
    """
    items = [
        *(_item(one, found.design, Severity.ERROR, ending) for one in found.counterexamples),
        *(_item(one, found.design, Severity.ERROR, ending) for one in found.elsewhere),
        *(_item(one, found.design, Severity.ERROR, ending) for one in found.further),
        *(_item(one, found.design, Severity.EXPECTED, ending) for one in found.waived),
        *(Item(_NOTES, Finding("note", one.message, report_text.short(one.where.file),
                               one.where.line, severity=Severity.NOTE, commit=found.design))
          for one in odd),
    ]  # fmt: skip
    bounds = found.bounds
    said = (f"{found.design}: {found.verdict.value}, {bounds.states} states, {bounds.transitions} "
            f"transitions, {', '.join(bounds.instances)}",)
    unread = (Gap("what was not read of the C", f"only {within} were"),) if within else ()
    beside = () if like is None else tuple(line.strip() for line in report_text.likeness(like))
    return record.Report(
        "check", found.design, (_RULES, _NOTES), (Row(found.design, report_text.short(file)),),
        tuple(items), scope, (*_gaps(found, ending), *unread), assumed=said, compared=beside,
        code=ending.code, own=_files(items),
    )


def of_matrix(
    found: Sequence[Exploration], series: frozenset[str], files: Mapping[str, str], scope: Scope,
    ending: Ending,
) -> record.Report:
    """Return the matrix as a record: a column per kind of interrupt, a row per design.

    series: the designs that patches are made of, of which a refusal is a finding; of the others,
    proposals of a discussion, it is what the matrix is there to show.
    """
    items, gaps = [], []
    for one in found:
        what = f"{one.design} on {one.interrupts}"
        if not one.complete:
            gaps.append(Gap(what, "the budget ended the search: raise --states or --seconds"))
        weight = Severity.ERROR if one.design in series else Severity.NOTE
        if one.verdict == Verdict.VIOLATED.value:
            rules = dict.fromkeys(rule for cell in one.cells for rule in cell.rules)
            items += [
                Item(one.interrupts,
                     Finding(rule, f"{what}: refused under this rule", files[one.design],
                             severity=weight, commit=one.design),
                     again=f"portwright check --why {one.design}:{one.interrupts}")
                for rule in rules
            ]
    rows = tuple(Row(name, file) for name, file in files.items())
    return record.Report(
        "check", "the shipped designs", tuple(kind.name for kind in KINDS), rows, tuple(items),
        scope, tuple(gaps), code=ending.code, own=tuple(files.values()),
    )


def _item(one: Counterexample, design: str, weight: Severity, ending: Ending) -> Item:
    file, _, line = report_text.place(one).rstrip(": ").rpartition(":")
    return Item(
        _RULES,
        Finding(one.rule, one.message, file, int(line or 0), severity=weight, commit=design,
                notes=tuple(_notes(one))),
        fix=one.mend, again=ending.again,
    )


def _notes(one: Counterexample) -> Iterator[str]:
    if one.waived:
        yield one.waived
    if one.because:
        yield f"because {'; '.join(one.because)}"
    if one.behind:
        yield f"only in lives in which {' and '.join(one.behind)} broke before"
    if one.trace:
        yield from (line.rstrip() for line in report_text.example(one))


def _gaps(found: Report, ending: Ending) -> Iterator[Gap]:
    if ending.code == 130:
        yield Gap("the rest of the search", "interrupted")
    elif found.verdict is Verdict.UNFINISHED:
        yield Gap("the rest of the search",
                  "the budget ended it: raise --states or --seconds")
    if found.looked_further is False:
        yield Gap("what is behind that which is broken", "the budget ended the search")
    for name, why in found.left_out:
        says = EPISODES.get(name)
        yield Gap(f"episode {name} ({says.says})" if says else name, why)


def _files(items: Sequence[Item]) -> tuple[str, ...]:
    """Return the files that are Python, and so not of the kernel tree."""
    return tuple({one.finding.path for one in items if one.finding.path.endswith(".py")})
