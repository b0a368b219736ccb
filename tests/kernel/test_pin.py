# SPDX-License-Identifier: GPL-2.0-only
"""The set-up of a pin, on a package of our own that a stand-in for the archive serves."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from clones import FILES, WHEN, shell
from house import HOUSE
from waiting import LONG

from generator.__main__ import main
from generator.errors import EnvironmentFault, Refused, TreeError, UsageError
from generator.kernel import moving, pin, unpack
from generator.kernel.archive import served
from generator.system.cache import locked
from generator.system.plumbing import git


@pytest.fixture
def archive(tmp_path: Path, cached: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `tiny`, version 1-1, a lock file for it, and apt programs that serve it."""
    where = tmp_path / "archive"
    (where / "bin").mkdir(parents=True)
    _package(where, "1-1", FILES)
    (where / "bin/apt-get").write_text(
        f'#!/bin/sh\necho "$@" >>{where}/asked\n'
        f'[ "$1" != indextargets ] || cat {where}/targets\n'
        '[ "$1" = download ] || exit 0\n'
        f"echo fetched >>{where}/log\n"
        f'for last; do :; done; cp "{where}/${{last%=*}}_${{last#*=}}.deb" .\n'
    )
    (where / "bin/apt-cache").write_text(f"#!/bin/sh\ncat {where}/madison\n")
    (where / "targets").write_text(
        "stable-security main http://example.org/security/\nstable contrib http://example.org/c/\n"
        "stable main http://example.org/debian/\n"
    )
    for program in ("apt-get", "apt-cache"):
        (where / "bin" / program).chmod(0o755)
    _serve(where, "1-1")
    monkeypatch.setenv("PATH", f"{where}/bin:{os.environ['PATH']}")
    monkeypatch.setattr(pin, "NEEDED_BYTES", 1 << 20)
    monkeypatch.setattr(pin, "HOUSE", tmp_path)
    return where


def _serve(where: Path, *versions: str) -> None:
    (where / "madison").write_text("".join(f"tiny | {v} | somewhere\n" for v in versions))


def _package(where: Path, version: str, contents: dict[str, str]) -> None:
    root = where / "root"
    shutil.rmtree(root, ignore_errors=True)
    source = where / "tiny"
    shutil.rmtree(source, ignore_errors=True)
    for name, text in contents.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    (source / "drivers/pci/run.sh").chmod(0o755)
    (source / "link").symlink_to("drivers/pci")
    (root / "usr/src").mkdir(parents=True)
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN/control").write_text(
        f"Package: tiny\nVersion: {version}\nArchitecture: all\n"
        "Maintainer: T <t@example.org>\nDescription: tiny\n"
    )
    tarball = root / "usr/src/tiny.tar.xz"
    with tarfile.open(tarball, "w:xz") as out:
        out.add(source, "tiny")
    deb = where / f"tiny_{version}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-b", root, deb], check=True, capture_output=True
    )


def _lock_file(where: Path, **changes: str) -> Path:
    """Write a lock file that pins the package as `tiny`, and beside it one that nobody asks for."""
    tarball = (where / "root/usr/src/tiny.tar.xz").read_bytes()
    shell(where / "tiny", "rm -rf ../t.git; git init -q --bare ../t.git")
    told = shell(
        where / "tiny",
        "export GIT_DIR=../t.git GIT_WORK_TREE=.; git add -f -A; git write-tree",
    )
    tree = told.split()[-1]
    identity = "GIT_{0}_NAME=Portwright GIT_{0}_EMAIL=portwright@invalid GIT_{0}_DATE='{1}'"
    both = " ".join(identity.format(who, WHEN) for who in ("AUTHOR", "COMMITTER"))
    commit = shell(
        where / "tiny",
        f"echo 'Linux 6.12.1 (tiny 1-1)' | {both} git --git-dir=../t.git commit-tree {tree}",
    ).strip()
    said = {
        "suite": "",
        "package": "tiny",
        "files": len(FILES) + 1,
        "package_version": "1-1",
        "version": "6.12.1",
        "tarball": "./usr/src/tiny.tar.xz",
        "date": WHEN,
        "deb_sha256": hashlib.sha256((where / "tiny_1-1.deb").read_bytes()).hexdigest(),
        "tarball_sha256": hashlib.sha256(tarball).hexdigest(),
        "tree": tree,
        "commit": commit,
        **changes,
    }
    lock = where / "pin.toml"
    rows = [f"{key} = {json.dumps(value)}\n" for key, value in said.items()]
    other = [row.replace("6.12.1", "7.3.1").replace("1-1", "9-1") for row in rows]
    lock.write_text(
        'default = "old"\n[kernels.new]\n' + "".join(other) + "[kernels.old]\n" + "".join(rows)
    )
    return lock


def test_set_up_imports_the_package_and_does_nothing_twice(archive: Path, cached: Path) -> None:
    lock = _lock_file(archive)
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
    lock = _lock_file(archive, **{key: "0" * 40})
    with pytest.raises(TreeError, match="says 0000"):
        pin.pinned(lock_file=lock)
    assert not list((cached / "tree").iterdir())
    pin.pinned(lock_file=_lock_file(archive))


def test_a_damaged_download_in_the_cache_is_fetched_again(archive: Path, cached: Path) -> None:
    lock = _lock_file(archive)
    pin.pinned(lock_file=lock)
    shutil.rmtree(cached / "tree")
    kept = next((cached / "deb").iterdir())
    kept.write_bytes(kept.read_bytes()[:-100])
    pin.pinned(lock_file=lock)
    assert (archive / "log").read_text() == "fetched\nfetched\n"


def test_what_an_interrupted_run_left_is_swept_and_set_up_again(
    archive: Path, cached: Path
) -> None:
    lock = _lock_file(archive)
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
        pin.pinned(lock_file=_lock_file(archive))
    assert not (archive / "log").exists()


def test_a_disk_that_fills_up_is_an_error_and_the_next_run_recovers(
    archive: Path, cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = _lock_file(archive)

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
    lock = _lock_file(archive)
    blobs = shell(archive, "git hash-object tiny/Makefile tiny/Kconfig").split()
    (tmp_path / "patches/old/auxbus").mkdir(parents=True)
    (tmp_path / "patches/old/auxbus/series.json").write_text(
        json.dumps({"files": {"Makefile": [blobs[0], None], "Kconfig": [blobs[1], None]}})
    )
    _package(archive, "2-1", {**FILES, "Kconfig": "other\n"})
    _serve(archive, "2-1", "0-1")
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
    lock = _lock_file(archive)
    read = pin.read_pin
    monkeypatch.setattr(pin, "read_pin", lambda name, file=lock: read(name, file))
    assert not pin.gone(pin.read_pin("", lock)), "it is served"
    _serve(archive, "2-1")
    assert main(["tree", "setup", "--if-served"]) == 0
    assert "is no longer served; what needs it is not done" in capsys.readouterr().err
    assert main(["tree", "show", "--if-served"]) == 2
    _serve(archive, "1-1")
    pin.pinned(lock_file=lock)
    _serve(archive, "2-1")
    assert not pin.gone(pin.read_pin("", lock)), "it is here"


def test_an_archive_that_offers_nothing_is_named(archive: Path) -> None:
    _serve(archive)
    with pytest.raises(EnvironmentFault, match="no package list offers it"):
        pin.pinned(lock_file=_lock_file(archive))


@pytest.mark.parametrize("package", ["tiny", "tiny=2-1", "tiny/backports=2-1"])
def test_a_pin_is_moved_to_what_is_served_and_then_it_is_the_tree(
    archive: Path, package: str
) -> None:
    lock = _lock_file(archive)
    first = pin.pinned(lock_file=lock)
    said = lock.read_text()
    _package(archive, "2-1", {**FILES, "Kconfig": "other\n"})
    _serve(archive, "2-1", "1-1")
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
    _package(archive, "1-1", FILES)
    back, _ = pin.taken(moving.asked("old", "tiny/x=1-1", lock))
    assert back.tree == pin.read_pin("old", _lock_file(archive)).tree


def test_a_pin_that_moves_back_to_a_tree_that_is_here_is_as_it_was(archive: Path) -> None:
    lock = _lock_file(archive)
    before = pin.read_pin("old", lock)
    pin.pinned(lock_file=lock)
    _package(archive, "2-1", {**FILES, "Kconfig": "other\n"})
    _serve(archive, "2-1", "1-1")
    moving.write_down(pin.taken(moving.asked("old", "tiny", lock))[0], lock)
    fetched = (archive / "log").read_text()
    back, there = pin.taken(moving.asked("old", "tiny=1-1", lock))
    assert replace(back, version=before.version) == before  # ours is no Debian version
    assert there.base == before.commit
    assert (archive / "log").read_text() == fetched


def test_a_kernel_that_is_pinned_as_well_comes_after_the_others(archive: Path) -> None:
    lock = _lock_file(archive)
    before = lock.read_text()
    _serve(archive, "1-1")
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
    lock = _lock_file(archive)
    before = lock.read_text()
    with pytest.raises(fault, match=said):
        pin.taken(moving.asked(name, package, lock))
    assert lock.read_text() == before


def test_an_installed_program_moves_no_pin(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "INSTALLED", True)
    with pytest.raises(Refused, match="belongs to the installed program"):
        moving.asked("old", "tiny", _lock_file(archive))


def test_a_package_that_nobody_offers_cannot_be_pinned(archive: Path) -> None:
    lock = _lock_file(archive)
    _serve(archive)
    with pytest.raises(EnvironmentFault, match="no package list offers it"):
        moving.asked("old", "tiny", lock)


def test_moving_a_pin_prints_what_differs_to_be_reviewed(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = _lock_file(archive)
    monkeypatch.setattr(pin, "LOCK_FILE", lock)
    read = pin.read_pins
    monkeypatch.setattr(pin, "read_pins", lambda file=lock: read(file))
    monkeypatch.setattr("generator.cli.tree.minded", lambda: {"Kconfig": "everybody"})
    pin.pinned(lock_file=lock)
    argv = ["tree", "pin", "old", "tiny"]
    assert main(argv) == 0
    assert "old: is tiny 1-1 already" in capsys.readouterr().out
    _package(archive, "2-1", {**FILES, "Kconfig": "other\n"})
    _serve(archive, "2-1")
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
    lock = _lock_file(archive)
    first = pin.pinned(lock_file=lock)
    assert first.version == "6.12.1"
    (archive / "tiny_9-1.deb").write_bytes((archive / "tiny_1-1.deb").read_bytes())
    _serve(archive, "9-1")
    with pytest.raises(TreeError, match="makes commit"):  # its message has the version
        pin.pinned(name, lock_file=lock)
    assert pin.at_hand(pin.read_pin("old", lock)) == first
    assert pin.at_hand(pin.read_pin(name, lock)) is None


def test_a_kernel_that_nobody_pinned_is_named_with_those_that_there_are(archive: Path) -> None:
    with pytest.raises(UsageError, match=r"'9\.9' is pinned: there are old \(6\.12\.1\), new"):
        pin.pinned("9.9", lock_file=_lock_file(archive))


def test_another_suite_is_asked_at_the_systems_mirror_by_sources_of_our_own(
    archive: Path, cached: Path
) -> None:
    lock = _lock_file(archive, suite="backports")
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
    _serve(archive)
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
        pin.pinned(lock_file=_lock_file(archive, suite="backports"))


def test_a_second_run_at_the_same_time_waits_and_says_so(archive: Path) -> None:
    lock = _lock_file(archive)
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
