# SPDX-License-Identifier: GPL-2.0-only
"""Reports as people and programs read them: a table that fits a changelog, and JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from checks.explore import Counterexample, Report, Shown
from checks.finding import Verdict
from generator.facts import PLATFORM

WIDTH = 75  # maintainer-tip.rst: a changelog's lines
_COLUMN = 36
_ASKED = {fact.name for fact in PLATFORM}


def text(report: Report) -> str:
    """Return a report for a person: verdict with its bounds, then each counterexample."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    bounds = report.bounds
    size = f"{bounds.states} states, {bounds.transitions} transitions"
    ended = "every life explored" if bounds.complete else "not finished"
    names = ", ".join(bounds.instances)
    yield f"{report.design}: {report.verdict.value} ({size}; {ended}; {names})"
    if report.verdict is Verdict.UNFINISHED:
        yield "  the budget ended the search: raise --states or --seconds"
    for one in report.counterexamples:
        yield ""
        yield from _example(one)
    if report.waived:
        yield ""
    for one in report.waived:
        yield f"  waived {one.rule} {one.title}: {one.waived}"
    if report.verdict is Verdict.HOLDS and report.unreached:
        yield f"  never reached: {', '.join(report.unreached)}"


def _example(one: Counterexample) -> Iterator[str]:
    last = one.trace[-1] if one.trace else None
    place = f"{_short(last.where.file)}:{last.where.line}: " if last and last.where.file else ""
    yield f"{place}error: {one.message} [{one.rule}]"
    for name, facts in (("hardware", hardware(one)), ("platform", platform(one))):
        if facts:
            said = ", ".join(f"{key} {value}" for key, value in facts.items())
            yield from textwrap.wrap(f"{name}: {said}", WIDTH, initial_indent="  ",
                                     subsequent_indent="    ")
    yield ""
    yield from table(one.trace)


def table(trace: tuple[Shown, ...]) -> Iterator[str]:
    """Yield the two-column table of maintainer-tip.rst: the first actor left, others right."""
    if not trace:
        return
    left = trace[0].actor
    others = list(dict.fromkeys(step.actor for step in trace if step.actor != left))
    right = others[0] if len(others) == 1 else "others"
    yield f"  {left:<{_COLUMN}}{right if others else ''}".rstrip()
    yield ""
    for step in trace:
        said = step.text if step.outcome in ("", "ok") else f"{step.text}: {step.outcome}"
        if step.actor == left:
            for number, line in enumerate(textwrap.wrap(said, _COLUMN - 2)):
                yield f"  {'  ' if number else ''}{line}"
            continue
        who = f"{step.actor}: " if len(others) > 1 else ""
        for number, line in enumerate(textwrap.wrap(who + said, _COLUMN - 3)):
            yield f"  {'':<{_COLUMN}}{'  ' if number else ''}{line}"


def hardware(one: Counterexample) -> dict[str, str]:
    """Return what devices answered on the way to a violation."""
    return {key: value for key, value in one.hardware if key.rpartition(".")[2] not in _ASKED}


def platform(one: Counterexample) -> dict[str, str]:
    """Return what the platform answered on the way to a violation."""
    return {key: value for key, value in one.hardware if key.rpartition(".")[2] in _ASKED}


def record(report: Report) -> dict[str, object]:
    """Return a report for a program; the first violation is repeated at the top."""
    found = [_record(one) for one in report.counterexamples]
    first = found[0] if found else {"rule": None, "hardware": {}, "platform": {}, "trace": []}
    return {
        "design": report.design,
        "verdict": report.verdict.value,
        **{key: first[key] for key in ("rule", "hardware", "platform", "trace")},
        "violations": found,
        "waived": [_record(one) for one in report.waived],
        "bounds": {
            "states": report.bounds.states,
            "transitions": report.bounds.transitions,
            "complete": report.bounds.complete,
            "instances": list(report.bounds.instances),
        },
        "unreached": list(report.unreached),
    }


def _record(one: Counterexample) -> dict[str, object]:
    return {
        "rule": one.rule,
        "title": one.title,
        "message": one.message,
        "waived": one.waived,
        "hardware": hardware(one),
        "platform": platform(one),
        "trace": [
            {
                "actor": step.actor,
                "step": step.text,
                "outcome": step.outcome,
                "file": _short(step.where.file),
                "line": step.where.line,
            }
            for step in one.trace
        ],
    }


def _short(file: str) -> str:
    """Return a path relative to where the user stands, when it is below."""
    if not file:
        return ""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file
