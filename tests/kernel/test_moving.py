# SPDX-License-Identifier: GPL-2.0-only
"""A pin is moved to another package, and what differs is printed to be reviewed."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from clones import FILES
from tiny import lock_file, packed, serve

from generator.__main__ import main
from generator.errors import EnvironmentFault, Refused, TreeError, UsageError
from generator.kernel import moving, pin


@pytest.mark.parametrize("package", ["tiny", "tiny=2-1", "tiny/backports=2-1"])
def test_a_pin_is_moved_to_what_is_served_and_then_it_is_the_tree(
    archive: Path, package: str
) -> None:
    lock = lock_file(archive)
    first = pin.pinned(lock_file=lock)
    said = lock.read_text()
    packed(archive, "2-1", {**FILES, "Kconfig": "other\n"})
    serve(archive, "2-1", "1-1")
    new, there = pin.taken(moving.asked("old", package, lock))
    assert lock.read_text() == said
    moving.write_down(new, lock)
    assert pin.read_pin("old", lock) == new
    assert (new.package_version, new.files) == ("2-1", len(FILES) + 1)
    assert new.suite == ("backports" if "/" in package else "")
    assert (there.work / "Kconfig").read_text() == "other\n"
    # All in it was measured: a set-up from nothing finds the same; the other pin is as it was.
    shutil.rmtree(first.work.parent.parent)
    assert pin.pinned("old", lock_file=lock) == there
    other = said[:said.index("[kernels.old]")]
    assert lock.read_text().startswith(other)
    # And back, when it was removed: the same but for the date, which is the tarball's.
    packed(archive, "1-1", FILES)
    back, _ = pin.taken(moving.asked("old", "tiny/x=1-1", lock))
    assert back.tree == pin.read_pin("old", lock_file(archive)).tree


def test_a_pin_that_moves_back_to_a_tree_that_is_here_is_as_it_was(archive: Path) -> None:
    lock = lock_file(archive)
    before = pin.read_pin("old", lock)
    pin.pinned(lock_file=lock)
    packed(archive, "2-1", {**FILES, "Kconfig": "other\n"})
    serve(archive, "2-1", "1-1")
    moving.write_down(pin.taken(moving.asked("old", "tiny", lock))[0], lock)
    fetched = (archive / "log").read_text()
    back, there = pin.taken(moving.asked("old", "tiny=1-1", lock))
    assert replace(back, version=before.version) == before  # ours is no Debian version
    assert there.base == before.commit
    assert (archive / "log").read_text() == fetched


def test_a_kernel_that_is_pinned_as_well_comes_after_the_others(archive: Path) -> None:
    lock = lock_file(archive)
    before = lock.read_text()
    serve(archive, "1-1")
    new, _ = pin.taken(moving.asked("third", "tiny", lock))
    moving.write_down(new, lock)
    assert lock.read_text().startswith(before)
    assert list(pin.read_pins(lock)) == ["old", "new", "third"]


@pytest.mark.parametrize(("name", "package", "fault", "said"), [
    ("old", "Tiny", UsageError, "tree pin takes NAME PACKAGE"),
    ("a b", "tiny", UsageError, "tree pin takes NAME PACKAGE"),
    ("7.3.1", "tiny", UsageError, "the version of the kernel that is called new"),
    ("old", "tiny=3-1", TreeError, "does not serve this version; it has 1-1"),
])
def test_what_cannot_be_pinned_is_one_error_and_nothing_is_written(
    archive: Path, name: str, package: str, fault: type[Exception], said: str
) -> None:
    lock = lock_file(archive)
    before = lock.read_text()
    with pytest.raises(fault, match=said):
        pin.taken(moving.asked(name, package, lock))
    assert lock.read_text() == before


def test_an_installed_program_moves_no_pin(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "INSTALLED", True)
    with pytest.raises(Refused, match="belongs to the installed program"):
        moving.asked("old", "tiny", lock_file(archive))


def test_a_package_that_nobody_offers_cannot_be_pinned(archive: Path) -> None:
    lock = lock_file(archive)
    serve(archive)
    with pytest.raises(EnvironmentFault, match="no package list offers it"):
        moving.asked("old", "tiny", lock)


def test_moving_a_pin_prints_what_differs_to_be_reviewed(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = lock_file(archive)
    monkeypatch.setattr(pin, "LOCK_FILE", lock)
    read = pin.read_pins
    monkeypatch.setattr(pin, "read_pins", lambda file=lock: read(file))
    monkeypatch.setattr("generator.cli.tree.minded", lambda: {"Kconfig": "everybody"})
    pin.pinned(lock_file=lock)
    argv = ["tree", "pin", "old", "tiny"]
    assert main(argv) == 0
    assert "old: is tiny 1-1 already" in capsys.readouterr().out
    packed(archive, "2-1", {**FILES, "Kconfig": "other\n"})
    serve(archive, "2-1")
    before = lock.read_text()
    assert main([*argv, "-n"]) == 0
    assert "would set up tiny 2-1 and write it to" in capsys.readouterr().out
    assert lock.read_text() == before
    assert main(argv) == 0
    said = capsys.readouterr().out
    assert "old: tiny 2-1, commit " in said
    assert "against tiny 1-1, facts and files" in said
    assert "-1 +1  Kconfig (everybody)" in said
    assert main(["tree", "pin", "old"]) == 2
    assert "tree pin takes NAME PACKAGE" in capsys.readouterr().err
