# SPDX-License-Identifier: GPL-2.0-only
"""A report for a program: JSON, as schemas/validate-1.json describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from checks.report.record import Item, Report

# Of an incompatible change this number and the file of the schema get the next one.
SCHEMA = "portwright-validate-1"


def render(report: Report) -> str:
    """Return the report as JSON."""
    return json.dumps(record(report), indent=2)


def record(report: Report) -> Mapping[str, object]:
    """Return the report as what JSON has."""
    scope = report.scope
    return {
        "schema": SCHEMA,
        "verb": report.verb,
        "about": report.about,
        "clean": report.clean,
        "kernel": scope.kernel,
        "source": scope.source,
        "base": scope.base,
        "tools": dict(scope.tools),
        "configurations": list(scope.configurations),
        "checks": list(report.checks),
        "patches": [vars(row) for row in report.rows],
        "commits": [row.commit for row in report.rows],
        "not_checked": [{**vars(gap), "where": list(gap.where)} for gap in report.gaps],
        "chosen": list(report.chosen),
        "assumed": list(report.assumed),
        "compared": list(report.compared),
        "findings": [_finding(item) for item in report.items],
    }


def _finding(item: Item) -> Mapping[str, object]:
    one = item.finding
    return {
        "check": item.check,
        "rule": one.rule,
        "severity": one.severity.value,
        "message": one.message,
        "path": one.path,
        "line": one.line,
        "column": one.column,
        "commit": one.commit,
        "config": one.config,
        "notes": list(one.notes),
        "text": item.text,
        "function": item.function,
        "sent": item.sent,
        "fix": item.fix,
        "again": item.again,
    }
