# SPDX-License-Identifier: GPL-2.0-only
"""Public fixes, reversed: what is told of each, and why the others are missed.

tests/bench/fixes.py tries them all and writes checks/fixes.json; here the table is held to itself,
and a few are tried again.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from reversed import broken, buggy, findings, fixed, fixes, told

from generator.errors import UsageError
from generator.kernel.tree import Tree
from generator.system.house import ROOT

FIXES = {one.cve: one for one in fixes()}


def _found() -> dict[str, Any]:
    rows = json.loads((ROOT / "checks" / "fixes.json").read_text(encoding="utf-8"))
    return {one["cve"]: one for one in rows}


def test_each_fix_has_its_row_and_each_miss_its_reason() -> None:
    assert len(FIXES) >= 60
    assert set(_found()) == set(FIXES)
    found = _found()
    missed = {cve: fix for cve, fix in FIXES.items() if not told(fix, found[cve])}
    unexplained = [cve for cve, fix in missed.items() if len(fix.miss) < 20]
    explained = [cve for cve, fix in FIXES.items() if cve not in missed and fix.miss]
    assert unexplained == []
    assert explained == [], "told now: the reason for the miss is out of date"


def test_the_table_of_the_readme_counts_them() -> None:
    found, rows = _found(), Counter(fix.kind for fix in FIXES.values())
    hits = Counter(fix.kind for cve, fix in FIXES.items() if told(fix, found[cve]))
    table = [f"| {kind} | {rows[kind]} | {hits[kind]} |" for kind in sorted(rows)]
    table.append(f"| all | {len(FIXES)} | {hits.total()} |")
    assert "\n".join(table) in (ROOT / "checks" / "README.md").read_text(encoding="utf-8")
    assert hits.total() * 10 >= len(FIXES) * 6


def test_every_edit_fits_the_pinned_tree(pinned: Tree) -> None:
    for fix in FIXES.values():
        text = fixed(pinned, fix)
        assert buggy(text, fix) != text


def test_an_edit_that_does_not_fit_is_refused(pinned: Tree) -> None:
    fix = next(iter(FIXES.values()))
    with pytest.raises(UsageError, match=r"0 places in drivers"):
        buggy("", fix)
    assert buggy(fixed(pinned, fix), fix)


@pytest.mark.kernel
@pytest.mark.parametrize("cve", [
    "CVE-2024-27412",  # freed though never requested
    "CVE-2022-48907",  # the driver's own data is left
    "CVE-2026-45882",  # a handler before what it reads is there
])
def test_what_is_told_again(pinned: Tree, cve: str) -> None:
    fix, row = FIXES[cve], _found()[cve]
    now = findings(broken(pinned, fix))
    text = buggy(fixed(pinned, fix), fix)
    then = findings(broken(pinned, fix, {fix.path: text.encode()}))
    assert (now, then) == (row["fixed"], row["buggy"])
