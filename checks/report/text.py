# SPDX-License-Identifier: GPL-2.0-only
"""A report for a terminal: a table, each finding with its line, and what was not checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from checks.finding import Finding, Severity
from checks.report.record import Gap, Item, Report
from generator.system.visible import visible

_WIDEST = 100  # characters of a source line that are shown
_TAB = 8
_SENT_TO = "people:to-be-sent"


def render(report: Report) -> str:
    """Return the table of patches by checks, then every finding, safe to print on a terminal."""
    return "\n".join(visible(line) for line in _lines(report))


def again(report: Report, told: frozenset[str]) -> str:
    """Return the same without the lines of standing() that were told; of a clean one in short.

    Whom a patch goes to is asked when a series is sent, not for each commit of a rebase.
    """
    items = tuple(one for one in report.items if one.finding.rule != _SENT_TO)
    report = replace(report, items=items)
    lines = [visible(line) for line in _lines(report)]
    left = standing(report)
    if report.clean and told:
        left |= {visible(line) for line in (*table(report), *scope(report))}
        told |= left
        yes = ", ".join(report.checks)
        lines = [*(visible(f"{row.name}: ok ({yes})") for row in report.rows), *lines]
    return "\n".join(line for line in lines if line not in told or line not in left)


def standing(report: Report) -> frozenset[str]:
    """Return the lines that are about the tree and the checks, and no commit."""
    lines = [*scope(report), *map(_gap, report.gaps), *(f"assumed: {x}" for x in report.assumed)]
    return frozenset(map(visible, lines))


def _lines(report: Report) -> Iterator[str]:
    yield from table(report)
    for check in report.checks:
        shown = [item for item in report.items if item.check == check and item.fails]
        for item in shown:
            yield from _finding(item)
        # one command finds them all
        yield from (f"  again: {item.again}" for item in shown[-1:] if item.again)
    yield from _joined([item.finding for item in report.items if not item.fails])
    yield from scope(report)
    yield from (_gap(gap) for gap in report.gaps)
    yield from report.compared
    yield from report.chosen
    yield from (f"assumed: {text}" for text in report.assumed)


def table(report: Report) -> Iterator[str]:
    """Yield the table of patches by checks: how many findings count, `+` how many are expected.

    Of a check that was ended before it had seen all, `?` stands for what it may yet have said.
    """
    width = max((len(row.name) for row in report.rows), default=0)
    yield f"{'':<{width}}  " + "  ".join(report.checks)
    for row in report.rows:
        cells = [_cell(report.of(check, row), check in report.unfinished).ljust(len(check))
                 for check in report.checks]
        yield f"{row.name:<{width}}  " + "  ".join(cells).rstrip()


def _cell(items: tuple[Item, ...], unfinished: bool) -> str:
    bad = sum(item.fails for item in items)
    expected = sum(item.finding.severity is Severity.EXPECTED for item in items)
    if unfinished:
        return f"{bad or ''}?"
    return str(bad) if bad else f"ok+{expected}" if expected else "ok"


def _finding(item: Item) -> Iterator[str]:
    head, *notes = str(item.finding).split("\n")
    yield head
    yield from _source(item)
    yield from notes
    if item.sent:
        yield f"  sent as: {item.sent}"
    if item.fix:
        yield f"  fix: {item.fix}"


def _source(item: Item) -> Iterator[str]:
    if not item.text.strip():
        return
    text, column = item.text, item.finding.column
    cut = f"{text[:_WIDEST]}..." if len(text) > _WIDEST else text
    yield f"{item.finding.line:>7} | {visible(cut).expandtabs(_TAB)}"
    if 0 < column <= len(cut):
        before = len(visible(text[: column - 1]).expandtabs(_TAB))
        yield f"{'':>7} | {'':{before}}^"


def _joined(found: list[Finding]) -> Iterator[str]:
    """Yield what does not count, the same text once, with the places that it is about."""
    groups: dict[tuple[Severity, str, str, tuple[str, ...]], list[str]] = {}
    for one in found:
        place = f"{one.path}:{one.line}" if one.line else one.path
        place = f"{place} ({one.config})" if one.config else place
        why = one.notes if one.severity is Severity.EXPECTED else ()
        groups.setdefault((one.severity, one.rule, one.message, why), []).append(place)
    for (severity, rule, message, why), places in groups.items():
        several = ", ".join(sorted(set(filter(None, places))))
        yield f"{severity.value}: {message} [{rule}]" + (f": {several}" if several else "")
        yield from (f"  {note}" for note in why)


def scope(report: Report) -> Iterator[str]:
    """Yield what the findings are about: kernel, base, configurations and tools."""
    what = report.scope
    yield f"kernel: {what.kernel}, base {what.base[:12]} ({what.source})"
    if what.configurations:
        yield f"configurations: {', '.join(what.configurations)}"
    yield "tools: " + ", ".join(f"{name} {version}" for name, version in what.tools)


def _gap(gap: Gap) -> str:
    where = f": {', '.join(gap.where)}" if gap.where else ""
    return f"not checked: {gap.what}: {gap.why}{where}"
