# SPDX-License-Identifier: GPL-2.0-only
"""What `boot` found as the record that code hosts, editors and build servers are told of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.boot import report
from checks.boot.guest.line import Line
from checks.boot.run import AS_PREDICTED, FAILED, Run
from checks.finding import Finding, Severity
from checks.report import record
from checks.report.record import Gap, Item, Row, Scope

_LOST, _LOG = "the run itself", "log"


@dataclass(frozen=True)
class Booted:
    """A run beside that of the kernel that it is compared with, if there is one.

    `missed` is the symptom of a broken rule that did not show, `seen` the line where it did.
    """

    name: str
    run: Run
    base: Run | None
    missed: str = ""
    seen: str = ""


def of_runs(
    done: Sequence[Booted], about: str, file: str, scope: Scope, again: str, code: int
) -> record.Report:
    """Return runs as a record: a column per scenario, and a row per run."""
    columns = dict.fromkeys(name for one in done for name, _ in one.run.seconds)
    columns |= dict.fromkeys(line.scenario for one in done for line in one.run.lines)
    items = tuple(item for one in done for item in _items(one, again))
    return record.Report(
        "boot", about, (*columns, _LOG, _LOST), tuple(Row(one.name, file) for one in done), items,
        scope, tuple(gap for one in done for gap in _gaps(one)),
        assumed=tuple(_said(one) for one in done), code=code, own=(file,),
    )


def _items(one: Booted, again: str) -> Iterator[Item]:
    expected = one.missed or one.seen  # a broken rule: what it does otherwise is what is looked for
    weight = Severity.EXPECTED if expected else Severity.ERROR
    for line in one.run.lines:
        if not line.holds:
            yield Item(line.scenario, _finding(line, one.name, weight), again=again)
    mine = report.own(one.run, one.base)
    for said in one.run.complaints:
        theirs = said not in mine
        yield Item(_LOG, Finding(
            "boot:log", said.text, commit=one.name, config=said.scenario,
            severity=Severity.EXPECTED if theirs else weight,
            notes=("the pinned kernel says it as well",) if theirs else ()), again=again)
    if one.run.scenario:
        yield Item(_LOST, Finding(
            f"boot:{one.run.end.replace(' ', '-')}",
            f"{one.run.end} in {one.run.scenario}, after the order: {one.run.last or 'none yet'}",
            commit=one.name, severity=weight,
            notes=tuple(one.run.log.split("\n")[-20:])), again=again)
    if one.missed:
        yield Item(_LOST, Finding("boot:not-seen", f"the symptom did not show: {one.missed}",
                                  commit=one.name), again=again)


def _finding(line: Line, name: str, weight: Severity) -> Finding:
    place = re.match(r"([\w/.-]+\.[ch]):(\d+)", line.evidence)
    notes = (f"evidence: {line.evidence}",) if line.evidence else ()
    return Finding(
        "boot:prediction",
        f"{line.subject}: {line.what}: {line.predicted} is predicted, {line.observed} is seen",
        place[1] if place else "", int(place[2]) if place else 0, commit=name,
        config=line.scenario, severity=weight, notes=notes,
    )


def _gaps(one: Booted) -> Iterator[Gap]:
    if one.run.end not in (AS_PREDICTED, FAILED):
        yield Gap(f"{one.name}: what comes behind {one.run.scenario or 'that'}", one.run.end)


def _said(one: Booted) -> str:
    held = sum(line.holds for line in one.run.lines)
    told = f"; seen: {one.seen}" if one.seen else ""
    return (f"{one.name}: {report.verdict(one.run, one.base)}, {held} of {len(one.run.lines)} "
            f"predictions hold{told}")
