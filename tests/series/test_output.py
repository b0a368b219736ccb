# SPDX-License-Identifier: GPL-2.0-only
"""A new set of patches takes the old one's place, or nothing happens; others' files stay."""

import argparse
import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from clones import FILES, WHEN, WHO, shell, snapshot

from generator.__main__ import main
from generator.cli import generate
from generator.designs import auxbus
from generator.errors import EnvironmentFault, PortwrightError, Refused, UsageError
from generator.intake import posting
from generator.kernel.clone import own
from generator.kernel.tree import NewCommit, commits, format_patch
from generator.series import manifest, output

PROBE = "drivers/pci/probe.c"
OLD = [NewCommit("PCI: One\n\nBecause.\n", WHO, WHEN, {PROBE: b"int probe(void);\n"}),
       NewCommit("PCI: Two\n", WHO, WHEN, {"drivers/pci/two.c": b"int two;\n"})]
NEW = [NewCommit("PCI: One\n\nNow.\n", WHO, WHEN, {PROBE: b"int probe(int);\n"}),
       NewCommit("PCI: Three\n", WHO, WHEN, {"drivers/pci/three.c": b"int three;\n"}),
       NewCommit("PCI: Four\n", WHO, WHEN, {"drivers/pci/four.c": b"int four;\n"})]
Set = dict[str, bytes]

pytestmark = pytest.mark.usefixtures("cached")


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return two rendered sets, as series.write() leaves them."""
    where = tmp_path_factory.mktemp("sets")
    for name, text in FILES.items():
        (where / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
        (where / "clone" / name).write_text(text)
    shell(where / "clone", "git init -q -b main; git add -f -A; git commit -qm base")
    tree = own(where / "clone", "HEAD")
    for name, steps in (("old", OLD), ("new", NEW)):
        out = where / name
        tip = commits(tree, tree.base, steps)[-1]
        paths = format_patch(tree, tree.base, tip, "Subject", "Body", out)
        told = manifest.describe(tree, tree.base, tip, "x", paths)
        (out / manifest.FILE_NAME).write_text(told.text())
    return where / "old", where / "new"


@pytest.fixture
def out(sets: tuple[Path, Path], tmp_path: Path) -> Path:
    """Return a directory that was generated once."""
    output.put(sets[0], tmp_path / "home" / "out")
    return tmp_path / "home" / "out"


def files(where: Path) -> Set:
    return {name: text for name, text in snapshot(where).items() if name != output.RECORD}


def whole(where: Path, fresh: Path) -> bool:
    """Return whether a set is there, and no other patch that git am would take."""
    there = {path.name for path in (*where.glob("[!.]*.patch"), *where.glob("*.json"))}
    return there == files(fresh).keys() and files(fresh).items() <= files(where).items()


def test_a_set_replaces_the_last_one_and_leaves_a_record_to_check_it_by(
    sets: tuple[Path, Path], out: Path
) -> None:
    assert files(out) == files(sets[0])
    subprocess.run(["sha256sum", "-c", "--quiet", output.RECORD], cwd=out, check=True)
    out.chmod(0o750)
    before = out.stat().st_ino
    output.put(sets[1], out)
    assert files(out) == files(sets[1])
    assert out.stat().st_ino != before, "not at once, where that is possible"
    assert out.stat().st_mode & 0o777 == 0o750
    subprocess.run(["sha256sum", "-c", "--quiet", output.RECORD], cwd=out, check=True)
    output.put(sets[1], out)
    assert os.listdir(out.parent) == ["out"]


def test_what_others_have_there_stays_untouched(sets: tuple[Path, Path], out: Path) -> None:
    (out / "notes.txt").write_text("mine")
    (out / ".hidden.patch").write_text("mine")
    (out / "v1").mkdir()
    (out / "v1/0001-x.patch").write_text("mine")
    (out / "link").symlink_to("/nowhere")
    foreign = {p: p.lstat() for p in (out / "notes.txt", out / ".hidden.patch", out / "link")}
    output.put(sets[1], out)
    assert whole(out, sets[1])
    assert {p: p.lstat().st_ino for p in foreign} == {p: s.st_ino for p, s in foreign.items()}
    assert (out / "v1/0001-x.patch").read_text() == "mine"
    assert {p.name for p in out.iterdir()} == {
        *files(sets[1]), output.RECORD, "notes.txt", ".hidden.patch", "link", "v1"}


def stranger(out: Path) -> str:
    (out / "my-own-work.patch").write_text("mine")
    return "my-own-work.patch: not of the last run"


def numbered(out: Path) -> str:
    (out / "0003-other.patch").write_text("mine")
    return "0003-other.patch: not of the last run"


def edited(out: Path) -> str:
    mail = out / "0001-PCI-One.patch"
    mail.write_text(mail.read_text().replace("---\n", "---\nv2: better\n", 1))
    return "0001-PCI-One.patch: changed since"


def lettered(out: Path) -> str:
    with (out / "0000-cover-letter.patch").open("a") as file:
        file.write("Thanks!\n")
    return "0000-cover-letter.patch: changed since"


def listed(out: Path) -> str:
    with (out / "series.json").open("a") as file:
        file.write("\n")
    return "series.json: changed since"


def dangling(out: Path) -> str:
    (out / "0009-x.patch").symlink_to("/nowhere")
    return "0009-x.patch: no regular file"


def linked(out: Path) -> str:
    mail = out / "0001-PCI-One.patch"
    mail.rename(out / "kept")
    mail.symlink_to("kept")
    return "0001-PCI-One.patch: no regular file"


def directory(out: Path) -> str:
    (out / "x.patch").mkdir()
    return "x.patch: no regular file"


def pipe(out: Path) -> str:
    os.mkfifo(out / "0005-x.patch")
    return "0005-x.patch: no regular file"


def unrecorded(out: Path) -> str:
    (out / output.RECORD).unlink()
    return "0001-PCI-One.patch: nothing tells whether"


DAMAGES = (stranger, numbered, edited, lettered, listed, dangling, linked, directory, pipe)


@pytest.mark.parametrize("damage", [*DAMAGES, unrecorded])
def test_what_is_not_ours_is_refused_by_name_and_stays(
    damage: Callable[[Path], str], sets: tuple[Path, Path], out: Path
) -> None:
    said = damage(out)
    before = snapshot(out.parent)
    with pytest.raises(Refused, match=said) as refused:
        output.put(sets[1], out)
    assert refused.value.exit_code == 4
    assert snapshot(out.parent) == before
    if damage is not unrecorded:  # what is rendered may be equal to what is there
        with pytest.raises(Refused, match=said):
            output.refuse(out)
    assert snapshot(out.parent) == before


def test_all_that_is_not_ours_is_named_at_once(sets: tuple[Path, Path], out: Path) -> None:
    said = [damage(out) for damage in (stranger, edited, directory)]
    with pytest.raises(Refused) as refused:
        output.put(sets[1], out)
    assert all(one in str(refused.value) for one in said)
    assert "0002" not in str(refused.value)


def test_a_patch_of_ours_that_was_taken_away_is_no_loss(
    sets: tuple[Path, Path], out: Path
) -> None:
    (out / "0002-PCI-Two.patch").unlink()
    output.put(sets[1], out)
    assert whole(out, sets[1])


def test_what_is_there_already_needs_no_record(sets: tuple[Path, Path], out: Path) -> None:
    (out / output.RECORD).unlink()
    output.refuse(out)
    output.put(sets[0], out)
    assert (out / output.RECORD).is_file()


def test_a_fresh_clone_has_no_record_but_the_files_are_committed(
    sets: tuple[Path, Path], out: Path
) -> None:
    (out / output.RECORD).unlink()
    shell(out.parent, "git init -q; git add -A; git commit -qm golden")
    output.put(sets[1], out)
    assert whole(out, sets[1])


def test_in_a_clone_hand_edits_and_a_stranger_that_is_committed_are_refused(
    sets: tuple[Path, Path], out: Path
) -> None:
    stranger(out)
    (out / output.RECORD).unlink()
    shell(out.parent, "git init -q; git add -A; git commit -qm golden")
    edited(out)
    with pytest.raises(Refused) as refused:
        output.put(sets[1], out)
    names = [row.strip().partition(":")[0] for row in str(refused.value).splitlines()[1:]]
    assert names == ["0001-PCI-One.patch", "my-own-work.patch"]


def test_a_directory_named_by_a_link_is_written_and_the_link_stays(
    sets: tuple[Path, Path], out: Path
) -> None:
    link = out.parent / "link"
    link.symlink_to("out")
    output.put(sets[1], link)
    assert link.is_symlink()
    assert whole(out, sets[1])


def test_what_is_no_directory_is_said(sets: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "nowhere").symlink_to("/nowhere/at/all")
    for name in ("file", "nowhere"):
        for call in (lambda p: output.put(sets[0], p), output.refuse):
            with pytest.raises(UsageError, match=name):
                call(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"


def test_the_directory_that_somebody_is_in_stays_that_directory(
    sets: tuple[Path, Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(out)
    before = out.stat().st_ino
    output.put(sets[1], Path())
    assert out.stat().st_ino == before
    assert whole(out, sets[1])


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EINVAL, errno.ENOSYS])
def test_where_directories_cannot_change_places_files_do(
    code: int, sets: tuple[Path, Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        import ctypes

        ctypes.set_errno(code)
        return -1

    library = argparse.Namespace(renameat2=refused)
    monkeypatch.setattr("generator.series.output.ctypes.CDLL", lambda *_, **__: library)
    output.put(sets[1], out)
    assert files(out) == files(sets[1])
    assert os.listdir(out.parent) == ["out"]


def test_what_somebody_writes_in_that_moment_is_not_lost(
    sets: tuple[Path, Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped = output._swapped

    def late(one: Path, other: Path) -> bool:
        if "v2" not in (out / "0001-PCI-One.patch").read_text():
            edited(out)
        return swapped(one, other)

    monkeypatch.setattr("generator.series.output._swapped", late)
    with pytest.raises(Refused, match="in this moment"):
        output.put(sets[1], out)
    assert "v2" in (out / "0001-PCI-One.patch").read_text()
    assert (out / "0002-PCI-Two.patch").exists()
    assert os.listdir(out.parent) == ["out"]

@pytest.mark.parametrize("wrote", [stranger, edited])
@pytest.mark.parametrize("fault", [None, errno.EIO])
def test_what_somebody_wrote_is_kept_where_it_cannot_be_put_back(
    fault: int | None, wrote: Callable[[Path], str], sets: tuple[Path, Path], out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    swapped = output._swapped
    times = 0
    theirs: Set = {}

    def once(one: Path, other: Path) -> bool:
        nonlocal times
        times += 1
        if times == 1:
            wrote(out)
            theirs.update(files(out))
            return swapped(one, other)
        if fault is not None:
            raise OSError(fault, os.strerror(fault), str(other))
        return False

    monkeypatch.setattr("generator.series.output._swapped", once)
    beside = output._beside(out)
    with pytest.raises(Refused, match=f"{beside}: has what was here"):
        output.put(sets[1], out)
    assert times == 2
    assert files(beside) == theirs
    # and the next run does not take it for a new set of its own
    monkeypatch.setattr("generator.series.output._swapped", swapped)
    with pytest.raises(Refused, match="lies where a new set is written first"):
        output.put(sets[1], out)
    assert files(beside) == theirs


# -- faults and kills, at every step --

EVENTS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.listdir",
          "os.scandir", "ctypes.dlopen", "fsync"}


def child(fresh: Path, out: Path, at: int, fault: int) -> tuple[int, bool]:
    """Run put() in a process in which event `at` fails, or kills it.

    Return its exit status, and whether there was so many an event.
    """
    mark = out.parent.parent / f"reached-{at}"
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), mark.exists()
    seen = 0

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal seen
        if event not in EVENTS or (event not in ("fsync", "ctypes.dlopen")
                                   and f"{out.parent}/" not in f"{args}"):
            return
        seen += 1
        if seen == at:
            mark.touch()
            if not fault:
                os._exit(99)
            raise OSError(fault, os.strerror(fault), "x")

    flushed = os.fsync

    def fsync(handle: int) -> None:
        sys.audit("fsync")
        flushed(handle)

    os.fsync = fsync  # type: ignore[assignment]
    sys.addaudithook(hook)
    try:
        output.put(fresh, out)
    except PortwrightError as refused:
        os._exit(refused.exit_code)
    finally:
        os._exit(0 if sys.exc_info()[0] is None else 1)


@pytest.mark.parametrize("foreign", [False, True])
@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO, 0])
def test_whatever_fails_there_is_one_whole_set(
    foreign: bool, fault: int, sets: tuple[Path, Path], tmp_path: Path
) -> None:
    old, new = sets
    for at in range(1, 200):
        out = tmp_path / str(at) / "out"
        output.put(old, out)
        if foreign:  # then files change places, and directories otherwise
            (out / "notes.txt").write_text("mine")
        kept = {"notes.txt": b"mine"} if foreign else {}
        status, reached = child(new, out, at, fault)
        if not reached:
            assert at > 20
            return
        if (out / output._SWAP).exists():
            assert foreign
            assert not fault, "only a kill may leave something for the next run"
            with pytest.raises(Refused, match="was killed"):
                output.refuse_torn(out)
        else:
            assert whole(out, old) or whole(out, new), (at, sorted(os.listdir(out)))
        if status in (3, 4):
            assert whole(out, old), at
        assert status in ((0, 3, 4) if fault else (0, 99)), (at, status)
        output.refuse(out)
        output.put(new, out)
        assert files(out) == files(new) | kept, at
        assert os.listdir(out.parent) == ["out"], at
    pytest.fail("it does not end")


def test_a_full_disk_says_so(
    sets: tuple[Path, Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = snapshot(out.parent)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EnvironmentFault, match=r"out: not written.*as it was.*No space left"):
        output.put(sets[1], out)
    assert snapshot(out.parent) == before


def test_a_directory_without_permission_is_an_environment_fault(
    sets: tuple[Path, Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    before = snapshot(out.parent)
    monkeypatch.setattr(Path, "mkdir", lambda self, *a, **k: None if k else denied(self))
    with pytest.raises(EnvironmentFault, match=r"out: not written.*Permission denied"):
        output.put(sets[1], out)
    assert snapshot(out.parent) == before


def test_what_lies_where_a_set_is_written_first_is_kept(
    sets: tuple[Path, Path], out: Path
) -> None:
    beside = output._beside(out)
    beside.mkdir()
    (beside / "mine.txt").write_text("mine")
    with pytest.raises(Refused, match=r"mine.txt: lies where"):
        output.put(sets[1], out)
    assert (beside / "mine.txt").read_text() == "mine"
    assert whole(out, sets[0])


# -- the verbs --

def test_generate_refuses_before_a_tree_is_set_up(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "chosen", lambda args: pytest.fail("it asked for a tree"))
    stranger(out)
    before = snapshot(out)
    assert main(["generate", "auxbus", "--out", str(out)]) == 4
    assert main(["generate", "auxbus", "--refused", "--out", str(out)]) == 4
    assert capsys.readouterr().err.count("my-own-work.patch") == 2
    assert snapshot(out) == before
    assert main(["generate", "auxbus", "--out", str(out / "series.json")]) == 2
    assert auxbus.SERIES.name == "auxbus"


def test_what_is_not_written_says_of_when_the_set_is_that_is_there(out: Path) -> None:
    assert generate._unwritten(out) == f"{out}: not written; what is there is of an earlier run"
    assert generate._unwritten(out / "none") == f"{out / 'none'}: not written"
    stranger(out)
    assert "earlier run" in generate._unwritten(out)


def test_readers_refuse_what_a_killed_run_left(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(posting, "pinned", lambda *_, **__: pytest.fail("it asked for a tree"))
    (out / output._SWAP).mkdir()
    assert main(["validate", str(out)]) == 4
    assert main(["apply", str(out), "--repo", str(tmp_path), "--branch", "x"]) == 4
    assert capsys.readouterr().err.count("was killed while it wrote here") == 2
