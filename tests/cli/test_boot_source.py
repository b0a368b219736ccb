# SPDX-License-Identifier: GPL-2.0-only
"""What boot builds kernels of: of a range, each commit is held to the design after its step."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from clones import shell

from generator.cli import boot_source
from generator.cli.boot_source import commits_of_range, rendered_trees, sources
from generator.designs import auxbus
from generator.errors import UsageError
from generator.kernel.clone import scratch
from generator.kernel.tree import Tree
from generator.series.generate import Series

_WHO = "-c user.name=a -c user.email=a@b"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    shell(tmp_path, f"git init -q -b main; for n in 1 2 3; do git {_WHO} commit -q --allow-empty "
          "-m $n; git tag t$n; done")
    return tmp_path


def _args(clone: Path, commit: str) -> argparse.Namespace:
    return argparse.Namespace(design="auxbus", tree=str(clone), commit=commit, base="", kernel="",
                              allow_newer=False, diffs=[])


def test_a_range_is_its_commits_the_oldest_first(clone: Path) -> None:
    told = shell(clone, "git rev-parse t2 t3").split()

    assert commits_of_range(clone, "t1..t3") == tuple(told)


@pytest.mark.parametrize(("asked", "why"), [
    ("t1..", "with both ends"), ("..t3", "with both ends"), ("t1...t3", "with both ends"),
    ("t3..t1", "no commit in it"), ("t1..t9", "no commit 't9'"),
])
def test_what_is_no_range_is_refused(clone: Path, asked: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        commits_of_range(clone, asked)


def test_a_merge_is_no_series(clone: Path) -> None:
    shell(clone, f"git checkout -q -b side t1; git {_WHO} commit -q --allow-empty -m s; "
          f"git {_WHO} merge -q main -m m")

    with pytest.raises(UsageError, match="has a merge"):
        commits_of_range(clone, "t1..side")


@pytest.mark.kernel
def test_each_commit_is_held_to_the_design_after_its_step(
    made: Series, pinned: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch(tmp_path / ".git", pinned.git_dir / "objects")
    asked = f"{pinned.base}..{made.tip}"
    found = sources(_args(tmp_path, asked))

    assert [one.design for one in found] == [step.design for step in auxbus.SERIES.steps]
    assert [one.commit for one in found] == [one.id for one in made.commits]
    assert [dict(one.overlay) for one in found] == [dict(one.overlay) for one in made.commits]
    assert len({one.name for one in found}) == len(found)  # each has a log of its own
    assert tuple(one.its_tree for one in found) == rendered_trees("auxbus", pinned)
    with pytest.raises(UsageError, match=r"10 commits, the series of auxbus 11"):
        sources(_args(tmp_path, f"{made.commits[0].id}..{made.tip}"))
    monkeypatch.setattr(boot_source, "read_bounded", lambda _: b"")
    laid = argparse.Namespace(**{**vars(_args(tmp_path, asked)), "diffs": ["x.diff"]})
    with pytest.raises(UsageError, match="laid over one commit"):
        sources(laid)
