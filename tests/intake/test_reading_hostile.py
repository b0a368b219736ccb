# SPDX-License-Identifier: GPL-2.0-only
"""Input that nobody trusts is refused with its place, or read; it runs nothing and costs little."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import zlib
from base64 import b85encode
from pathlib import Path

import pytest
from clones import shell, snapshot
from house import HOUSE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postings import FORMS, PTM, encoded, mails, make_clone, two_patches, write

from checks.patches.mails import edits, view
from generator.errors import PortwrightError, UsageError
from generator.intake import apply as applying
from generator.intake import inbox, replay
from generator.intake.posting import Asked, Posting, on
from generator.kernel.tree import Tree
from generator.series import plain_files
from generator.system.visible import visible


@pytest.fixture(autouse=True)
def own_cache(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return make_clone(tmp_path / "clone")


def tree_of(clone: Path) -> Tree:
    base = shell(clone, "git rev-parse main").strip()
    return Tree(clone / ".git", base, "", clone, "here")


def read(clone: Path, where: str) -> Posting:
    with on(Asked((where,)), tree_of(clone)) as made:
        view(made)
        edits(made)
        return made


HEAD = (
    "From: A Reporter <reporter@example.org>\nDate: Tue, 14 Nov 2023 22:13:20 +0000\n"
    "Subject: [PATCH] PCI: Hostile\n\nWhy.\n---\n"
)
NEW = "diff --git a/{0} b/{0}\nnew file mode {1}\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n"
HUNK = "@@ -9,6 +9,7 @@\n {\n \tint level = 2;\n \n+\tx();\n \treturn port + level;\n }\n \n"


def of(path: str, other: str = PTM) -> str:
    return f"diff --git a/{path} b/{path}\n--- a/{other}\n+++ b/{other}\n{HUNK}"


# name -> (diff, line of the mail, what is said); a line of 0 is any
REFUSED: dict[str, tuple[str, int, str]] = {
    "parent": (NEW.format("../evil", "100644"), 7, r"invalid path '\.\./evil'"),
    "absolute": (NEW.format("x", "100644").replace("b/x\n@@", "/etc/evil\n@@"), 10, "an absolute"),
    "absolute without prefix": (
        NEW.replace("a/{0}", "/etc/{0}").replace("b/{0}", "/etc/{0}").format("evil", "100644"), 10,
        "an absolute path",
    ),
    "hooks": (NEW.format(".git/hooks/post-checkout", "100755"), 7, "invalid path"),
    "hooks in another case": (NEW.format("a/.GIT/config", "100644"), 0, "GIT/config"),
    "ntfs": (NEW.format("git~1/config", "100644"), 0, "invalid path"),
    "another file": (of("MAINTAINERS"), 8, "`diff --git` line another file"),
    "link": (NEW.format("evil", "120000"), 7, "evil is no regular file but a link"),
    "submodule": (
        NEW.format("evil", "160000").replace("+x", f"+Subproject commit {'1' * 40}"), 7,
        "evil is a submodule, which has no place",
    ),
    "through a link": (
        NEW.format("drivers/link", "120000").replace("+x", "+/tmp") + NEW.format(
            "drivers/link/evil", "100644"), 0, "beyond a symbolic link",
    ),
    "escape in a name": (NEW.format("n\x1b[2Jx.c", "100644"), 7, r"n\\x1b\[2Jx\.c"),
    "counts of 10^9": (of(PTM).replace("-9,6", "-9,1000000000"), 0, "corrupt patch"),
    "counts of 300 digits": (
        of(PTM).replace("-9,6", f"-9,{'9' * 300}"), 0, "git does not read it|corrupt",
    ),
    "hunk that ends early": (of(PTM)[:-20], 0, "corrupt patch"),
    "two hunks at one place": (of(PTM) + HUNK, 18, "does not apply: hunk 2"),
    "garbage": (f"diff --git a/{PTM} b/{PTM}\nindex 1..2\n", 0, "only garbage"),
    "a binary bomb": (
        f"diff --git a/z b/z\nnew file mode 100644\nindex {'0' * 40}..{'1' * 40}\n"
        "GIT binary patch\nliteral 4294967296\n"
        + "zcmZ" + b85encode(zlib.compress(bytes(30))).decode() + "\n\nliteral 0\nHcmV?d00001\n\n",
        0, "memory|does not|corrupt",
    ),
    "nothing": (f"diff --git a/{PTM} b/{PTM}\nold mode 100644\nnew mode 100644\n", 0, ""),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_hostile_diff_is_refused_at_its_line(clone: Path, tmp_path: Path, what: str) -> None:
    diff, line, message = REFUSED[what]
    where = write(tmp_path / "series", {"1.patch": HEAD + diff + "-- \n2.39.5\n"})
    before = snapshot(clone)
    place = rf"1\.patch:{line}: .*" if line else r"1\.patch.*"

    with pytest.raises(PortwrightError, match=place + f"({message})"):
        read(clone, where)
    with pytest.raises(PortwrightError):
        applying.apply(Asked((where,)), clone, "made")
    assert snapshot(clone) == before


SPECIAL = {
    "a FIFO": lambda path: os.mkfifo(path),
    "a directory": lambda path: path.mkdir(),
    "a socket": lambda path: socket.socket(socket.AF_UNIX).bind(str(path)),
    "a link out of its directory": lambda path: path.symlink_to("/dev/zero"),
    "a link": lambda path: path.symlink_to("nowhere.patch"),
}


@pytest.mark.parametrize("what", SPECIAL)
def test_what_is_no_file_is_refused_by_name(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    two_patches(clone)
    where = Path(write(tmp_path / "s", FORMS["format-patch"](mails(clone))))
    monkeypatch.chdir(where)  # the name of a socket is short
    SPECIAL[what](Path("0003-c.patch"))
    wanted = "cannot be read" if what == "a link" else what
    begin = time.monotonic()

    with pytest.raises(UsageError, match=rf"0003-c\.patch: {wanted}"):
        read(clone, str(where))
    assert time.monotonic() - begin < 20


def test_a_device_is_refused_and_a_link_within_the_directory_is_followed(
    clone: Path, tmp_path: Path
) -> None:
    two_patches(clone)
    sent = mails(clone)
    where = write(tmp_path / "s", {"0001.patch": sent[0], "kept": sent[1]})
    (tmp_path / "s/0002.patch").symlink_to("kept")

    with pytest.raises(UsageError, match="/dev/zero: a device"):
        read(clone, "/dev/zero")
    with pytest.raises(UsageError, match=r"kept: patch 2/2 is there twice, .*0002\.patch"):
        read(clone, where)


def test_sizes_and_counts_have_an_end(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_patches(clone)
    sent = mails(clone)
    where = write(tmp_path / "s", FORMS["format-patch"](sent))
    monkeypatch.setattr(inbox, "MOST_FILE", 1000)
    with pytest.raises(UsageError, match="larger than"):
        read(clone, write(tmp_path / "l", {"1.patch": sent[0] + "x" * 1000}))
    monkeypatch.undo()
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(inbox, "MOST_BYTES", len(sent[0]) + 10)
    with pytest.raises(UsageError, match="name the patches of one series"):
        read(clone, where)
    monkeypatch.setattr(inbox, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(inbox, "MOST_FILES", 1)
    with pytest.raises(UsageError, match="more than 1 files"):
        read(clone, where)
    monkeypatch.setattr(inbox, "MOST_FILES", 10)
    monkeypatch.setattr(replay, "MOST_PATCHES", 1)
    with pytest.raises(UsageError, match="2 patches, more than 1"):
        read(clone, where)
    monkeypatch.setattr(replay, "MOST_PATCHES", 10)
    monkeypatch.setattr(plain_files, "MOST_COMMIT_BYTES", 100)
    with pytest.raises(UsageError, match="makes a file larger than"):
        read(clone, where)
    with pytest.raises(UsageError, match="more than 2000 mails"):
        read(clone, write(tmp_path / "m", {"a.mbox": sent[0] + "\nFrom x\n" * 2001}))


def test_a_gzip_bomb_is_not_unpacked(clone: Path, tmp_path: Path) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(40)), packer.flush()])

    with pytest.raises(UsageError, match="larger than 32 MiB"):
        read(clone, write(tmp_path / "s", {"a.mbox.gz": bomb}))


def test_attributes_and_hooks_of_nobody_run(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f"[filter \"evil\"]\n clean = touch {ran}\n smudge = touch {ran}\n"
        f"[diff \"evil\"]\n textconv = touch {ran};cat\n command = touch {ran};\n"
        f"[core]\n hooksPath = {home}\n attributesFile = {home}/attributes\n"
    )
    (home / "attributes").write_text("* filter=evil diff=evil\n")
    for name in ("applypatch-msg", "post-index-change", "reference-transaction"):
        (home / name).write_text(f"#!/bin/sh\ntouch {ran}\n")
        (home / name).chmod(0o755)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    two_patches(clone)
    sent = mails(clone)
    attributes = NEW.format(".gitattributes2", "100644").replace("+x", "+* filter=evil diff=evil")
    text = sent[0].replace("-- \n2", attributes.replace("attributes2", "attributes_") + "-- \n2")
    where = write(tmp_path / "s", {"1.patch": text, "2.patch": sent[1]})

    made = read(clone, where)
    applying.apply(Asked((where,)), clone, "made", onto="main")
    assert len(made.commits) == 2
    assert not ran.exists()


def test_a_series_json_of_nonsense_is_a_usage_error(clone: Path, tmp_path: Path) -> None:
    two_patches(clone)
    sent = mails(clone)
    for text in ("[" * 100_000, "{}", json.dumps({"patches": ["../../etc/passwd"]})):
        where = write(tmp_path / "s", {"0001-a.patch": sent[0], "series.json": text})
        with pytest.raises(UsageError, match=r"series\.json"):
            read(clone, where)


def test_text_of_others_moves_no_cursor() -> None:
    assert visible("a\x1b[2K\u202eb\r\ud800\tc\n") == "a\\x1b[2K\\u202eb\\r\\ud800\tc\n"


def test_errors_and_remarks_are_printed_visibly(clone: Path, tmp_path: Path) -> None:
    where = write(tmp_path / "s", {"n\x1b[2J.patch": "hello"})
    done = subprocess.run(
        [sys.executable, "-m", "generator", "apply", where, "--repo", str(clone), "--branch", "x"],
        capture_output=True, text=True, check=False, cwd=HOUSE,
    )  # fmt: skip

    assert done.returncode == 2
    assert "n\\x1b[2J.patch: neither a mail nor a diff" in done.stderr


@st.composite
def mangled(draw: st.DrawFn, whole: bytes) -> bytes:
    """Return mails with bytes and lines taken out, doubled, moved or replaced."""
    rows = whole.split(b"\n")
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(rows) - 1))
        kind = draw(st.sampled_from(["drop", "twice", "cut", "swap", "put", "byte", "join"]))
        other = draw(st.integers(0, len(rows) - 1))
        if kind == "drop" and len(rows) > 2:
            del rows[at]
        elif kind == "twice":
            rows[at:at] = rows[at : at + draw(st.integers(1, 30))]
        elif kind == "cut":
            rows[at] = rows[at][: draw(st.integers(0, 20))]
        elif kind == "swap":
            rows[at], rows[other] = rows[other], rows[at]
        elif kind == "put":
            rows.insert(at, draw(st.sampled_from([
                b"From 0 Mon Sep 17 00:00:00 2001", b"---", b"-- ", b"", b"Content-Type: text/x",
                b"Content-Transfer-Encoding: base64", b"diff --git a/x b/y", b"@@ -1 +1 @@",
                b"+++ b/../x", b"rename to ../x", b"GIT binary patch", b"literal 99999999999",
                b"Subject: [PATCH 99999/0", b"Content-Type: multipart/mixed; boundary=\"\"",
                b"old mode 160000", b"\x00\xff\xfe", b"index 0..0 120000", b"commit 1234567",
                b"--- a/" + PTM.encode(), b"Message-Id: <>", b"Date: 99999999999999999999",
            ])))  # fmt: skip
        elif kind == "join" and at + 1 < len(rows):
            rows[at] += rows.pop(at + 1)
        elif rows[at]:
            place = draw(st.integers(0, len(rows[at]) - 1))
            byte = bytes([draw(st.integers(0, 255))])
            rows[at] = rows[at][:place] + byte + rows[at][place + 1 :]
    return b"\n".join(rows)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A clone for many examples, and mails of its series in some forms."""
    top = tmp_path_factory.mktemp("mangled")
    clone = make_clone(top / "clone")
    two_patches(clone)
    sent = mails(clone)
    return top, [
        "".join(sent).encode(), encoded(sent[0], "base64").encode(),
        encoded(sent[1], "quoted-printable").encode(),
        "".join(mails(clone, "--attach --cover-letter")).encode(),
        shell(clone, "git show topic").encode(), shell(clone, "git diff main topic").encode(),
    ]  # fmt: skip


@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_mangled_mails_become_commits_or_one_typed_error(
    shared: tuple[Path, list[bytes]], data: st.DataObject
) -> None:
    top, forms = shared
    text = data.draw(mangled(data.draw(st.sampled_from(forms))))
    (top / "x.patch").write_bytes(text)
    code, commits = 0, 0
    try:
        commits = len(read(top / "clone", str(top / "x.patch")).commits)
    except PortwrightError as told:
        code = told.exit_code

    # 3 would be a fault of the machine, and any other exception fails here
    assert code in (2, 5) or commits
    assert shell(top / "clone", "git status --porcelain") == ""
