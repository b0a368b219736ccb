# SPDX-License-Identifier: GPL-2.0-only
"""A report on a directory that is deleted names no file of it."""

from __future__ import annotations

from checks.finding import Finding
from checks.report.record import Gap, Item, Report, Row, Scope, kept_elsewhere


def test_a_report_on_a_directory_that_is_deleted_names_the_one_that_is_kept() -> None:
    scratch = "/tmp/portwright-x/auxbus"
    mail = f"{scratch}/0001-a.patch"
    report = Report(
        "generate", scratch, ("series",), (Row("1", mail),),
        (Item("series", Finding("series:x", "wrong", mail, 3), sent=f"{mail}:3"),
         Item("compile", Finding("compile", "wrong", "drivers/a.c", 3), sent=f"{mail}:9")),
        Scope("6.12", "", "", ()), (Gap("series", "why", (mail,)),),
    )
    told = kept_elsewhere(report, scratch, "patches/auxbus")
    assert told.about == "patches/auxbus"
    assert [item.finding.path for item in told.items] == ["patches/auxbus/0001-a.patch",
                                                          "drivers/a.c"]
    assert "portwright-x" not in repr(told)
