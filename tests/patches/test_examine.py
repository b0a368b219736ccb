# SPDX-License-Identifier: GPL-2.0-only
"""What a series says of its checks is what the table of checks has, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from clones import shell
from house import HOUSE
from postings import make_clone

from checks.finding import Finding, Severity
from checks.patches import examine
from checks.patches.examine import CHECKS, Check, assumed, checked
from checks.patches.reported import reported
from checks.report import text
from generator.__main__ import main
from generator.cli import generate
from generator.cli.generate import shipped
from generator.intake.posting import Asked, on
from generator.kernel import kbuild
from generator.kernel.tree import Tree
from generator.system import stopping

PATCHES = HOUSE / "patches" / "6.12" / "auxbus"


def test_a_cover_letter_says_of_the_checks_what_their_table_says() -> None:
    said = json.loads((PATCHES / "series.json").read_text())["provenance"]

    booted = [one for one in said["checked"] if one.startswith("booted in QEMU ")]
    # the first is the exploration of the designs
    assert said["checked"][1:] == [*checked(), *booted]
    assert said["not_checked"][:-1] == assumed()  # the last is hardware


@pytest.mark.kernel
def test_a_row_of_the_table_is_run_told_and_counts(
    pinned: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(work: examine.Work) -> tuple[Finding, ...]:
        return tuple(
            Finding("odd", "it is odd", patch.file, commit=patch.name)
            for patch in work.series.patches[1:2]
        )

    of_series = Check(run, "what is not asked", "nothing", of_series=True)
    monkeypatch.setattr(examine, "CHECKS", {
        "odd": Check(run, "whether it is odd", "oddness of {commits}", assumed=("evenness",)),
        "held": of_series,
    })
    monkeypatch.setattr(kbuild, "prepare_all", lambda *_: ())

    with on(Asked((str(PATCHES),)), pinned) as made:
        done = examine.examine(made, None)
        report = reported(done, made, "validate", "again {}".format)

    assert not done.clean
    assert done.assumed == ("evenness",)
    rows = [line.split("  ")[-1].strip() for line in text.table(report)]
    assert rows[:3] == ["odd", "ok", "1"]
    assert [gap.what for gap in report.gaps] == ["held"]
    assert examine.checked() == ["what is not asked", "whether it is odd"]


@pytest.mark.kernel
def test_a_check_that_was_ended_in_its_middle_is_no_pass(
    pinned: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = Finding("odd:not-finished", "interrupted", severity=Severity.NOTE)
    monkeypatch.setattr(examine, "CHECKS", {"odd": Check(lambda _: (ended,), "oddness", "odd")})

    with on(Asked((str(PATCHES),)), pinned) as made:
        report = reported(examine.examine(made, None), made, "validate", "again {}".format)

    rows = [line.split("  ")[-1].strip() for line in text.table(report)]
    assert rows[1:] == ["?"] * len(report.rows)


def test_cited_commits_are_looked_up_where_there_is_a_history(tmp_path: Path) -> None:
    clone, cut = make_clone(tmp_path / "clone"), tmp_path / "cut"

    def tree(where: Path) -> Tree:
        return Tree(where / ".git", shell(where, "git rev-parse HEAD").strip(), "", where, "here")

    assert examine._history(tree(clone)) is None

    shell(clone, "git commit -q --allow-empty -m 'PCI: Say \"it\"'")
    last = shell(clone, "git rev-parse --short=12 HEAD").strip()
    shell(tmp_path, f"git clone -q --depth=1 file://{clone} {cut}")

    assert examine._history(tree(clone)) == clone / ".git"
    assert examine._title(clone / ".git", last) == 'PCI: Say "it"'
    assert examine._title(clone / ".git", "0" * 12) is None
    assert examine._history(tree(cut)) is None


def test_what_is_held_to_a_design_is_marked_so() -> None:
    assert [name for name, one in CHECKS.items() if one.of_series] == ["design", "rendered"]


def test_patches_has_a_folder_for_each_shipped_series_and_no_other() -> None:
    """So that `make golden`, which makes every series again, leaves out none that is there."""
    folders = {path.name for path in PATCHES.parent.iterdir() if path.is_dir()}

    assert folders == {one.name for one in shipped()}


def test_all_means_every_series_and_the_worst_result(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = {"first": 0, "second": 1, "third": 0}
    made: list[str] = []

    def one(args: object, name: str, tree: object) -> int:
        made.append(name)
        return ways[name]

    monkeypatch.setattr(generate, "chosen", lambda _: None)
    monkeypatch.setattr(generate, "told", lambda _: {})
    monkeypatch.setattr(generate, "shipped", lambda _: list(ways))
    monkeypatch.setattr(generate, "_one", one)

    assert main(["generate", "--all"]) == 1
    assert made == list(ways)


@pytest.mark.parametrize(
    "more", [[], ["--all", "auxbus"], ["--all", "--out", "x"], ["--all", "--refused"]]
)
def test_what_all_does_not_go_with_is_refused(
    more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", *more]) == 2
    assert "--all" in capsys.readouterr().err


def test_configurations_that_nobody_waited_for_are_no_pass(
    nothing_asked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: object) -> Iterator[list[Finding]]:
        stopping._state.asked = 1.0
        yield []

    monkeypatch.setattr(examine, "results", ended)
    work = SimpleNamespace(spec=SimpleNamespace(steps=()), compiled=(), bases=(), laid={})

    assert stopping.attempted(lambda: examine._designs(work)) is None
