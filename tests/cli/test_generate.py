# SPDX-License-Identifier: GPL-2.0-only
"""What `generate` does side by side, and what of it is told first."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checks.search.explore import unprepared
from checks.search.told import Report
from generator.cli import generate
from generator.design import Design
from generator.errors import TreeError
from generator.kernel.tree import Tree
from generator.load import load
from generator.series.generate import Texts
from generator.series.spec import SeriesSpec, Step

SECONDS = 60  # for what does not come
Run = Callable[[Callable[[Design], Report | None]], int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what generates auxbus, with explorations of the test's, where nothing is rendered."""
    spec = load("auxbus").series("")
    where = Tree(tmp_path / "none.git", "0" * 40, "0.0", tmp_path, "nothing")

    def texts(_spec: SeriesSpec, _where: Tree) -> Iterator[tuple[Step, Texts, Texts]]:
        (tmp_path / "rendering").touch()
        came(tmp_path / "exploring")
        raise TreeError("nothing can be rendered here")
        yield

    def going(holds: Callable[[Design], Report | None]) -> int:
        def explored(design: Design, *, seconds: float = 0.0) -> Report | None:
            (tmp_path / "exploring").touch()
            came(tmp_path / "rendering")
            return holds(design)

        monkeypatch.setattr(generate, "holds", explored)
        asked = Namespace(out=str(tmp_path / "out"), refused=False, render_only=False,
                          signoff=False, dry_run=False)
        return generate._one(asked, spec, where)

    monkeypatch.setattr(generate.generate, "texts", texts)
    monkeypatch.setattr(generate, "beside_nearest", lambda *_: ())
    return going


def came(file: Path) -> None:
    until = time.monotonic() + SECONDS
    while not file.exists():
        assert time.monotonic() < until, f"{file.name}: nobody does that meanwhile"
        time.sleep(0.01)


def test_designs_are_explored_while_the_series_is_rendered(run: Run) -> None:
    with pytest.raises(TreeError, match="nothing can be rendered here"):
        run(lambda _: None)


def test_a_design_that_is_broken_is_told_before_what_cannot_be_rendered(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(lambda design: unprepared(design, "", 0.0)) == 1
    said = capsys.readouterr().out
    assert said.count("not written") == 1
    assert "nothing can be rendered here" not in said
