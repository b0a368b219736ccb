# SPDX-License-Identifier: GPL-2.0-only
"""A report with a finding of each kind, to be had in every form."""

from __future__ import annotations

from checks.finding import Finding, Severity
from checks.report.record import Gap, Item, Report, Row, Scope

FIRST, SECOND = "1/2 PCI: One", "2/2 PCI: Two <&>"
ROWS = (Row(FIRST, "out/0001.patch", "a" * 40), Row(SECOND, "out/0002.patch", "b" * 40))
WRONG = Item(
    "compile",
    Finding("compile:error", "no member named 'x%y'", "drivers/pci/a, b.c", 12, 10,
            commit=FIRST, config="m y", notes=("include/linux/pci.h:3: it is here",)),
    "\treturn p->x;", "out/0001.patch:40", "add the member", "portwright validate out",
)  # fmt: skip
ODD = Item("series", Finding("series:subject-form", "no prefix", "out/0002.patch", 4,
                             severity=Severity.WARNING, commit=SECOND), "One \x1b[2K::error::")
FINE = Item("series", Finding("series:spdx", "none", "out/0002.patch", commit=SECOND,
                              severity=Severity.EXPECTED, notes=("a table",)))
BY_THE_WAY = Item("series", Finding("series:reading", "base: guessed", severity=Severity.NOTE))
REPORT = Report(
    "validate", "out", ("series", "compile"), ROWS, (WRONG, ODD, FINE, BY_THE_WAY),
    Scope("6.12.1", "here", "c" * 40, (("portwright", "1.0"), ("git", "2.39")), ("m", "y")),
    (Gap("design", "nobody says which", ("a.c (n)",)),), ("not made, as asked: checkpatch",),
    ("headers of the base",), ("1: aaa = 1: bbb PCI: One",),
)
