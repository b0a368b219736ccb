# SPDX-License-Identifier: GPL-2.0-only
"""`portwright tree facts` and `tree compare`, on clones of our own."""

import json
from pathlib import Path

import pytest
from clones import FILES, shell

from generator.__main__ import main
from generator.tree_facts.table import BY_NAME

PORTDRV = "drivers/pci/pcie/portdrv.c"
RESET = "static int pcie_portdrv_slot_reset(struct pci_dev *dev)\n{\n\tpci_restore_state(dev);\n"


@pytest.fixture
def clone(tmp_path: Path, cached: Path) -> Path:
    where = tmp_path / "clone"
    for name, text in (FILES | {PORTDRV: RESET + "\tpci_save_state(dev);\n}\n"}).items():
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_text(text)
    shell(where, "git init -q -b main; git add -f -A; git commit -qm first")
    (where / PORTDRV).write_text(RESET + "}\n")
    shell(where, "git commit -qam second")
    return where


def test_a_tree_says_what_it_answers_and_what_it_does_not(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tree", "facts", "--tree", str(clone), "--json"]) == 1
    rows = {row["fact"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == list(BY_NAME)
    assert rows["slot reset"]["answer"] == "restores"
    assert rows["slot reset"]["places"] == f"{PORTDRV}:3"
    assert "cannot be read: kernel/events/core.c" in rows["open events"]["error"]
    assert main(["tree", "facts", "--tree", str(clone)]) == 1
    said = capsys.readouterr().out
    assert f"slot reset: restores\n    {BY_NAME['slot reset'].says}\n    {PORTDRV}:3" in said


def test_two_trees_differ_in_facts_and_in_files_that_somebody_minds(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [f"{clone}@HEAD~1", f"{clone}@HEAD"]
    assert main(["tree", "compare", *both, "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["facts"] == [{"fact": "slot reset", "old": "restores and saves", "new": "restores"}]
    assert [(row["path"], row["lines"]) for row in said["files"]] == [(PORTDRV, "-1 +0")]
    assert main(["tree", "compare", *both]) == 1
    assert "slot reset\n    restores and saves\n    restores\n" in capsys.readouterr().out


def test_trees_that_are_alike_differ_in_nothing(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tree", "compare", f"{clone}@HEAD", f"{clone}@main"]) == 0
    assert "no file differs that a series touches" in capsys.readouterr().out


def test_a_file_that_only_one_tree_has_is_told(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell(clone, f"git rm -q {PORTDRV}; git commit -qm third")
    for one, other, said in (("HEAD~1", "HEAD", "not in it"), ("HEAD", "HEAD~1", "only there")):
        assert main(["tree", "compare", f"{clone}@{one}", f"{clone}@{other}", "--json"]) == 1
        files = json.loads(capsys.readouterr().out)["files"]
        assert [(row["path"], row["lines"]) for row in files] == [(PORTDRV, said)]


@pytest.mark.parametrize(("argv", "said"), [
    (["compare", "6.12"], "tree compare takes two"),
    (["compare", "6.12", "9.9"], "no kernel '9.9' is pinned"),
    (["facts", "7.3"], "tree facts takes no names; --kernel"),
])
def test_what_cannot_be_compared_is_one_error(
    argv: list[str], said: str, cached: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("generator.cli.tree_facts._named", _named)
    assert main(["tree", *argv]) == 2
    assert said in capsys.readouterr().err


def _named(name: str, _newer: bool) -> None:
    """Know a tree by its name only: none is set up for this."""
    from generator.kernel.pin import read_pin

    read_pin(name)
