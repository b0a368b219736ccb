# SPDX-License-Identifier: GPL-2.0-only
"""A series that does not apply is finished in a work tree of its own, and applied from there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from applied import without_objects, write_series
from clones import WHEN, WHO, clone_at, shell

from generator.__main__ import main
from generator.errors import Conflict, Refused
from generator.intake import resolving
from generator.intake.apply import apply, undo
from generator.intake.posting import Asked
from generator.kernel.clone import own
from generator.series.objects import NewCommit
from generator.system.shell import guarded

ROWS = [f"line {n}\n" for n in range(1, 31)]
FILE = "drivers/pci/rows.c"


@pytest.fixture(autouse=True)
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    where = clone_at(tmp_path / "users/clone")
    (where / FILE).write_text("".join(ROWS))
    (where / "drivers/usb").mkdir()
    (where / "drivers/usb/core.c").write_text("int core;\n")
    shell(where, "git add -f -A; git commit -qm rows")
    return where


def changed(*numbers: int, by: str = "changed") -> bytes:
    rows = [f"{by} {n}\n" if n in numbers else row for n, row in enumerate(ROWS, 1)]
    return "".join(rows).encode()


STEPS = [
    NewCommit("PCI: Five\n", WHO, WHEN, {FILE: changed(5)}),
    NewCommit("PCI: Fifteen\n\nBecause.\n", WHO, WHEN, {FILE: changed(5, 15)}),
    NewCommit("PCI: New\n", WHO, WHEN, {
        FILE: changed(5, 15, 25), "drivers/pci/new.c": b"int n;\n"}),
]


@pytest.fixture
def patches(clone: Path, tmp_path: Path) -> Path:
    """A series on line 15, of which the clone has another one by now."""
    write_series(own(clone, "HEAD"), tmp_path / "patches", STEPS)
    (clone / FILE).write_bytes(changed(15, by="mine"))
    shell(clone, "git commit -qam mine; echo work in progress >>Kconfig")
    (tmp_path / "patches/series.json").unlink()
    return tmp_path / "patches"


def begun(patches: Path, clone: Path) -> tuple[Path, str]:
    """Begin, and return the work tree and what was said."""
    with pytest.raises(Conflict) as told:
        apply(Asked((str(patches),)), clone, "topic", "HEAD", resolve=True)
    found = re.search(r"patch \d of \d waits in (\S+)", str(told.value))
    assert found, told.value
    return Path(found[1]), str(told.value)


def resolved(place: Path) -> None:
    (place / FILE).write_bytes(changed(5, 15))
    shell(place, "git add -f -A")


def test_what_does_not_fit_is_finished_by_hand_and_the_rest_follows(
    clone: Path, patches: Path
) -> None:
    before = without_objects(clone)
    place, said = begun(patches, clone)
    assert without_objects(clone) == before
    assert "0002-PCI-Fifteen.patch:" in said
    assert "does not apply: hunk 1 of drivers/pci/rows.c, at line 12; 6 of the 7 lines" in said
    assert f"(<<<<<<<) in {FILE}" in said
    assert f"--repo {clone} --branch topic --continue" in said
    text = (place / FILE).read_text()
    assert "changed 5\n" in text
    assert "<<<<<<<" in text
    assert "mine 15\n" in text
    assert not (place / "drivers/usb").exists()  # a kernel has 80,000 files

    resolved(place)
    planned = resolving.resumed(clone, "topic", dry_run=True)
    assert without_objects(clone) == before
    done = resolving.resumed(clone, "topic")
    assert done.commits == planned.commits
    assert done.files == planned.files == ("drivers/pci/new.c", FILE)
    assert done.subjects == ("PCI: Five", "PCI: Fifteen", "PCI: New")
    assert "finished by hand" in done.note
    log = shell(clone, "git log --format='%an|%ad|%cn|%s|%b|' --date=raw main..topic~1")
    assert log.startswith(f"A Developer|{WHEN}|User|PCI: Fifteen|Because.\n|\n")
    assert shell(clone, f"git show topic:{FILE}").encode() == changed(5, 15, 25)
    assert not place.parent.exists()
    undo(clone, "topic")
    assert without_objects(clone) == before


def test_without_the_files_that_a_patch_was_made_on_the_hunks_that_fit_are_there(
    clone: Path, patches: Path, tmp_path: Path
) -> None:
    """git merges only by a blob that it has: a clone of another history has it not."""
    shell(clone, "git checkout -q --orphan other; git commit -qam other")
    shell(tmp_path / "users", "git clone -q --single-branch -b other file://$PWD/clone far")
    far = tmp_path / "users/far"
    shell(far, "git config user.name User; git config user.email user@example.org")
    for patch in patches.iterdir():  # nor does it say what it was made on
        patch.write_text(re.sub("base-commit: .*", "", patch.read_text()))
    place, said = begun(patches, far)
    assert f"what does not fit is in {FILE}.rej" in said
    (place / FILE).write_bytes(changed(5, 15))
    shell(place, f"git add -f {FILE}")
    with pytest.raises(Refused, match=r"rows\.c\.rej: put in what did not fit and remove it"):
        resolving.resumed(far, "topic")
    (place / f"{FILE}.rej").unlink()
    assert len(resolving.resumed(far, "topic").commits) == 3


UNFINISHED: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing done": (lambda place: None, r"still in conflict: drivers/pci/rows\.c"),
    "markers staged": (
        lambda place: shell(place, "git add -f -A"), r"rows\.c:\d+: leftover conflict marker"),
    "not staged": (
        lambda place: (resolved(place), (place / FILE).write_bytes(changed(15))),
        r"not staged: drivers/pci/rows\.c"),
    "a new file": (
        lambda place: (resolved(place), (place / "drivers/pci/more.c").write_text("x\n")),
        r"not staged: drivers/pci/more\.c"),
    "as it was": (
        lambda place: shell(place, "git reset -q --hard"), "nothing is staged.*--skip"),
    "committed": (
        lambda place: (resolved(place), shell(place, "git commit -qm mine")),
        "HEAD is .*git reset --soft"),
}


@pytest.mark.parametrize("what", UNFINISHED)
def test_what_is_not_finished_is_refused_with_what_to_do(
    clone: Path, patches: Path, what: str
) -> None:
    place, _ = begun(patches, clone)
    before = without_objects(clone)
    UNFINISHED[what][0](place)
    with pytest.raises(Refused, match=UNFINISHED[what][1]):
        resolving.resumed(clone, "topic")
    assert without_objects(clone) == before


def test_a_patch_can_be_left_out_and_the_next_conflict_waits_in_its_turn(
    clone: Path, patches: Path
) -> None:
    (clone / FILE).write_bytes(changed(15, 25, by="mine"))
    shell(clone, f"git commit -qm more {FILE}")
    before = without_objects(clone)
    place, _ = begun(patches, clone)
    with pytest.raises(Conflict, match=r"(?s)0003-PCI-New.*patch 3 of 3 waits in"):
        resolving.resumed(clone, "topic", skip=True)
    assert without_objects(clone) == before
    text = (place / FILE).read_text()
    assert ("changed 5\n" in text, "mine 15\n" in text) == (True, True)
    (place / FILE).write_bytes(changed(5, 25))
    shell(place, f"git add -f {FILE}")
    done = resolving.resumed(clone, "topic")
    assert done.subjects == ("PCI: Five", "PCI: New")
    assert done.files == ("drivers/pci/new.c", FILE)


def test_a_second_one_is_refused_and_abort_removes_the_first(clone: Path, patches: Path) -> None:
    with pytest.raises(Refused, match="nothing waits to be finished"):
        resolving.resumed(clone, "topic")
    before = without_objects(clone)
    place, _ = begun(patches, clone)
    for resolve in (True, False):
        with pytest.raises(Refused, match="a patch waits in"):
            apply(Asked((str(patches),)), clone, "topic", "HEAD", resolve=resolve)
    assert resolving.abandoned(clone, "topic", dry_run=True) == place
    assert place.is_dir()
    assert resolving.abandoned(clone, "topic") == place
    assert not place.exists()
    assert without_objects(clone) == before
    with pytest.raises(Refused, match="nothing waits"):
        resolving.abandoned(clone, "topic")


def test_a_dry_run_opens_nothing(clone: Path, patches: Path, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="--resolve opens a work tree"):
        apply(Asked((str(patches),)), clone, "topic", "HEAD", resolve=True, dry_run=True)
    assert not (tmp_path / "cache/resolve").exists()


def test_when_it_was_killed_before_the_work_tree_lay_it_is_laid_again(
    clone: Path, patches: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = resolving._laid

    def killed(place: Path, state: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(resolving, "_laid", killed)
    with pytest.raises(KeyboardInterrupt):
        apply(Asked((str(patches),)), clone, "topic", "HEAD", resolve=True)
    monkeypatch.setattr(resolving, "_laid", laid)
    with pytest.raises(Conflict, match="patch 2 of 3 waits in") as told:
        resolving.resumed(clone, "topic")
    found = re.search(r"waits in (\S+)", str(told.value))
    assert found
    resolved(Path(found[1]))
    assert len(resolving.resumed(clone, "topic").commits) == 3


def test_a_series_of_ours_is_finished_on_other_files_and_promises_nothing_there(
    clone: Path, tmp_path: Path
) -> None:
    write_series(own(clone, "HEAD"), tmp_path / "patches", STEPS)
    (clone / FILE).write_bytes(changed(15, by="mine"))
    shell(clone, "git commit -qam mine; git branch here; git reset -q --hard HEAD^")
    with pytest.raises(Conflict, match="these differ"):
        apply(Asked((str(tmp_path / "patches"),)), clone, "topic", onto="here")
    with pytest.raises(Conflict, match=r"waits in (\S+)") as told:
        apply(Asked((str(tmp_path / "patches"),)), clone, "topic", onto="here", resolve=True)
    found = re.search(r"waits in (\S+)", str(told.value))
    assert found
    resolved(Path(found[1]))
    done = resolving.resumed(clone, "topic")
    assert not done.exact
    assert "not what it promises" in done.note


def test_what_is_kept_of_it_and_was_damaged_is_one_error(clone: Path, patches: Path) -> None:
    place, _ = begun(patches, clone)
    (place.parent / "state.json").write_text("{}")
    assert guarded("x", lambda: len(resolving.resumed(clone, "topic").commits)) == 3


def test_the_verb_says_where_it_waits_and_what_became_of_it(
    clone: Path, patches: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    onto = ["--branch", "topic", "--repo", str(clone)]
    assert main(["apply", str(patches), *onto, "--onto", "HEAD", "--resolve"]) == 5
    said = capsys.readouterr()
    assert said.out == ""
    found = re.search(r"waits in (\S+)", said.err)
    assert found
    for how in ("--continue", "--skip", "--abort"):
        assert main(["apply", str(patches), *onto, how]) == 2
        assert f"{how} takes no SERIES" in capsys.readouterr().err
    assert main(["apply", *onto, "--continue"]) == 4
    assert "still in conflict" in capsys.readouterr().err
    assert main(["apply", *onto, "--abort", "-n"]) == 0
    assert capsys.readouterr().out == f"would remove {found[1]}; the clone is as it was\n"
    resolved(Path(found[1]))
    assert main(["apply", *onto, "--continue"]) == 0
    assert "create refs/heads/topic at " in capsys.readouterr().out
