# SPDX-License-Identifier: GPL-2.0-only
"""Whatever fails while a set is put in place, and whenever it is killed, there is one whole set."""

import errno
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from clones import snapshot
from generated import files, whole

from generator.errors import EnvironmentFault, PortwrightError, Refused
from generator.series import output

pytestmark = pytest.mark.usefixtures("cached")
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


@pytest.fixture
def by_files(out: Path) -> Path:
    """Return a directory that was generated once, which has a file of somebody else's."""
    (out / "notes.txt").write_text("mine")
    return out


def test_a_set_that_is_taken_back_twice_is_whole(
    sets: tuple[Path, Path], by_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file is the same in both sets; the second run is killed as it ends its taking back."""
    before = files(by_files)
    old = {**before, output.RECORD: (by_files / output.RECORD).read_bytes()}
    del old["notes.txt"]
    new = {"0000-cover-letter.patch": old["0000-cover-letter.patch"], "0001-b.patch": b"b"}

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(output, "_synced", lambda where: killed() if where == by_files else None)
        patched.setattr(output, "_back", lambda _: None)
        with pytest.raises(SystemExit):
            output._moved(by_files, old, new)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", killed)
        with pytest.raises(SystemExit):
            output._back(by_files)
    output._recover(by_files)

    assert files(by_files) == before


@pytest.mark.parametrize("name", ["0001-PCI-One.patch", "0003-PCI-Four.patch"])
def test_what_somebody_writes_while_files_change_places_stays(
    name: str, sets: tuple[Path, Path], by_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, written = files(by_files), output._written

    def late(where: Path, texts: Mapping[str, bytes]) -> None:
        written(where, texts)
        (by_files / name).write_text("mine")

    monkeypatch.setattr(output, "_written", late)
    with pytest.raises(Refused, match="somebody wrote here"):
        output.put(sets[1], by_files)

    assert (by_files / name).read_text() == "mine"
    assert files(by_files).keys() == before.keys() | {name}


@pytest.mark.parametrize("name", [output._DONE, output._SWAP])
def test_what_has_the_name_of_what_a_run_keeps_is_refused(
    name: str, sets: tuple[Path, Path], out: Path
) -> None:
    (out / name).mkdir()
    (out / name / "mine").write_text("mine")

    with pytest.raises(Refused, match=f"{name}: lies where"):
        output.put(sets[1], out)
    assert (out / name / "mine").read_text() == "mine"
