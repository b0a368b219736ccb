# SPDX-License-Identifier: GPL-2.0-only
"""Every form in which a report can be had, by the name that the user gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from checks.report import b4, data, github, junit, sarif, text
from checks.report.record import Report

FORMS: Mapping[str, Callable[[Report], str]] = {
    "text": text.render,
    "json": data.render,
    "sarif": sarif.render,
    "junit": junit.render,
    "github": github.render,
    "b4-prep": b4.prep,
    "b4-review": b4.review,
}
# what every verb that checks can give, beside the text and the JSON that are its own
SHARED = ("sarif", "junit", "github")
