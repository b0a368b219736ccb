# SPDX-License-Identifier: GPL-2.0-only
"""What is no series, or does not apply, is one error that names file and line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from clones import shell
from postings import Files, mails, make_clone, two_patches, write

from generator.errors import Conflict, PortwrightError, UsageError
from generator.intake import apply as applying
from generator.intake.posting import Asked, kernel_here, on
from generator.kernel.tree import Tree


@pytest.fixture(autouse=True)
def own_cache(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return make_clone(tmp_path / "clone")


@pytest.fixture
def series(clone: Path) -> list[str]:
    two_patches(clone)
    return mails(clone)


def read(clone: Path, *inputs: str) -> None:
    base = shell(clone, "git rev-parse main").strip()
    with on(Asked(inputs), Tree(clone / ".git", base, "", clone, "here")):
        pass


CONFLICTS: dict[str, tuple[Callable[[str], str], str]] = {
    "other text": (
        lambda m: m.replace("\tint level = 2;", "\tint level = 9;"),
        r"1\.patch:18: does not apply: hunk 1 of drivers/pci/ptm\.c, at line 9; 5 of the 6 lines "
        r"that must be there stand at drivers/pci/ptm\.c:9, 'int level = 9;' does not",
    ),
    "no context, of another file": (
        lambda m: re.sub(r"^index \w{7}", "index 1234567", m[: m.index("@@ -9")], flags=re.M)
        + "@@ -11,0 +12 @@\n+\tlevel += port;\n-- \n2.39.5\n",
        r"1\.patch:18: does not apply: it has no line of context \(diff -U0\)",
    ),
    "no such file": (
        lambda m: m.replace("pci/ptm.c", "pci/none.c"), r"1\.patch:14: does not apply: .*none\.c",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CONFLICTS)
def test_a_conflict_names_line_hunk_and_what_stands_nearest(
    clone: Path, series: list[str], tmp_path: Path, what: str
) -> None:
    make, message = CONFLICTS[what]
    where = write(tmp_path / "series", {"1.patch": make(series[0]).replace(" 1/2", "")})

    with pytest.raises(Conflict, match=message):
        read(clone, where)
    with pytest.raises(Conflict, match=message):
        applying.apply(Asked((where,)), clone, "made", onto="main")
    assert "made" not in shell(clone, "git branch")


NOT_READ: dict[str, tuple[Files, str]] = {
    "nothing": ({}, "no patches here"),
    "a text": ({"1.patch": "hello\n"}, r"1\.patch: neither a mail nor a diff"),
    "only a reply": ({"a.eml": "From: A <a@b>\nSubject: Re: x\n\nyes\n"}, r"a\.eml: no patch here"),
    "gzip": ({"a.mbox.gz": b"\x1f\x8bnothing"}, r"a\.mbox\.gz: not a sound gzip"),
    "an unknown charset": (
        {"1.patch": b"From: A <a@b>\nSubject: x\nContent-Type: text/plain; charset=none\n\n\xf6\n"
         b"---\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"},
        r"1\.patch:3: what it has is not of the charset 'none' that it names, or",
    ),
    "HTML": (
        {"1.patch": "From: A <a@b>\nSubject: [PATCH] x\nContent-Type: text/html\n\n<p>x\n---\n"
         "diff --git a/x b/x\n"},
        r"1\.patch: an HTML mail, so a mail program has changed the patch: get it as",
    ),
    "a part that is HTML": (
        {"1.patch": "From: A <a@b>\nSubject: [PATCH] x\nContent-Type: multipart/mixed;\n"
         " boundary=outer\n\n--outer\nContent-Type: multipart/alternative; boundary=\"in ner\"\n\n"
         "--in ner\nContent-Type: text/plain\n\nx\n---\ndiff --git a/x b/x\n--in ner\n"
         "content-type:  TEXT/HTML; charset=utf-8\n\n<p>x\n--in ner--\n--outer--\n"},
        r"1\.patch: an HTML mail",
    ),
    "a date that is none": (
        {"1.patch": "From: A <a@b>\nSubject: x\nDate: soon\n\nx\n---\ndiff --git a/x b/x\n"
         "new file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+b\n"},
        r"1\.patch:3: its date is 'soon', which git takes for none; write it like",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_READ)
def test_what_is_no_series_is_a_usage_error_that_names_it(
    clone: Path, tmp_path: Path, what: str
) -> None:
    files, message = NOT_READ[what]
    (tmp_path / "series").mkdir()
    where = write(tmp_path / "series", files)

    with pytest.raises(UsageError, match=message):
        read(clone, where)


def test_names_that_are_not_there_are_usage_errors(clone: Path, tmp_path: Path) -> None:
    for inputs in ((), (str(tmp_path / "none.patch"),), ("a..b",)):
        with pytest.raises(PortwrightError):
            read(clone, *inputs)


def test_an_html_reply_is_left_out_like_others(
    clone: Path, series: list[str], tmp_path: Path
) -> None:
    answer = "From: A <a@b>\nSubject: Re: [PATCH 1/2] x\nContent-Type: text/html\n\n<p>yes</p>\n"
    where = write(tmp_path / "series", {"1": series[0], "2": series[1], "3": answer})

    read(clone, where)
    assert len(applying.apply(Asked((where,)), clone, "made", onto="main").commits) == 2


@pytest.mark.parametrize("name", ["s/1.patch", "./s/1.patch", "s", "./s", "../t/s/1.patch"])
def test_a_file_is_named_as_the_user_wrote_it(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "t/s").mkdir(parents=True)
    with (tmp_path / "t/s/1.patch").open("wb") as file:
        file.truncate((32 << 20) + 1)
    monkeypatch.chdir(tmp_path / "t")
    shown = name if name.endswith("h") else f"{name}/1.patch"
    with pytest.raises(UsageError, match=rf"^{re.escape(shown)}: larger than 32 MiB"):
        read(clone, name)
    with pytest.raises(UsageError, match=rf"^{re.escape(name)}x\.patch: no such file or directory"):
        read(clone, f"{name}x.patch")


def test_a_sparse_work_tree_is_a_kernel_clone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Makefile", "Kconfig", "MAINTAINERS", "COPYING", "kernel/x.c", "scripts/y"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    monkeypatch.chdir(tmp_path)
    shell(tmp_path, "git init -q; git add .; git -c user.name=A -c user.email=a@b commit -qm x")
    assert kernel_here() == tmp_path
    shell(tmp_path, "git sparse-checkout set --cone drivers")
    assert not (tmp_path / "kernel").exists()
    assert kernel_here() == tmp_path
    shell(tmp_path, "git rm -q --sparse -r kernel; git -c user.name=A -c user.email=a@b "
                    "commit -qm y")
    assert kernel_here() is None
