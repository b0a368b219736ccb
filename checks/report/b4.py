# SPDX-License-Identifier: GPL-2.0-only
"""A report in the two ways in which b4 reads what checks say.

Source: b4 0.16, LoreMessage.run_local_check() for `prep --check` and `am --check`, and
review/checks.py for `b4 review`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from checks.finding import Severity
from checks.report.record import Item, Report
from generator.system.visible import visible

_ENDED = "ended before it had seen all"
_STATUS = {Severity.ERROR: "fail", Severity.WARNING: "warn"}


def prep(report: Report) -> str:
    """Return a line per finding that counts, nothing when there is none.

    b4 takes a line with `ERROR:` for a failure, any other for a warning, and no line for success:
    so nothing else is said, but that a check was ended.
    """
    return "\n".join([*(_line(item) for item in report.items if item.fails),
                      *(f"{check}: {_ENDED}" for check in sorted(report.unfinished))])


def review(report: Report) -> str:
    """Return a JSON array of one result per check, with the findings as its details."""
    return json.dumps([_result(report, check) for check in report.checks], indent=2)


def _line(item: Item) -> str:
    one = item.finding
    place = ":".join(str(part) for part in (one.path, one.line, one.column) if part)
    return visible(f"{place}: {one.severity.name}: {one.message} [{one.rule}]").replace("\n", " ")


def _result(report: Report, check: str) -> dict[str, str]:
    items = [item for item in report.items if item.check == check]
    bad = [item for item in items if item.fails]
    worst = "fail" if any(x.finding.severity is Severity.ERROR for x in bad) else "warn"
    said = [*(_told(item) for item in items), *_gaps(report)]
    ended = check in report.unfinished
    return {
        "tool": f"portwright {check}",
        "status": worst if bad else "warn" if ended else "pass",
        "summary": _summary(bad) + (f", {_ENDED}" if ended else ""),
        "details": json.dumps(said) if said else "",
    }


def _summary(bad: Sequence[Item]) -> str:
    counts = [(sum(x.finding.severity is kind for x in bad), kind.value)
              for kind in (Severity.ERROR, Severity.WARNING)]
    told = ", ".join(f"{n} {word}{'s' * (n > 1)}" for n, word in counts if n)
    return told or "nothing found"


def _told(item: Item) -> dict[str, str]:
    lines = [str(item.finding), *([f"fix: {item.fix}"] if item.fix else [])]
    told = {"status": _STATUS.get(item.finding.severity, "pass"),
            "description": visible("\n".join(lines))}
    return {**told, "srcline": visible(item.text.strip())} if item.text.strip() else told


def _gaps(report: Report) -> list[dict[str, str]]:
    return [{"status": "pass", "description": visible(f"not checked: {gap.what}: {gap.why}")}
            for gap in report.gaps]
