# SPDX-License-Identifier: GPL-2.0-only
"""Diffs laid over a commit, and commits of a user's clone, as the files that they change."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from generator.__main__ import main
from generator.errors import Conflict, UsageError
from generator.kernel.tree import Tree
from generator.series.overlay import between, nearest, with_diffs

TEXT = "".join(f"line {number}\n" for number in range(1, 31))
GOOD = """\
A mail may stand before it.

diff --git a/a.c b/a.c
--- a/a.c
+++ b/a.c
@@ -2,3 +2,3 @@
 line 2
-line 3
+line three
 line 4
@@ -20,3 +20,2 @@
 line 20
-line 21
 line 22
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    path = tmp_path / "linux"
    path.mkdir()
    _git(path, "init", "-q")
    (path / "a.c").write_text(TEXT)
    (path / "b.c").write_text("b\n")
    _commit(path, "first")
    return path


def _git(path: Path, *args: str) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": str(path)}
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "a", f"GIT_{who}_EMAIL": "a@b"}
    return subprocess.run(["git", "-C", str(path), *args], check=True, capture_output=True,
                          text=True, env=env).stdout.strip()


def _commit(path: Path, message: str) -> str:
    _git(path, "add", "-A")
    _git(path, "commit", "-q", "-m", message)
    return _git(path, "rev-parse", "HEAD")


def _tree(path: Path) -> Tree:
    return Tree(path / ".git", _git(path, "rev-parse", "HEAD"), "6.12", path, "test")


def _laid(path: Path, *texts: str) -> dict[str, bytes | None]:
    tree = _tree(path)
    return with_diffs(tree, tree.base, [(f"{n}.diff", text.encode())
                                        for n, text in enumerate(texts)])


def test_a_diff_changes_its_files_and_nothing_of_the_users(repo: Path) -> None:
    before = _git(repo, "status", "--porcelain"), (repo / ".git" / "index").read_bytes()

    (path, text), = _laid(repo, GOOD).items()

    assert path == "a.c"
    assert text == TEXT.replace("line 3\n", "line three\n").replace("line 21\n", "").encode()
    assert (repo / "a.c").read_text() == TEXT
    assert (_git(repo, "status", "--porcelain"), (repo / ".git" / "index").read_bytes()) == before


def test_diffs_are_laid_one_over_the_other_and_may_make_and_delete_files(repo: Path) -> None:
    made = "--- /dev/null\n+++ b/d/new.c\n@@ -0,0 +1 @@\n+new\n"
    again = "--- a/d/new.c\n+++ b/d/new.c\n@@ -1 +1 @@\n-new\n+newer\n"
    gone = "--- a/b.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n"

    assert _laid(repo, made, again, gone) == {"d/new.c": b"newer\n", "b.c": None}


def test_what_does_not_apply_is_told_with_file_and_hunk(repo: Path) -> None:
    other = GOOD.replace("-line 21\n", "-line 99\n")

    with pytest.raises(Conflict, match=r"^0\.diff: does not apply: a\.c: hunk 2, at line 20: "):
        _laid(repo, other)
    with pytest.raises(Conflict, match=r"0\.diff: does not apply: c\.c: does not exist"):
        _laid(repo, GOOD.replace("a.c", "c.c"))


@pytest.mark.parametrize(
    "text",
    [
        "no diff at all\n",
        "--- /dev/null\n+++ b/../out.c\n@@ -0,0 +1 @@\n+new\n",
        "--- /dev/null\n+++ b/.git/config\n@@ -0,0 +1 @@\n+new\n",
        "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc\n"
        "\\ No newline at end of file\n",
        "diff --git a/b.c b/b.c\nindex 61780798..00000000\nGIT binary patch\nliteral 1\n"
        "Ic${kh00961\n\nliteral 2\nJc$}+u1ONa400jU5\n\n",
    ],
    ids=["none", "outside", "git", "link", "binary"],
)
def test_more_than_text_in_files_of_the_tree_is_refused(repo: Path, text: str) -> None:
    with pytest.raises((UsageError, Conflict)):
        _laid(repo, text)
    assert not (repo.parent / "out.c").exists()


def test_a_commit_is_the_files_that_it_changes(repo: Path) -> None:
    tree = _tree(repo)
    (repo / "a.c").write_text("changed\n")
    (repo / "b.c").unlink()
    (repo / "c.c").write_text("new\n")
    later = _commit(repo, "later")

    assert between(tree, tree.base, later) == {"a.c": b"changed\n", "b.c": None, "c.c": b"new\n"}
    assert between(tree, later, later) == {}


def test_a_build_starts_from_the_nearest_commit_that_is_checked_out(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTWRIGHT_CACHE", str(tmp_path / "cache"))
    first, tree = _git(repo, "rev-parse", "HEAD"), _git(repo, "rev-parse", "HEAD^{tree}")
    (repo / "b.c").write_text("more\n")
    later = _commit(repo, "later")

    assert nearest(repo, "HEAD") == later
    (tmp_path / "cache" / "own" / tree / "work").mkdir(parents=True)
    assert nearest(repo, "HEAD") == first
    with pytest.raises(UsageError, match="no commit 'nothing'"):
        nearest(repo, "nothing")


def test_a_commit_is_one_of_a_clone_that_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boot", "auxbus", "--commit", "HEAD"]) == 2
    assert "--commit needs --tree" in capsys.readouterr().err


def test_a_diff_that_is_not_there_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boot", "auxbus", "--with", "nowhere.diff"]) == 2
    assert "nowhere.diff: cannot be read" in capsys.readouterr().err
