# SPDX-License-Identifier: GPL-2.0-only
"""A report as SARIF 2.1.0, which code hosts and editors read.

Source: OASIS, Static Analysis Results Interchange Format Version 2.1.0.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from checks.finding import Finding, Severity
from checks.report.record import Item, Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL = {
    Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note",
    Severity.EXPECTED: "note",
}  # fmt: skip
_TREE = "TREE"  # what paths of the kernel are relative to: only the reader knows where it is


def render(report: Report) -> str:
    """Return the report as a SARIF log of one run."""
    return json.dumps(record(report), indent=2)


def record(report: Report) -> Mapping[str, object]:
    """Return the log as what JSON has."""
    rules = sorted({item.finding.rule for item in report.items})
    mails = {*(row.file for row in report.rows), *report.own}
    versions = dict(report.scope.tools)
    gaps = [_text(f"{gap.what}: {gap.why}" + (f" ({', '.join(gap.where)})" if gap.where else ""))
            for gap in report.gaps]
    run = {
        "tool": {"driver": {
            "name": "portwright",
            "version": versions.get("portwright", "unknown"),
            "rules": [{"id": rule} for rule in rules],
        }},
        "invocations": [{
            "executionSuccessful": report.ends in (0, 1),
            "exitCode": report.ends,
            "toolExecutionNotifications": [
                {"descriptor": {"id": "not-checked"}, "level": "note", "message": text}
                for text in gaps
            ],
        }],
        "originalUriBaseIds": {_TREE: {"description": _text(
            f"the kernel tree, {report.scope.kernel}, with the patches of {report.about}")}},
        "results": [_result(item, rules, mails) for item in report.items],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "about": report.about,
            "base": report.scope.base,
            "kernel": report.scope.kernel,
            "source": report.scope.source,
            "tools": versions,
            "configurations": list(report.scope.configurations),
            "chosen": list(report.chosen),
            "assumed": list(report.assumed),
            "compared": list(report.compared),
        },
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _text(words: str) -> Mapping[str, str]:
    return {"text": words}


def _result(item: Item, rules: Sequence[str], mails: set[str]) -> Mapping[str, object]:
    one = item.finding
    found: dict[str, object] = {
        "ruleId": one.rule,
        "ruleIndex": rules.index(one.rule),
        "level": _LEVEL[one.severity],
        "message": _text("\n".join((one.message, *one.notes))),
        "partialFingerprints": {"portwright/v1": _print(item)},
        "properties": {
            "check": item.check, "commit": one.commit, "config": one.config, "fix": item.fix,
            "again": item.again, "sent": item.sent,
        },
    }
    if one.path:
        found["locations"] = [{"physicalLocation": _place(one, item.text, mails)}]
    if one.severity is Severity.EXPECTED:
        found["suppressions"] = [{"kind": "external", "justification": "\n".join(one.notes)}]
    return found


def _place(one: Finding, text: str, mails: set[str]) -> Mapping[str, object]:
    artifact = {"uri": quote(one.path)}
    if one.path not in mails and not one.path.startswith("/"):
        artifact["uriBaseId"] = _TREE
    place: dict[str, object] = {"artifactLocation": artifact}
    if one.line:
        region: dict[str, object] = {"startLine": one.line}
        if one.column:
            region["startColumn"] = one.column
        if text:
            region["snippet"] = _text(text)
        place["region"] = region
    return place


def _print(item: Item) -> str:
    """Return what stays the same when lines above the finding come and go."""
    one = item.finding
    words = "\0".join((one.rule, one.path, one.message, " ".join(item.text.split()), one.config))
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()
