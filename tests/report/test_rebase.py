# SPDX-License-Identifier: GPL-2.0-only
"""What `git rebase -x 'portwright validate HEAD'` prints: a line for a clean commit."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from clones import shell
from house import HOUSE
from postings import SECOND, make_clone, two_patches
from reports import REPORT

from checks.finding import Finding, Severity
from checks.report import text
from checks.report.record import Item
from generator.intake import rebase


def test_within_a_rebase_each_thing_is_said_once_and_a_clean_commit_is_a_line(
    tmp_path: Path, cached: Path
) -> None:
    clone = make_clone(tmp_path / "clone")
    two_patches(clone)
    program = f"PYTHONPATH={HOUSE} {sys.executable} -m generator validate HEAD --tree ."
    run = ["git", "rebase", "-x", f"{program} --only series", "main", "topic"]
    first, second = (subprocess.run(run, cwd=clone, capture_output=True, text=True, check=False)
                     for _ in range(2))

    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    lines = first.stdout.splitlines()
    standing = [line for line in lines if line.startswith(("not checked:", "assumed:", "tools:"))]
    assert "not checked: checkpatch: left out, as asked" in standing
    assert len(standing) == len(set(standing)), "each once"
    assert lines[-1] == f"{SECOND}: ok (series)"
    assert lines.count(lines[0]) == 1, "the table stands above the first commit alone"
    assert second.stdout == first.stdout, "the same once more is another rebase"


def test_a_commit_of_a_rebase_in_which_something_is_found_is_told_with_its_table(
    tmp_path: Path, cached: Path
) -> None:
    clone = make_clone(tmp_path / "clone")
    two_patches(clone)
    bad = "git checkout -q topic; printf 'int x; \\n' >>drivers/pci/ptm.c; git commit -qam third"
    shell(clone, f"{bad}; git checkout -q main")
    program = f"PYTHONPATH={HOUSE} {sys.executable} -m generator validate HEAD --tree ."
    run = ["git", "rebase", "-x", f"{program} --only series", "main", "topic"]
    done = subprocess.run(run, cwd=clone, capture_output=True, text=True, check=False)

    assert done.returncode != 0
    last = done.stdout[done.stdout.index(f"{SECOND}: ok"):].splitlines()
    assert last[1].split() == ["series"]
    assert any(line.startswith("third ") for line in last)
    assert any("[series:" in line for line in last)
    assert not any(line.startswith("not checked:") for line in last)


def test_what_an_earlier_version_of_ours_has_said_in_a_rebase_is_said_anew(
    tmp_path: Path, cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = make_clone(tmp_path / "clone")
    two_patches(clone)
    subprocess.run(["git", "rebase", "-x", "false", "main", "topic"], cwd=clone,
                   capture_output=True, check=False)
    name = rebase.running(clone)
    rebase.say_once(name, ["assumed: x"])

    assert name
    assert rebase.told(rebase.running(clone)) == {"assumed: x"}
    monkeypatch.setattr(rebase, "code", lambda *_: "edited")
    assert rebase.told(rebase.running(clone)) == frozenset()


def test_within_a_rebase_nobody_is_told_whom_a_commit_is_to_be_sent_to() -> None:
    note = Finding("people:to-be-sent", "to be sent to a@example.org", severity=Severity.NOTE)
    for items in ((Item("people", note),), (*REPORT.items, Item("people", note))):
        report = replace(REPORT, items=items)

        assert "to be sent to a@" in text.render(report)
        assert "to be sent to a@" not in text.again(report, frozenset())
        assert "to be sent to a@" not in text.again(report, frozenset(["assumed: x"]))
