# SPDX-License-Identifier: GPL-2.0-only
"""Mails, directories, revisions, clones and options that are wrong: one error that names its place.

Each row is something that people and programs really hand over, what is said of it, and the code
that the shell gets.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from clones import clone_at, shell

from generator.__main__ import main

HEAD = ("From: A <a@b.c>\nDate: Tue, 14 Nov 2023 22:13:20 +0000\nSubject: [PATCH] x\n\nWhy.\n"
        "\nSigned-off-by: A <a@b.c>\n---\n")
DIFF = ("diff --git a/Kconfig b/Kconfig\n--- a/Kconfig\n+++ b/Kconfig\n@@ -1 +1,2 @@\n mainmenu\n"
        "+more\n-- \n2.39\n")
MAIL = HEAD + DIFF
NEW = "diff --git a/{0} b/{0}\nnew file mode {1}\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n"
PART = "Content-Type: text/plain\n\nWhy.\n---\n"


def numbered(subject: str) -> str:
    return MAIL.replace("[PATCH] x", subject)


def typed(kind: str, body: str) -> str:
    head, _, _ = MAIL.partition("\n\n")
    return f"{head}\nMIME-Version: 1.0\n{kind}\n\n{body}"


# what is wrong -> the file, the code, what is said
MAILS: dict[str, tuple[str | bytes, int, str]] = {
    "nothing in it": ("",
        2, r"\.\./x\.patch: neither a mail nor a diff; leave it out, or get it as it was sent"),
    "blank lines": ("\n\n   \n\n",
        2, r"\.\./x\.patch: neither a mail nor a diff; leave it out, or get it as it was sent"),
    "UTF-16": (MAIL.encode("utf-16"),
        2, r"\.\./x\.patch: neither a mail nor a diff; leave it out, or get it as it was sent"),
    "UTF-8 with a mark of its order": (b"\xef\xbb\xbf" + MAIL.encode(), 0, ""),
    "cut in a hunk": (MAIL[: MAIL.index("+more")],
        2, r"\.\./x\.patch:1: git does not read it as a diff: corrupt patch"),
    "cut in the header of a hunk": (MAIL[: MAIL.index("1,2 @@")],
        2, r"\.\./x\.patch:12: git does not read it as a diff: corrupt patch"),
    "cut in the headers": (MAIL[:30],
        2, r"\.\./x\.patch: no patch here; name mails or files that hold a diff"),
    "a hunk that is longer than it says": (MAIL.replace("1,2", "1,1"),
        2, r"\.\./x\.patch:14: git does not read it as a diff: corrupt patch"),
    "a hunk that is shorter than it says": (MAIL.replace("+1,2", "+1,9"),
        2, r"\.\./x\.patch:16: git does not read it as a diff: corrupt patch"),
    "numbers that are none": (MAIL.replace("@@ -1 +", "@@ -x +"),
        2, r"\.\./x\.patch:12: git does not read it as a diff: corrupt patch"),
    "numbers without end": (MAIL.replace("@@ -1 ", "@@ -99999999999999999999 "),
        2, r"\.\./x\.patch:12: a hunk at line 99999999999999999999: no file of a kernel has so"),
    "a date that is none": (MAIL.replace("Tue, 14 Nov 2023", "the day before"),
        2, r"\.\./x\.patch:2: its date is 'the day before 22:13:20 \+0000', which git takes for"),
    "a date before there was git": (MAIL.replace("2023", "1823"),
        2, r"\.\./x\.patch:2: its date is 'Tue, 14 Nov 1823 22:13:20 \+0000', which git takes"),
    "an author without an address": (MAIL.replace("A <a@b.c>", "nobody", 1),
        4, r"\.\./x\.patch:1: error: no From: in it: git am refuses it; send it as git"),
    "an address that is open": (MAIL.replace("A <a@b.c>", "A <a@b.c", 1), 0, ""),
    "a subject of brackets alone": (numbered("[PATCH]"),
        4, r"\.\./x\.patch:1: error: no Subject: in it, so git am takes its first lines for one;"),
    "an empty subject": (numbered(""),
        4, r"\.\./x\.patch:1: error: no Subject: in it, so git am takes its first lines for one;"),
    "base64 that is none": (
        typed("Content-Transfer-Encoding: base64", "!!!not base64!!!\n"),
        2, r"\.\./x\.patch: no patch here; name mails or files that hold a diff"),
    "base64 that is cut": (typed("Content-Transfer-Encoding: base64",
                                 base64.b64encode(b"Why.\n---\n" + DIFF.encode()).decode()[:-50]),
                           2, r"\.\./x\.patch:5: git does not read it as a diff: patch with only"),
    "quoted-printable that is none": (
        typed("Content-Transfer-Encoding: quoted-printable", f"=ZZ=\n---\n{DIFF}"), 0, ""),
    "a charset of nobody": (
        typed("Content-Type: text/plain; charset=klingon", f"W\xe4rum.\n---\n{DIFF}")
        .encode("latin-1"),
        2, r"\.\./x\.patch:5: what it has is not of the charset 'klingon' that it names, or git"),
    "parts without a boundary": (typed("Content-Type: multipart/mixed", PART + DIFF), 0, ""),
    "parts that never end": (
        typed('Content-Type: multipart/mixed; boundary="b"', f"--b\n{PART}{DIFF}"), 0, ""),
    "no part at all": (
        typed('Content-Type: multipart/mixed; boundary="b"', f"{PART}{DIFF}"),
        2, r"\.\./x\.patch: no patch here; name mails or files that hold a diff"),
    "a mail that is encrypted": (
        typed('Content-Type: multipart/encrypted; boundary="b"', "--b\nContent-Type: application/"
              "octet-stream\n\n-----BEGIN PGP MESSAGE-----\nhQ==\n--b--\n"),
        2, r"\.\./x\.patch: no patch here; name mails or files that hold a diff"),
    "HTML": (typed("Content-Type: text/html", f"<pre>Why.\n---\n{DIFF}</pre>"),
        2, r"\.\./x\.patch: an HTML mail, so a mail program has changed the patch: get it as"),
    "a patch that an attachment of gzip has": (
        typed('Content-Type: multipart/mixed; boundary="b"',
              "--b\nContent-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n"
              + base64.b64encode(gzip.compress(DIFF.encode())).decode() + "\n--b--\n"),
        2, r"\.\./x\.patch: no patch here; name mails or files that hold a diff"),
    "a reply alone": (numbered("Re: [PATCH] x").replace(DIFF, "> diff --git a/Kconfig\nNo.\n"),
                      2, r"\.\./x\.patch: no patch here; name mails or files that hold a diff"),
    "number two of one": (numbered("[PATCH 2/1] x"),
        4, r"\.\./x\.patch: error: patch 1 of 1 is missing; add the mail, or get the thread"),
    "number nought of nought": (numbered("[PATCH 0/0] x"),
        4, r"\.\./x\.patch:1: error: numbered as a cover letter and has a diff, which git am"),
    "twice the same number": ("From a Mon Sep 17 00:00:00 2001\n" + numbered("[PATCH 1/2] x")
                              + "\nFrom a Mon Sep 17 00:00:00 2001\n" + numbered("[PATCH 1/2] y"),
                              2, r"\.\./x\.patch:19: patch 1/2 is there twice, \.\./x\.patch has"),
    "versions in a muddle": ("From a Mon Sep 17 00:00:00 2001\n" + numbered("[PATCH v2 1/2] x")
                             + "\nFrom a Mon Sep 17 00:00:00 2001\n"
                             + numbered("[PATCH v3 2/2] y"),
        4, r"\.\./x\.patch: error: patch 1 of 2 is missing; add the mail, or get the thread"),
    "a path out of the tree": (HEAD + NEW.format("x/../../y", "100644"),
        2, r"\.\./x\.patch:9: git refuses it: invalid path 'x/\.\./\.\./y'"),
    "a path with a newline": (HEAD + NEW.replace("a/{0} b/{0}", '"a/{0}" "b/{0}"').replace(
        "+++ b/{0}", '+++ "b/{0}"').format("x\\ny", "100644"),
        2, r"\.\./x\.patch:1: 'x\\ny': not a path inside the tree"),
    "a mode of nobody": (HEAD + NEW.format("x", "100666"), 0, ""),
    "a new file that is there": (HEAD + NEW.format("Kconfig", "100644"),
        5, r"\.\./x\.patch:9: does not apply: Kconfig: already exists"),
    "a file taken away that is not there": (
        HEAD + "diff --git a/no b/no\ndeleted file mode 100644\n--- a/no\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-x\n", 5, r"\.\./x\.patch:9: does not apply: no: does not exist"),
    "a rename of what is not there": (
        HEAD + "diff --git a/no b/yes\nsimilarity index 100%\nrename from no\nrename to yes\n",
        5, r"\.\./x\.patch:1: does not apply: no: does not exist"),
    "a rename onto what is there": (
        HEAD + "diff --git a/Kconfig b/Makefile\nsimilarity index 100%\nrename from Kconfig\n"
        "rename to Makefile\n", 5, r"\.\./x\.patch:9: does not apply: Makefile: already exists"),
    "a diff of a merge": (
        HEAD + "diff --cc Kconfig\nindex 1,2..3\n--- a/Kconfig\n+++ b/Kconfig\n"
        "@@@ -1,1 -1,1 +1,2 @@@\n  mainmenu\n++more\n",
        2, r"\.\./x\.patch:1: git finds no change in it, as in the diff of a merge: make it with"),
    "a context diff": (HEAD + "*** a/Kconfig\n--- b/Kconfig\n***************\n*** 1 ****\n"
                       "--- 1,2 ----\n  mainmenu\n+ more\n",
        2, r"\.\./x\.patch: no patch here; name mails or files that hold a diff"),
    "a diff without -u": (HEAD + "1a2\n> more\n",
        2, r"\.\./x\.patch: no patch here; name mails or files that hold a diff"),
    "a diff of svn": (HEAD + "Index: Kconfig\n=====\n--- Kconfig\t(revision 1)\n"
                      "+++ Kconfig\t(working copy)\n@@ -1 +1,2 @@\n mainmenu\n+more\n",
        0, r"\.\./x\.patch:1: note: its paths are without a/ and b/, as diff\.noprefix writes"),
    "a program": (b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 8,
        2, r"\.\./x\.patch: neither a mail nor a diff; leave it out, or get it as it was sent"),
    "a PDF": (b"%PDF-1.4\n\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n",
        2, r"\.\./x\.patch: neither a mail nor a diff; leave it out, or get it as it was sent"),
    "gzip that is cut": (gzip.compress(MAIL.encode())[:-30],
        2, r"\.\./x\.patch: not a sound gzip file: it ends in the middle; get it again"),
    "gzip within gzip": (gzip.compress(gzip.compress(MAIL.encode())),
        2, r"\.\./x\.patch: packed \(gzip within gzip\): unpack it, and name what it has"),
    "lines of a Mac": (MAIL.replace("\n", "\r"),
        2, r"\.\./x\.patch: no patch here; name mails or files that hold a diff"),
    "tabs that a mail program has made spaces": (
        HEAD + DIFF.replace("+more", "+more").replace(" mainmenu", "  mainmenu"),
        5, r"\.\./x\.patch:12: does not apply: hunk 1 of Kconfig, at line 1; none of its lines"),
    "lines that a mail program has wrapped": (MAIL.replace("@@ -1 +1,2 @@", "@@ -1\n+1,2 @@"),
                                              2, r"\.\./x\.patch:12: git does not read it as a"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    where = clone_at(tmp_path / "clone")
    monkeypatch.chdir(where)
    return where


def ended(argv: list[str]) -> int:
    try:
        return main(argv)
    except SystemExit as told:
        return int(str(told.code))


def hold(argv: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    got = ended(argv)
    told = capsys.readouterr()
    assert got == code, told
    if code == 0:
        assert told.out.startswith("would create refs/heads/topic")
        assert re.match(said, told.err) if said else told.err == ""
        return
    assert told.out == ""
    assert told.err.startswith("portwright apply: ")
    assert re.search(said, told.err), told.err
    assert told.err.count("\n") <= 2


@pytest.mark.parametrize("what", MAILS)
def test_a_mail(
    what: str, clone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, code, said = MAILS[what]
    (tmp_path / "x.patch").write_bytes(text if isinstance(text, bytes) else text.encode())
    hold(["apply", "../x.patch", "--branch", "topic", "-n"], code, said, capsys)


def _json(text: str) -> Callable[[Path], None]:
    return lambda where: (where / "series.json").write_text(text) and None


def _zip(where: Path) -> None:
    with zipfile.ZipFile(where / "x.patch", "w") as file:
        file.writestr("0001.patch", MAIL)


def _made(*commands: str) -> Callable[[Path], None]:
    return lambda where: [shell(where, one) for one in commands] and None


DIRECTORIES: dict[str, tuple[Callable[[Path], object], int, str]] = {
    "nothing in it": (lambda where: None,
        2, r"\.\./s: no patches here; name a directory, or files, with some"),
    "directories alone": (_made("mkdir a b"),
        2, r"\.\./s: no patches here; name a directory, or files, with some"),
    "a directory called as a patch": (_made("mkdir 0001-x.patch"),
        2, r"\.\./s/0001-x\.patch: a directory, not a file with patches; save what it gives in a"),
    "links in a circle": (_made("ln -s b.patch a.patch; ln -s a.patch b.patch"),
        2, r"\.\./s/a\.patch: a link, not a file with patches; save what it gives in a file, or"),
    "a link to nothing": (_made("ln -s gone a.patch"),
        2, r"\.\./s/a\.patch: cannot be read: No such file or directory"),
    "a zip": (_zip, 2, r"\.\./s/x\.patch: packed \(zip\): unpack it, and name what it has"),
    "series.json: a directory": (_made("mkdir series.json"),
        2, r"\.\./s/series\.json: no regular file"),
    "series.json: nothing": (_json(""),
        2, r"\.\./s/series\.json: not JSON: Expecting value: line 1 column 1 \(char 0\)"),
    "series.json: a list": (_json("[]"), 2, r"\.\./s/series\.json: not a JSON object"),
    "series.json: without end": (_json("[" * 100_000),
        2, r"\.\./s/series\.json: not JSON: maximum recursion depth exceeded while decoding a"),
    "series.json: numbers without end": (_json('{"base": ' + "9" * 5000 + "}"),
        2, r"\.\./s/series\.json: not JSON: Exceeds the limit \(4300 digits\) for integer string"),
    "series.json: patches that are not there": (_json(json.dumps({
        "name": "x", "version": "6.12", "source": "s", "base": "1" * 40, "tree": "2" * 40,
        "patches": ["0001-x.patch"], "files": {}})),
        2, r"\.\./s/series\.json: key 'files' must name every file with its blobs"),
    "quilt: a file that is not there": (
        _made("printf 'a.patch\\nb.patch\\n' >series; printf x >a.patch"),
        2, r"\.\./s/a\.patch: neither a mail nor a diff; leave it out, or get it as it was sent"),
    "a letter and nothing else": (lambda where: (where / "letter").write_text("Dear all,\n"),
        2, r"\.\./s: no patch here; name mails or files that hold a diff"),
    "quilt: only comments": (_made("printf '# none\\n' >series"),
        2, r"\.\./s: no patch here; name mails or files that hold a diff"),
}  # fmt: skip


@pytest.mark.parametrize("what", DIRECTORIES)
def test_a_directory(
    what: str, clone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, code, said = DIRECTORIES[what]
    (tmp_path / "s").mkdir()
    make(tmp_path / "s")
    hold(["apply", "../s", "--branch", "topic", "-n"], code, said, capsys)


# what the clone is made, what is named, the code, what is said
REVISIONS: dict[str, tuple[str, list[str], int, str]] = {
    "an unknown one": ("", ["v9..HEAD"], 2, r"v9\.\.HEAD: \. has no commit 'v9'"),
    "an empty range": ("", ["HEAD..HEAD"],
        2, r"HEAD\.\.HEAD: no commits; a\.\.b are those of b that are not in a"),
    "a range backwards": ("git commit -q --allow-empty -m x", ["HEAD..HEAD~"],
        2, r"HEAD\.\.HEAD\~: no commits; a\.\.b are those of b that are not in a"),
    "a merge": ("git checkout -qb s; echo >>Kconfig; git commit -qam s; git checkout -q main; "
                "git merge -q --no-ff s -m m", ["HEAD"],
        2, "[0-9a-f]+: a merge, which is no patch; name the commits themselves"),
    "the first commit": ("", ["HEAD"],
        2, "[0-9a-f]+: the first commit of a history, which is no patch; name the commits"),
    "a file": ("", ["HEAD:Kconfig"], 2, r"HEAD:Kconfig: \. has no commit 'HEAD:Kconfig'"),
    "a tree": ("", ["HEAD^{tree}"], 2, r"HEAD\^\{tree\}: \. has no commit 'HEAD\^\{tree\}'"),
    "two ranges": ("", ["HEAD..HEAD", "a..b"],
        2, r"a\.\.b: name one range \(a\.\.b\), or files; there is no such file"),
    "three dots": ("", ["HEAD...main"],
        2, r"HEAD\.\.\.main: a symmetric difference is no series; name it as a\.\.b"),
    "a name too long": ("", ["x" * 5000],
        2, r"SERIES: 'x{40}'\.\.\. is longer than 4000 characters"),
    "a name with a newline": ("", ["a\nb"], 2, r"a\\nb: \. has no commit 'a\\nb'"),
    "nothing is changed": ("", ["--uncommitted"],
        2, r"\.: nothing is changed in the files that git tracks"),
    "a conflict in the index": (
        "git checkout -qb s; echo 1 >Kconfig; git commit -qam s; git checkout -q main; "
        "echo 2 >Kconfig; git commit -qam m; git merge s >/dev/null || true",
        ["--uncommitted"], 2, r"\.: still in conflict: Kconfig; finish the merge first"),
    "no branch of b4": ("", ["--b4"],
        2, r"\.: b4 does not look after main: no cover letter of it within 2000 commits, and no"),
    "b4 on no branch": ("git checkout -q --detach", ["--b4"],
        2, r"\.: no branch is checked out; name the commits \(a\.\.b\)"),
    "nothing is named": ("", [],
        2, r"name one series: files or a directory of patches, -, a\.\.b, a commit, or"),
    "a file and a range": ("", ["Kconfig", "HEAD~..HEAD"],
        2, r"HEAD\~\.\.HEAD: no such file or directory"),
    "a base that is a file": ("", ["../x.patch", "--onto", "HEAD:Kconfig"],
        2, r"\.: no commit 'HEAD:Kconfig'; name one that it has"),
    "no commit yet": ("rm -rf .git; git init -q", ["../x.patch"],
        5, r"\.: has no commit to apply to; name one with --onto"),
    "HEAD that says nothing": ("echo nonsense >.git/HEAD", ["../x.patch"],
        2, r"\.: not a git repository; name a clone of the kernel with --repo"),
    "HEAD that is gone": ("rm .git/HEAD", ["../x.patch"],
        2, r"\.: not a git repository; name a clone of the kernel with --repo"),
    "a configuration that is none": ("echo '[' >>.git/config", ["../x.patch"],
        3, r"\.: git cannot read this clone: bad config line 9 in file \.git/config; mend it"),
    "a .git that leads nowhere": ("rm -rf .git; echo 'gitdir: gone' >.git", ["../x.patch"],
        2, r"\.: not a git repository; name a clone of the kernel with --repo"),
    "packed refs that are none": ("echo nonsense >.git/packed-refs", ["../x.patch"],
        3, r"\.: git cannot read this clone: unexpected line in \.git/packed-refs: nonsense;"),
    "objects that are lost": ("find .git/objects -type f -delete", ["../x.patch"],
        3, r"\.: HEAD is [0-9a-f]+, which git cannot read: `git fsck` there says what is lost"),
    "a tree that is lost": (
        "t=$(git rev-parse HEAD^{tree}); rm -f .git/objects/$(echo $t | sed 's,^..,&/,')",
        ["../x.patch"], 3, "[0-9a-f]+: git cannot read this commit: failed to unpack tree object"),
    "objects that are damaged": (
        "for f in $(find .git/objects -type f); do chmod 644 $f; echo x >$f; done",
        ["../x.patch"],
        3, r"\.: HEAD is [0-9a-f]+, which git cannot read: `git fsck` there says what is lost"),
    "HEAD of another branch that is none": ("echo zero >.git/refs/heads/main", ["../x.patch"],
                                            5, r"\.: has no commit to apply to; name one with"),
    "objects of somebody who is gone": (
        "find .git/objects -type f -delete; mkdir -p .git/objects/info; "
        "echo /gone >.git/objects/info/alternates", ["../x.patch"],
        3, r"\.: HEAD is [0-9a-f]+, which git cannot read: `git fsck` there says what is lost"),
}  # fmt: skip


@pytest.mark.parametrize("what", REVISIONS)
def test_a_revision_or_a_clone(
    what: str, clone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, named, code, said = REVISIONS[what]
    (tmp_path / "x.patch").write_text(MAIL)
    if make:
        shell(clone, make)
    hold(["apply", *named, "--branch", "topic", "-n"], code, said, capsys)
