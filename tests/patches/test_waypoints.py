# SPDX-License-Identifier: GPL-2.0-only
"""Every commit of the series is its design, and those that claim it change nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checks.finding import Severity
from checks.patches.commits import at, strange, walk
from generator.designs import today
from generator.kernel.configurations import CONFIGS
from generator.kernel.kbuild import Base, prepare
from generator.kernel.tree import read
from generator.series.commit import Commit
from generator.series.generate import Series

CXL_PMU = "drivers/perf/cxl_pmu.c"
PORTDRV = "drivers/pci/pcie/portdrv.c"


@pytest.fixture(scope="module")
def commits(made: Series) -> tuple[Commit, ...]:
    return made.commits


@pytest.mark.kernel
@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_every_commit_is_its_design(name: str, commits: Any, pinned: Any, whole: bool):
    if name != "m" and not whole:
        pytest.skip("make golden holds each to its design under all of them: --whole")
    wrong = [
        str(one)
        for found in walk(commits, prepare(pinned, CONFIGS[name]))
        for one in found
        if one.severity in (Severity.ERROR, Severity.WARNING)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.kernel
def test_a_commit_that_keeps_the_design_must_keep_the_behaviour(commits: Any, base: Any):
    place = next(n for n, one in enumerate(commits) if one.unchanged and PORTDRV in one.changed)
    before, commit = commits[place - 1].overlay, commits[place]
    text = commit.changed[PORTDRV].replace(b"\tpci_save_state(dev);\n", b"\t;\n", 1)
    wrong = replace(
        commit,
        changed={**commit.changed, PORTDRV: text},
        overlay={**commit.overlay, PORTDRV: text},
    )
    found = [one for one in at(wrong, before, base) if one.severity is Severity.ERROR]
    assert len(found) == 2  # not its design, and not what it was
    assert "changes, though this step claims that nothing does" in found[-1].message
    assert {one.commit for one in found} == {commit.name}


@pytest.mark.kernel
def test_the_code_of_a_later_commit_is_not_the_design_of_an_earlier(commits: Any, base: Any):
    *_, second, last = commits
    mixed = replace(second, overlay=last.overlay, changed=last.changed, unchanged=False)
    found = [one for one in at(mixed, {}, base) if one.severity is Severity.ERROR]
    assert [one.path for one in found] == ["drivers/pci/pcie/cxlpmu.c"]


@pytest.mark.kernel
def test_c_that_reads_the_machine_is_not_held_to_its_design(base: Base, tmp_path: Path) -> None:
    secret = tmp_path / "secret.h"
    secret.write_text('#define SECRET "s3cr3t_t0ken"\n')
    path = "drivers/pci/pcie/portdrv.c"
    old = read(base.tree, base.tree.base, path)
    assert old is not None
    text = f'#include "{secret}"\n_Static_assert(0, SECRET);\n'.encode() + old
    commit = Commit("1/1", {path: text}, {path: text}, today.DESIGN)
    (found,) = strange(commit, {}, base)
    assert (found.rule, found.path, found.line) == ("waypoint", path, 1)
    assert "s3cr3t" not in f"{found} {found.notes}"
    assert strange(replace(commit, changed={}, overlay={}), {}, base) == ()
