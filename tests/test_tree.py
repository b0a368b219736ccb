# SPDX-License-Identifier: GPL-2.0-only
"""The pinned tree is the one that was pinned; set-up recovers; the user's clone is not touched."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from clones import FILES, WHEN, WHO, shell, snapshot

from generator import pin, plumbing
from generator.errors import EnvironmentFault, Timeout, TreeError, UsageError
from generator.plumbing import git, run
from generator.tree import (
    Change,
    Tree,
    commits,
    differing,
    files,
    format_patch,
    own,
    read,
    read_many,
    touched,
    tree_id,
)


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    where = tmp_path / "clone"
    for name, text in FILES.items():
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_text(text)
    (where / "drivers/pci/run.sh").chmod(0o755)
    (where / "link").symlink_to("drivers/pci")
    shell(where, "git init -q -b main; git add -f -A; git commit -qm first")
    return where


@pytest.fixture
def tree(clone: Path, cached: Path) -> Tree:
    return own(clone, "HEAD")


@pytest.mark.kernel
def test_the_base_commit_has_the_pinned_id_and_tree(pinned: Tree) -> None:
    said = pin.read_pin()
    assert pinned.base == said.commit == "27d47bdeba02a33eb73efcd2ad2841ca7e29bbd0"
    assert tree_id(pinned, pinned.base) == said.tree == "23481b65e33b461f4934938716acfba8fe6d61dd"
    assert pinned.version == "6.12.117"
    assert len(files(pinned, pinned.base)) == 86691


@pytest.mark.kernel
@pytest.mark.slow
def test_the_checkout_is_the_base_commit_file_by_file(pinned: Tree, tmp_path: Path) -> None:
    index = {"GIT_INDEX_FILE": str(tmp_path / "index")}
    git(pinned.git_dir, "read-tree", pinned.base, env=index)
    where = f"--work-tree={pinned.work}"
    # Fails when a file differs in content, mode or kind, and names it.
    git(pinned.git_dir, where, "update-index", "--really-refresh", env=index, timeout=300)
    others = git(pinned.git_dir, where, "ls-files", "--others", env=index, timeout=300)
    assert others == b""


def test_own_reads_a_revision_and_leaves_the_clone_byte_identical(
    clone: Path, cached: Path, tmp_path: Path
) -> None:
    shell(clone, "echo dirty >>Makefile; echo staged >new; git add -f new; git stash list")
    before = snapshot(clone)
    tree = own(clone, "HEAD")
    assert tree.version == "6.12.117"
    assert read(tree, tree.base, "Makefile") == FILES["Makefile"].encode()
    assert (tree.work / "Makefile").read_text() == FILES["Makefile"]
    assert os.access(tree.work / "drivers/pci/run.sh", os.X_OK)
    assert os.readlink(tree.work / "link") == "drivers/pci"
    tip = commits(tree, tree.base, [Change("x\n", WHO, WHEN, {"a.c": b"1\n"})])[-1]
    format_patch(tree, tree.base, tip, "Subject", "Body", tmp_path / "out")
    assert snapshot(clone) == before
    assert own(clone, "main") == Tree(
        tree.git_dir, tree.base, tree.version, tree.work, f"{clone}@main"
    )


def test_own_reads_a_shallow_clone_and_a_linked_worktree(clone: Path, cached: Path) -> None:
    shell(clone, "echo >>Kconfig; git commit -qam second; git worktree add -q ../linked HEAD~1")
    shell(clone.parent, f"git clone -q --depth 1 file://{clone} shallow")
    assert own(clone.parent / "shallow", "HEAD").base == shell(clone, "git rev-parse HEAD").strip()
    assert own(clone.parent / "linked", "HEAD").base == shell(clone, "git rev-parse HEAD~1").strip()


@pytest.mark.parametrize("rev", ["nothing", "HEAD:Makefile", "--all", "HEAD~5"])
def test_own_names_a_revision_that_is_no_commit(clone: Path, cached: Path, rev: str) -> None:
    with pytest.raises(UsageError, match="no commit"):
        own(clone, rev)


def test_own_names_a_directory_that_is_no_clone(tmp_path: Path, cached: Path) -> None:
    with pytest.raises(UsageError, match="not a git repository"):
        own(tmp_path, "HEAD")


def test_own_refuses_what_is_no_linux_tree(tmp_path: Path, cached: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shell(other, "git init -q; echo >x; git add x; git commit -qm x")
    with pytest.raises(TreeError, match="no Linux tree"):
        own(other, "HEAD")


def test_reading_distinguishes_no_file_from_no_commit(tree: Tree) -> None:
    got = read_many(tree, [(tree.base, "Kconfig"), (tree.base, "none"), (tree.base, "drivers")])
    assert list(got.values()) == [b"mainmenu\n", None, None]
    with pytest.raises(TreeError, match="f00"):
        read(tree, "f00" * 13 + "f", "Kconfig")
    assert files(tree, tree.base, "drivers") == ("drivers/pci/probe.c", "drivers/pci/run.sh")


def test_commits_are_the_same_every_time_and_leave_no_ref(tree: Tree) -> None:
    steps = [
        Change("one\n\nwhy\n", WHO, WHEN, {"drivers/pci/run.sh": b"#!/bin/sh\n:\n"}),
        Change("two\n", WHO, WHEN, {"drivers/pci/new.c": b"", "Kconfig": None}),
        Change("three\n", WHO, WHEN, {"drivers/pci/new.c": b"int x;\n"}),
    ]
    ids = commits(tree, tree.base, steps)
    assert ids == commits(tree, tree.base, steps)
    assert git(tree.git_dir, "for-each-ref") == b""
    assert touched(tree, tree.base, ids[0]) == ("drivers/pci/run.sh",)
    assert b"100755" in git(tree.git_dir, "ls-tree", ids[0], "drivers/pci/run.sh")
    assert touched(tree, tree.base, ids[2]) == (
        "Kconfig",
        "drivers/pci/new.c",
        "drivers/pci/run.sh",
    )
    told = git(tree.git_dir, "log", "-1", "--format=%an %ae %ad %cn %cd|%B", "--date=raw", ids[0])
    assert told.decode().strip() == (
        f"A Developer dev@example.org {WHEN} A Developer {WHEN}|one\n\nwhy"
    )


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        ({}, "changes nothing"),
        ({"Kconfig": b"mainmenu\n"}, "changes nothing"),
        ({"../x": b""}, "not a path inside"),
        ({"/etc/x": b""}, "not a path inside"),
        ({"a/.git/config": b""}, "not a path inside"),
        ({"a\nM 100644 inline b": b""}, "not a path inside"),
        ({"gone.c": None}, "not there"),
        ({"link": b"x"}, "no regular file"),
    ],
)
def test_a_step_that_is_no_sane_change_is_refused(
    tree: Tree, edits: dict[str, bytes | None], reason: str
) -> None:
    with pytest.raises(TreeError, match=reason):
        commits(tree, tree.base, [Change("x\n", WHO, WHEN, edits)])


def test_patches_are_byte_identical_whatever_the_user_has_set(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [
        Change("PCI: One\n\nwhy\n", WHO, WHEN, {"drivers/pci/probe.c": b"int probe(void);\n"}),
        Change("PCI: Two\n", WHO, "1700000100 +0100", {"drivers/pci/two.c": b"int two;\n"}),
    ]
    tip = commits(tree, tree.base, steps)[-1]
    say = ("PCI: Do two things", "First one,\nthen two.")
    first = format_patch(tree, tree.base, tip, *say, tmp_path / "a")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.gitconfig").write_text(
        "[diff]\nnoprefix=true\nalgorithm=patience\ncontext=9\n[format]\nsignature=me\n"
        "coverLetter=false\nthread=true\n[core]\nabbrev=20\n[user]\nname=Somebody\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Nobody")
    monkeypatch.setenv("GIT_DIFF_OPTS", "--unified=9")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/0009-stale.patch").write_text("stale")
    (tmp_path / "b/series.json").write_text("kept")
    second = format_patch(tree, tree.base, tip, *say, tmp_path / "b")
    assert [p.name for p in first] == [
        "0000-cover-letter.patch",
        "0001-PCI-One.patch",
        "0002-PCI-Two.patch",
    ]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert sorted(os.listdir(tmp_path / "b")) == [*(p.name for p in second), "series.json"]
    cover = first[0].read_text()
    assert "Subject: [RFC PATCH 0/2] PCI: Do two things\n\nFirst one,\nthen two.\n" in cover
    assert f"base-commit: {tree.base}" in cover
    assert "2 files changed" in cover
    assert "From: A Developer <dev@example.org>" in cover
    assert "***" not in cover
    assert "Date: Tue, 14 Nov 2023 22:13:20 +0000" in first[1].read_text()


def test_patches_apply_with_plain_git_am_to_the_same_tree(
    tree: Tree, clone: Path, tmp_path: Path
) -> None:
    tip = commits(
        tree,
        tree.base,
        [
            Change("PCI: One\n", WHO, WHEN, {"drivers/pci/run.sh": b"#!/bin/sh\nexit 1\n"}),
            Change("PCI: Two\n", WHO, WHEN, {"Kconfig": None, "new": b"no newline"}),
        ],
    )[-1]
    paths = format_patch(tree, tree.base, tip, "Subject", "Body", tmp_path / "out")
    shell(clone, "git am -q " + " ".join(str(path) for path in paths[1:]))
    assert shell(clone, "git rev-parse HEAD^{tree}").strip() == tree_id(tree, tip)


def test_differing_names_files_that_are_other_blobs_or_should_not_be_there(tree: Tree) -> None:
    blob = git(tree.git_dir, "rev-parse", f"{tree.base}:Kconfig").decode().strip()
    said = {"Kconfig": blob, "Makefile": blob, "new.c": None, "link": None}
    assert differing(said, tree) == ("Makefile", "link")


def test_a_program_that_hangs_fails_or_is_missing_is_three_errors() -> None:
    with pytest.raises(Timeout, match=r"sleep 5: no answer within 0 s"):
        run(["sleep", "5"], timeout=0.1)
    with pytest.raises(TreeError, match=r"exit status 3\nwhy"):
        run(["sh", "-c", "echo why >&2; exit 3"])
    with pytest.raises(EnvironmentFault, match="no-such-program: program not found"):
        run(["no-such-program"])


def test_git_of_ours_does_not_hear_a_calling_hook(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent/index")
    assert git(tree.git_dir, "rev-parse", tree.base).decode().strip() == tree.base
    assert "GIT_INDEX_FILE" not in plumbing.git_environment()


# The set-up of a pin, on a package of our own that a stand-in for the archive serves.


@pytest.fixture
def archive(tmp_path: Path, cached: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `tiny`, version 1-1, a lock file for it, and apt programs that serve it."""
    where = tmp_path / "archive"
    (where / "bin").mkdir(parents=True)
    _package(where, "1-1", FILES)
    (where / "bin/apt-get").write_text(
        '#!/bin/sh\n[ "$1" = download ] || exit 0\n'
        f"echo fetched >>{where}/log\n"
        f'for last; do :; done; cp "{where}/${{last%=*}}_${{last#*=}}.deb" .\n'
    )
    (where / "bin/apt-cache").write_text(f"#!/bin/sh\ncat {where}/madison\n")
    for program in ("apt-get", "apt-cache"):
        (where / "bin" / program).chmod(0o755)
    _serve(where, "1-1")
    monkeypatch.setenv("PATH", f"{where}/bin:{os.environ['PATH']}")
    monkeypatch.setattr(pin, "NEEDED_BYTES", 1 << 20)
    monkeypatch.setattr(pin, "ROOT", tmp_path)
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
        "package": "tiny",
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
    lock.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in said.items()))
    return lock


def test_set_up_imports_the_package_and_does_nothing_twice(archive: Path, cached: Path) -> None:
    lock = _lock_file(archive)
    place = pin.place(lock_file=lock)
    assert place.tree == pin.read_pin(lock).tree
    assert place.base == pin.read_pin(lock).commit
    assert os.readlink(place.work / "link") == "drivers/pci"
    assert os.access(place.work / "drivers/pci/run.sh", os.X_OK)
    assert not list((cached / "tree").glob("tmp-*"))
    shutil.rmtree(archive / "bin")
    assert pin.place(lock_file=lock) == place


@pytest.mark.parametrize("key", ["deb_sha256", "tarball_sha256", "tree", "commit"])
def test_what_is_not_what_was_pinned_is_an_error_and_nothing_is_kept(
    archive: Path, cached: Path, key: str
) -> None:
    lock = _lock_file(archive, **{key: "0" * 40})
    with pytest.raises(TreeError, match="says 0000"):
        pin.place(lock_file=lock)
    assert not list((cached / "tree").iterdir())
    pin.place(lock_file=_lock_file(archive))


def test_a_damaged_download_in_the_cache_is_fetched_again(archive: Path, cached: Path) -> None:
    lock = _lock_file(archive)
    pin.place(lock_file=lock)
    shutil.rmtree(cached / "tree")
    kept = next((cached / "deb").iterdir())
    kept.write_bytes(kept.read_bytes()[:-100])
    pin.place(lock_file=lock)
    assert (archive / "log").read_text() == "fetched\nfetched\n"


def test_what_an_interrupted_run_left_is_swept_and_set_up_again(
    archive: Path, cached: Path
) -> None:
    lock = _lock_file(archive)
    place = pin.place(lock_file=lock)
    # Killed between the renames and the stamp, and another time in the middle of the import.
    (place.work.parent / "complete.json").unlink()
    (place.work / "Makefile").unlink()
    (cached / "tree/tmp-killed/linux").mkdir(parents=True)
    assert pin.place(lock_file=lock) == place
    assert (place.work / "Makefile").exists()
    assert not (cached / "tree/tmp-killed").exists()


def test_too_little_room_is_said_before_anything_is_fetched(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pin, "NEEDED_BYTES", 1 << 60)
    with pytest.raises(EnvironmentFault, match="MiB free, the kernel tree needs"):
        pin.place(lock_file=_lock_file(archive))
    assert not (archive / "log").exists()


def test_a_disk_that_fills_up_is_an_error_and_the_next_run_recovers(
    archive: Path, cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = _lock_file(archive)

    def full(*_: object) -> tuple[str, bytes]:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(pin, "_entry", full)
        with pytest.raises(EnvironmentFault, match="the disk is full; free"):
            pin.place(lock_file=lock)
    assert not list((cached / "tree").iterdir())
    assert pin.place(lock_file=lock).base


def test_a_version_no_longer_served_names_what_differs_in_the_one_at_hand(
    archive: Path, tmp_path: Path
) -> None:
    lock = _lock_file(archive)
    blobs = shell(archive, "git hash-object tiny/Makefile tiny/Kconfig").split()
    (tmp_path / "patches/auxbus").mkdir(parents=True)
    (tmp_path / "patches/auxbus/series.json").write_text(
        json.dumps({"files": {"Makefile": [blobs[0], None], "Kconfig": [blobs[1], None]}})
    )
    _package(archive, "2-1", {**FILES, "Kconfig": "other\n"})
    _serve(archive, "2-1", "0-1")
    with pytest.raises(TreeError) as refused:
        pin.place(lock_file=lock)
    text = str(refused.value)
    assert "tiny 1-1 is no longer served; at hand is 2-1" in text
    assert "  Kconfig\n" in text
    assert "Makefile" not in text
    assert "--allow-newer" in text
    newer = pin.place(allow_newer=True, lock_file=lock)
    assert newer.source == "tiny 2-1"
    assert (newer.work / "Kconfig").read_text() == "other\n"


def test_an_archive_that_offers_nothing_is_named(archive: Path) -> None:
    _serve(archive)
    with pytest.raises(EnvironmentFault, match="no package list offers it"):
        pin.place(lock_file=_lock_file(archive))


def test_a_damaged_lock_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "pin.toml").write_text("package = 'x'\n")
    with pytest.raises(TreeError, match="restore it from the repository"):
        pin.place(lock_file=tmp_path / "pin.toml")


def test_a_second_run_at_the_same_time_waits_and_says_so(archive: Path) -> None:
    lock = _lock_file(archive)
    code = (
        "import pathlib, sys; from generator import pin; pin.NEEDED_BYTES = 1; "
        "pin.place(lock_file=pathlib.Path(sys.argv[1]))"
    )
    root = Path(pin.__file__).parent.parent
    with pin.locked("tree"):
        second = subprocess.Popen(
            [sys.executable, "-c", code, lock], stderr=subprocess.PIPE, text=True, cwd=root
        )
        assert second.stderr is not None
        assert "another run holds" in second.stderr.readline()
        assert second.poll() is None
        assert not (archive / "log").exists()
    assert second.wait(30) == 0
    second.stderr.close()
    assert (archive / "log").read_text() == "fetched\n"
