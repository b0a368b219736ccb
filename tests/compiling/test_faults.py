# SPDX-License-Identifier: GPL-2.0-only
"""A fixed sample of tests/bench/faults.py: each kind of fault is seen, and nothing else is."""

from __future__ import annotations

import pytest
from faults import AT_END, KINDS, fault, planted, spread

from checks.compiling.compile import check
from checks.compiling.target import KernelTarget
from checks.finding import Severity
from generator.kernel import kbuild
from generator.kernel.kbuild import Base
from generator.kernel.tree import read
from generator.series.commit import commits_of

pytestmark = [pytest.mark.kernel, pytest.mark.slow]
# where they are named other than where they stand
ELSEWHERE = ("frame size",)


def test_a_fault_of_each_kind_is_seen_at_its_line(base: Base) -> None:
    units = spread(kbuild.everywhere(base), 200)
    changes = [fault(base.tree, kind, units[7 * number :], 1) for number, kind in
               enumerate(KINDS)]
    # one commit of them all, of other units each: a kind has one of its own
    change: dict[str, bytes] = {}
    for one in changes:
        assert not one.keys() & change.keys()
        change |= one
    found = check(commits_of(["1/1"], [change]), [KernelTarget(base)], lambda _text: None)
    for kind, one in zip(KINDS, changes, strict=True):
        (path,) = one
        old = (read(base.tree, base.tree.base, path) or b"").split(b"\n")
        new = one[path].split(b"\n")
        first = next(n for n, line in enumerate(new, 1) if n > len(old) or line != old[n - 1])
        lines = [item.line for item in found if item.path == path]
        near = range(first - 2, first + 3)
        assert lines, f"{kind}: {path}: nothing is said"
        assert kind in ELSEWHERE or any(line in near for line in lines), (kind, path, lines, first)


def test_nothing_is_said_of_units_in_which_nothing_changes(base: Base) -> None:
    units = spread(kbuild.everywhere(base), 12)  # bench/faults.py takes 300
    change = {path: (read(base.tree, base.tree.base, path) or b"") + b"\n" for path in units}
    found = check(commits_of(["1/1"], [change]), [KernelTarget(base)], lambda _text: None)
    assert [str(one) for one in found if one.severity in (Severity.ERROR, Severity.WARNING)] == []


def test_a_unit_without_a_function_has_no_place_for_a_statement() -> None:
    assert planted("int x;\n", "undeclared identifier") is None
    assert all(planted("int x;\n", kind) for kind in AT_END)
