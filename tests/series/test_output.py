# SPDX-License-Identifier: GPL-2.0-only
"""A new set of patches takes the old one's place, or nothing happens; others' files stay."""

import argparse
import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from clones import shell, snapshot
from generated import Set, files, whole

from generator.__main__ import main
from generator.cli import generate
from generator.designs import auxbus
from generator.errors import Refused, UsageError
from generator.intake import posting
from generator.series import output

pytestmark = pytest.mark.usefixtures("cached")


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


COMMIT = "git add -A; git commit -qm patches"


def test_a_clone_has_the_record_that_was_committed_with_the_set(
    sets: tuple[Path, Path], out: Path
) -> None:
    shell(out.parent, f"git init -q; {COMMIT}; git clone -q . ../clone")
    clone = out.parent.parent / "clone/out"
    output.put(sets[1], clone)
    assert whole(clone, sets[1])


def test_a_newer_set_that_is_pulled_is_replaced(sets: tuple[Path, Path], out: Path) -> None:
    shell(out.parent, f"git init -q; {COMMIT}; git clone -q . ../clone")
    output.put(sets[1], out)
    shell(out.parent, COMMIT)
    clone = out.parent.parent / "clone/out"
    shell(clone, "git pull -q")
    assert whole(clone, sets[1])
    output.put(sets[0], clone)
    assert whole(clone, sets[0])


@pytest.mark.parametrize("recorded", [True, False])
def test_what_is_committed_is_no_less_a_hand_edit_or_a_stranger(
    recorded: bool, sets: tuple[Path, Path], out: Path
) -> None:
    stranger(out)
    edited(out)
    if not recorded:
        (out / output.RECORD).unlink()
    shell(out.parent, f"git init -q; {COMMIT}")
    before = snapshot(out)
    with pytest.raises(Refused) as refused:
        output.put(sets[1], out)
    names = {row.strip().partition(":")[0] for row in str(refused.value).splitlines()[1:]}
    assert names >= {"0001-PCI-One.patch", "my-own-work.patch"}
    assert snapshot(out) == before


def _of_patches_alone(text: str) -> str:
    return "".join(row for row in text.splitlines(True) if "series.json" not in row)


@pytest.mark.parametrize("theirs", [
    lambda text: "mine\n",
    lambda text: "",
    _of_patches_alone,
    lambda text: text.replace("  ", " *"),
    lambda text: text + text.replace("series.json", "notes.txt"),
    lambda text: text + text.splitlines(True)[0],
    lambda text: text.replace("\n", "\r\n"),
    lambda text: "<<<<<<< HEAD\n" + text,
])
def test_a_record_that_no_run_wrote_stays(
    theirs: Callable[[str], str], sets: tuple[Path, Path], out: Path
) -> None:
    record = out / output.RECORD
    record.write_bytes(theirs(record.read_text()).encode())
    before = snapshot(out.parent)
    for call in (output.refuse, lambda where: output.put(sets[1], where)):
        with pytest.raises(Refused, match=r"\.series\.sha256: not a record as"):
            call(out)
    assert snapshot(out.parent) == before


def test_a_name_of_others_cannot_add_a_line_to_the_refusal(out: Path) -> None:
    (out / "a\n  b\x1b[2K\t.patch").write_text("mine")
    with pytest.raises(Refused) as refused:
        output.refuse(out)
    assert str(refused.value).splitlines()[1:] == [
        r"  a\n  b\x1b[2K\t.patch: not of the last run of `portwright generate`"]


@pytest.mark.parametrize("name", ["0009-mine.patch", "0001-PCI-One.patch", output.RECORD])
def test_a_file_that_is_larger_than_memory_is_refused_and_not_read(
    name: str, sets: tuple[Path, Path], out: Path
) -> None:
    with (out / name).open("ab") as file:
        file.truncate(200 << 30)
    for call in (output.refuse, lambda where: output.put(sets[1], where)):
        with pytest.raises(Refused, match=name):
            call(out)
    assert (out / name).stat().st_size == 200 << 30


@pytest.mark.parametrize("there", [True, False])
def test_a_directory_may_have_the_longest_name_that_there_is(
    there: bool, sets: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "home" / ("d" * 255)
    if there:
        output.put(sets[0], out)
        before = out.stat().st_ino
    output.put(sets[1], out)
    assert whole(out, sets[1])
    assert os.listdir(out.parent) == [out.name]
    assert not there or out.stat().st_ino != before, "not at once"


def test_a_name_that_no_directory_can_have_is_said(sets: tuple[Path, Path], tmp_path: Path) -> None:
    for call in (output.refuse, lambda where: output.put(sets[1], where)):
        with pytest.raises(UsageError, match="File name too long"):
            call(tmp_path / ("d" * 256))


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
    for name in ("file", "nowhere", "/"):
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
