# SPDX-License-Identifier: GPL-2.0-only
"""The set-up of a pin, on a package of our own that a stand-in for the archive serves."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from clones import FILES, shell
from house import HOUSE
from tiny import lock_file, packed, serve
from waiting import LONG

from generator.__main__ import main
from generator.errors import EnvironmentFault, TreeError, UsageError
from generator.kernel import pin, unpack
from generator.kernel.archive import served
from generator.system.cache import locked
from generator.system.plumbing import git


def test_set_up_imports_the_package_and_does_nothing_twice(archive: Path, cached: Path) -> None:
    lock = lock_file(archive)
    place = pin.pinned(lock_file=lock)
    tree = git(place.git_dir, "rev-parse", f"{place.base}^{{tree}}").decode().strip()
    assert tree == pin.read_pin(lock_file=lock).tree
    assert place.base == pin.read_pin(lock_file=lock).commit
    assert os.readlink(place.work / "link") == "drivers/pci"
    assert os.access(place.work / "drivers/pci/run.sh", os.X_OK)
    assert not list((cached / "tree").glob("tmp-*"))
    shutil.rmtree(archive / "bin")
    assert pin.pinned(lock_file=lock) == place


@pytest.mark.parametrize("key", ["deb_sha256", "tarball_sha256", "tree", "commit"])
def test_what_is_not_what_was_pinned_is_an_error_and_nothing_is_kept(
    archive: Path, cached: Path, key: str
) -> None:
    lock = lock_file(archive, **{key: "0" * 40})
    with pytest.raises(TreeError, match="says 0000"):
        pin.pinned(lock_file=lock)
    assert not list((cached / "tree").iterdir())
    pin.pinned(lock_file=lock_file(archive))


def test_a_damaged_download_in_the_cache_is_fetched_again(archive: Path, cached: Path) -> None:
    lock = lock_file(archive)
    pin.pinned(lock_file=lock)
    shutil.rmtree(cached / "tree")
    kept = next((cached / "deb").iterdir())
    kept.write_bytes(kept.read_bytes()[:-100])
    pin.pinned(lock_file=lock)
    assert (archive / "log").read_text() == "fetched\nfetched\n"


def test_what_an_interrupted_run_left_is_swept_and_set_up_again(
    archive: Path, cached: Path
) -> None:
    lock = lock_file(archive)
    place = pin.pinned(lock_file=lock)
    # Killed between the renames and the stamp, and another time in the middle of the import.
    (place.work.parent / "complete.json").unlink()
    (place.work / "Makefile").unlink()
    (cached / "tree/tmp-killed/linux").mkdir(parents=True)
    assert pin.pinned(lock_file=lock) == place
    assert (place.work / "Makefile").exists()
    assert not (cached / "tree/tmp-killed").exists()


def test_too_little_room_is_said_before_anything_is_fetched(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pin, "NEEDED_BYTES", 1 << 60)
    with pytest.raises(EnvironmentFault, match="MiB free, the kernel tree needs"):
        pin.pinned(lock_file=lock_file(archive))
    assert not (archive / "log").exists()


def test_a_disk_that_fills_up_is_an_error_and_the_next_run_recovers(
    archive: Path, cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = lock_file(archive)

    def full(*_: object) -> tuple[str, bytes]:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(unpack, "_entry", full)
        with pytest.raises(EnvironmentFault, match="the disk is full; free"):
            pin.pinned(lock_file=lock)
    assert not list((cached / "tree").iterdir())
    assert pin.pinned(lock_file=lock).base


def test_a_version_no_longer_served_names_what_differs_in_the_one_at_hand(
    archive: Path, tmp_path: Path
) -> None:
    lock = lock_file(archive)
    blobs = shell(archive, "git hash-object tiny/Makefile tiny/Kconfig").split()
    (tmp_path / "patches/old/auxbus").mkdir(parents=True)
    (tmp_path / "patches/old/auxbus/series.json").write_text(
        json.dumps({"files": {"Makefile": [blobs[0], None], "Kconfig": [blobs[1], None]}})
    )
    packed(archive, "2-1", {**FILES, "Kconfig": "other\n"})
    serve(archive, "2-1", "0-1")
    with pytest.raises(TreeError) as refused:
        pin.pinned(lock_file=lock)
    text = str(refused.value)
    assert "tiny 1-1 is no longer served; at hand is 2-1" in text
    assert "  Kconfig\n" in text
    assert "Makefile" not in text
    assert "--allow-newer" in text
    newer = pin.pinned(allow_newer=True, lock_file=lock)
    assert newer.source == "tiny 2-1"
    assert (newer.work / "Kconfig").read_text() == "other\n"


def test_a_version_is_gone_when_it_is_neither_here_nor_served(
    archive: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = lock_file(archive)
    read = pin.read_pin
    monkeypatch.setattr(pin, "read_pin", lambda name, file=lock: read(name, file))
    assert not pin.gone(pin.read_pin("", lock)), "it is served"
    serve(archive, "2-1")
    assert main(["tree", "setup", "--if-served"]) == 0
    assert "is no longer served; what needs it is not done" in capsys.readouterr().err
    assert main(["tree", "show", "--if-served"]) == 2
    serve(archive, "1-1")
    pin.pinned(lock_file=lock)
    serve(archive, "2-1")
    assert not pin.gone(pin.read_pin("", lock)), "it is here"


def test_an_archive_that_offers_nothing_is_named(archive: Path) -> None:
    serve(archive)
    with pytest.raises(EnvironmentFault, match="no package list offers it"):
        pin.pinned(lock_file=lock_file(archive))


@pytest.mark.parametrize("text", [
    "package = 'x'\n", "default = 'x'\nkernels = 1\n", "default = 'x'\n[kernels.y]\n", "[",
    "default = 'x'\n[kernels]\n",
])
def test_a_damaged_lock_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "pin.toml").write_text(text)
    with pytest.raises(TreeError, match="restore it from the repository"):
        pin.pinned(lock_file=tmp_path / "pin.toml")


@pytest.mark.parametrize("name", ["new", "7.3.1", "v7.3.1"])
def test_a_pin_is_taken_by_its_name_or_version_and_beside_the_other(
    archive: Path, name: str
) -> None:
    lock = lock_file(archive)
    first = pin.pinned(lock_file=lock)
    assert first.version == "6.12.1"
    (archive / "tiny_9-1.deb").write_bytes((archive / "tiny_1-1.deb").read_bytes())
    serve(archive, "9-1")
    with pytest.raises(TreeError, match="makes commit"):  # its message has the version
        pin.pinned(name, lock_file=lock)
    assert pin.at_hand(pin.read_pin("old", lock)) == first
    assert pin.at_hand(pin.read_pin(name, lock)) is None


def test_a_kernel_that_nobody_pinned_is_named_with_those_that_there_are(archive: Path) -> None:
    with pytest.raises(UsageError, match=r"'9\.9' is pinned: there are old \(6\.12\.1\), new"):
        pin.pinned("9.9", lock_file=lock_file(archive))


def test_another_suite_is_asked_at_the_systems_mirror_by_sources_of_our_own(
    archive: Path, cached: Path
) -> None:
    lock = lock_file(archive, suite="backports")
    assert pin.pinned(lock_file=lock).version == "6.12.1"
    said = (cached / "apt/backports/sources.list").read_text()
    assert said.startswith("deb ")
    assert said.endswith("http://example.org/debian/ backports main\n")
    asked = (archive / "asked").read_text().splitlines()
    download = next(line for line in asked if line.startswith("download"))
    assert f"Dir::Etc::sourcelist={cached}/apt/backports/sources.list" in download
    assert "Dir::Etc::sourceparts=/dev/null" in download
    assert f"Dir::State::lists={cached}/apt/backports/lists" in download


def test_a_suite_whose_lists_are_missing_gets_them_and_one_that_is_the_systems_as_root_only(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(archive)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for suite, updates in (("", 0), ("backports", 1)):
        (archive / "asked").unlink(missing_ok=True)
        assert served("tiny", suite) == []
        (archive / "asked").touch()
        asked = (archive / "asked").read_text().splitlines()
        assert sum(line.startswith("update") for line in asked) == updates


def test_a_system_without_sources_cannot_name_a_mirror(archive: Path) -> None:
    (archive / "targets").write_text("stable-security main http://example.org/security/\n")
    with pytest.raises(EnvironmentFault, match="no source to take the mirror of backports from"):
        pin.pinned(lock_file=lock_file(archive, suite="backports"))


def test_a_second_run_at_the_same_time_waits_and_says_so(archive: Path) -> None:
    lock = lock_file(archive)
    code = (
        "import pathlib, sys; from generator.kernel import pin; pin.NEEDED_BYTES = 1; "
        "pin.pinned(lock_file=pathlib.Path(sys.argv[1]))"
    )
    with locked("tree"):
        second = subprocess.Popen(
            [sys.executable, "-c", code, lock], stderr=subprocess.PIPE, text=True, cwd=HOUSE
        )
        assert second.stderr is not None
        assert "another run holds" in second.stderr.readline()
        assert second.poll() is None
        assert not (archive / "log").exists()
    assert second.wait(LONG) == 0
    second.stderr.close()
    assert (archive / "log").read_text() == "fetched\n"
