# SPDX-License-Identifier: GPL-2.0-only
"""Why a cell of the matrix says what it says: a counterexample, a closed door, or a way."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from checks.machine.machine import build
from checks.search.told import Counterexample, Report, Shown
from checks.show import report_text
from checks.show.table import WIDTH, said
from checks.verdict.matrix import Cell, Kind, Served, on
from checks.verdict.turned_away import doors
from generator.design import Design


def text(design: Design, kind: Kind, cells: Sequence[Cell], report: Report) -> str:
    """Return the explanation of some cells of one exploration for a person."""
    return "\n".join(_lines(design, kind, cells, report))


def _lines(
    design: Design, kind: Kind, cells: Sequence[Cell], report: Report
) -> Iterator[str]:
    for number, cell in enumerate(cells):
        if number:
            yield ""
        yield f"{cell.design}, {cell.interrupts}, {cell.service}: {cell.served.value}"
        if cell.served is Served.NO:
            yield from _turned(design, kind, cell, report)
        elif cell.served is Served.YES:
            way = _way(cell, report)
            yield f"  a shortest life in which {way.message}:"
            yield ""
            yield from report_text.example(way)
    if any(cell.served is Served.REFUSED for cell in cells):
        for example in report.counterexamples:
            yield ""
            yield from report_text.violation(example)


def _turned(design: Design, kind: Kind, cell: Cell, report: Report) -> Iterator[str]:
    yield ""
    for statement in cell.missed:
        yield f"  in no life: {statement}"
    yield ""
    for step in turned_away(design, kind, cell, report):
        file = step.where.file
        place = f" ({report_text.short(file)}:{step.where.line})" if file else ""
        yield from textwrap.wrap(
            f"turned away: {step.actor}: {said(step)}{place}", WIDTH, initial_indent="  ",
            subsequent_indent="    ", break_long_words=False, break_on_hyphens=False,
        )


def turned_away(
    design: Design, kind: Kind, cell: Cell, report: Report
) -> tuple[Shown, ...]:
    """Return what keeps the services of a cell from their interrupts."""
    return doors(build(on(design, kind)), report.taken, cell.service)


def _way(cell: Cell, report: Report) -> Counterexample:
    """Return the way to the last goal of a served cell, the one that needs the others."""
    ways = [one.way for one in report.goals if one.service == cell.service and one.way is not None]
    return ways[-1]


def record(design: Design, kind: Kind, cell: Cell, report: Report) -> dict[str, object]:
    """Return the explanation of a cell for a program."""
    refused, closed = cell.served is Served.REFUSED, cell.served is Served.NO
    away = turned_away(design, kind, cell, report) if closed else ()
    return {
        "design": cell.design,
        "interrupts": cell.interrupts,
        "service": cell.service,
        "verdict": cell.served.value,
        "rules": list(cell.rules),
        "violations": [
            report_text.violation_record(one) for one in report.counterexamples if refused
        ],
        "missed": list(cell.missed),
        "turned away": [report_text.step_record(step) for step in away],
        "goals": [
            report_text.goal_record(one) for one in report.goals if one.service == cell.service
        ],
    }
