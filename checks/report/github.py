# SPDX-License-Identifier: GPL-2.0-only
"""A report as commands of a GitHub workflow, which become annotations of a pull request.

Source: GitHub Docs, Workflow commands for GitHub Actions.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.finding import Severity
from checks.report.record import Item, Report
from checks.report.text import scope
from generator.system.visible import visible

_WORD = {
    Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice",
    Severity.EXPECTED: "notice",
}  # fmt: skip


def render(report: Report) -> str:
    """Return one command per finding and per gap, and what they are about."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield from (_annotation(item) for item in report.items)
    for gap in report.gaps:
        where = f": {', '.join(gap.where)}" if gap.where else ""
        yield f"::notice title={_value('not checked: ' + gap.what)}::{_data(gap.why + where)}"
    # a line that began with :: would be a command
    for text in (*scope(report), *report.compared, *report.chosen,
                 *(f"assumed: {x}" for x in report.assumed)):
        yield visible(text).lstrip(":")


def _annotation(item: Item) -> str:
    one = item.finding
    place = {"file": one.path, "line": one.line, "col": one.column, "title": one.rule}
    said = ",".join(f"{name}={_value(str(value))}" for name, value in place.items() if value)
    tail = ", ".join(part for part in (one.commit, one.config) if part)
    text = [f"{one.message} ({tail})" if tail else one.message, *one.notes]
    text += [f"{word}: {more}" for word, more in
             (("sent as", item.sent), ("fix", item.fix), ("again", item.again)) if more]
    return f"::{_WORD[one.severity]} {said}::{_data(chr(10).join(text))}"


def _data(text: str) -> str:
    text = visible(text).replace("%", "%25").replace("\r", "%0D")
    return text.replace("\n", "%0A")


def _value(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
