# SPDX-License-Identifier: GPL-2.0-only
"""Commits, the work tree and branches of b4 are series too; nothing is written in the clone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from clones import shell, snapshot
from postings import FIRST, PTM, SECOND, mails, make_clone, two_patches, write

from checks.patches import rules
from checks.patches.context import Context
from checks.patches.mails import edits, view
from generator.errors import UsageError
from generator.intake import apply as applying
from generator.intake import posting
from generator.intake.posting import Asked, Posting
from generator.intake.replay import made as replayed
from generator.intake.workplace import workplace
from generator.kernel import tree


@pytest.fixture(autouse=True)
def own_cache(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    where = make_clone(tmp_path / "clone")
    two_patches(where)
    return where


@contextmanager
def opened(clone: Path, asked: Asked, base: str | None = None) -> Iterator[Posting]:
    before = snapshot(clone)
    with posting.opened(asked, clone, base) as made:
        yield made
    assert snapshot(clone) == before


def commits(clone: Path, span: str) -> list[str]:
    return shell(clone, f"git rev-list --reverse {span}").split()


@pytest.mark.parametrize(
    ("text", "span"),
    [("main..topic", "main..topic"), ("topic", "-1 topic"), ("topic~1", "-1 topic~1"),
     ("topic~1..topic", "-1 topic")],
)  # fmt: skip
def test_a_range_is_its_own_commits(clone: Path, text: str, span: str) -> None:
    with opened(clone, Asked((text,))) as made:
        assert [one.commit for one in made.commits] == commits(clone, span)
        assert made.where.base == shell(clone, f"git rev-parse {made.commits[0].commit}^").strip()
        assert made.remarks == ()
        patch = view(made).patches[-1]
        assert patch.file == f"commit {made.tip[:12]}"
        assert patch.log.split("\n")[0] == shell(clone, f"git log -1 --format=%b {made.tip}"
                                                 ).split("\n")[0]
        assert shell(clone, f"git log -1 --format=%B {made.tip}").split("\n")[
            patch.line(1) - 1] == patch.log.split("\n")[0]
        assert list(edits(made)[-1]) == [PTM]


def test_a_range_on_another_base_is_made_anew(clone: Path) -> None:
    shell(clone, "git checkout -q -b other main; echo x >more; git add -f more; git commit -qm x")
    with opened(clone, Asked(("main..topic",)), "other") as made:
        assert made.where.base == shell(clone, "git rev-parse other").strip()
        assert made.commits[0].parent == made.where.base
        patches = view(made).patches
    assert [patch.subject for patch in patches] == [FIRST, SECOND]
    done = applying.apply(Asked(("main..topic",)), clone, "made", onto="other")
    assert done.commits == tuple(one.commit for one in made.commits)
    assert shell(clone, "git diff other made") == shell(clone, "git diff main topic")


def test_apply_of_a_range_takes_the_very_commits(clone: Path) -> None:
    done = applying.apply(Asked(("main..topic",)), clone, "made")

    assert list(done.commits) == commits(clone, "main..topic")
    assert done.note.endswith("on which these commits stand")


@pytest.mark.parametrize(
    ("text", "message"),
    [("topic..main", "no commits"), ("main...topic", "symmetric"), ("none", "no commit 'none'"),
     ("main", "the first commit of a history"), ("merged", "a merge"),
     ("main..merged", "a merge|no line"), ("--all", "no commit")],
)  # fmt: skip
def test_what_is_no_line_of_commits_is_refused(clone: Path, text: str, message: str) -> None:
    shell(clone, "git checkout -q -b merged main; git commit -q --allow-empty -m side; "
          "git merge -q --no-edit topic")
    with pytest.raises(UsageError, match=message), opened(clone, Asked((text,))):
        pass


def test_what_is_not_committed_is_one_commit(clone: Path) -> None:
    file = clone / PTM
    file.write_text(file.read_text().replace("level = 2", "level = 22"))
    (clone / "Kconfig").write_text("staged\n")
    shell(clone, "git add -f Kconfig; echo y >untracked.c; echo '!/untracked.c' >>.gitignore")
    shell(clone, "git rm -q --cached drivers/pci/run.sh; echo '#' >.git/info/exclude")
    with opened(clone, Asked(uncommitted=True)) as made:
        text = view(made)
        (changes,) = edits(made)
    assert text.form == "draft"
    assert set(changes) == {PTM, "Kconfig", ".gitignore", "drivers/pci/run.sh"}
    assert changes["drivers/pci/run.sh"] is None
    assert changes[PTM] == file.read_bytes()
    assert any("untracked" in str(one) and "untracked.c" in str(one) for one in made.remarks)
    found = rules.check(Context(text, {}.get, (changes,), made.where.base))
    assert not [one for one in found if one.path == "the work tree"]


def test_nothing_uncommitted_and_half_a_merge_are_refused(clone: Path) -> None:
    with pytest.raises(UsageError, match="nothing is changed"), opened(
            clone, Asked(uncommitted=True)):
        pass
    shell(clone, f"echo 1 >{PTM}; git commit -qam one; git merge -q topic >/dev/null 2>&1 || true")
    with pytest.raises(UsageError, match="still in conflict"), opened(
            clone, Asked(uncommitted=True)):
        pass


def test_filters_of_the_user_do_not_run_for_what_is_not_committed(
    clone: Path, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    shell(clone, f"git config filter.evil.clean 'touch {ran}; cat'; "
          f"git config filter.evil.process 'touch {ran}'; git config filter.evil.required true; "
          f"git config core.fsmonitor 'touch {ran}; false'")
    (clone / ".gitattributes").write_text("*.c filter=evil\n")
    (clone / PTM).write_text("int x;\n")
    with opened(clone, Asked(uncommitted=True)) as made:
        assert edits(made)[0][PTM] == b"int x;\n"
    assert not ran.exists()


COVER = "EDITME: PCI: Say things\n\nTwo messages help.\n\n"
TRACK = json.dumps({"series": {"revision": 1, "change-id": "x", "base-branch": "main"}}, indent=2)
MARK = ("--- b4-submit-tracking ---\n# This section is used internally by b4 prep for tracking "
        f"purposes.\n{TRACK}\n")  # fmt: skip


def b4_commit(clone: Path) -> None:
    (clone.parent / "cover").write_text(COVER + MARK)
    shell(clone, "git checkout -q -b b4/say main; git commit -q --allow-empty -F ../cover; "
          "git cherry-pick main..topic >/dev/null")


def b4_tip(clone: Path) -> None:
    (clone.parent / "cover").write_text(COVER + MARK)
    shell(clone, "git checkout -q -b b4/say topic; git commit -q --allow-empty -F ../cover; "
          "git config b4.prep-cover-strategy tip-commit")


def b4_description(clone: Path) -> None:
    (clone.parent / "cover").write_text(COVER)
    shell(clone, "git checkout -q -b b4/say topic; "
          "git config branch.b4/say.description \"$(cat ../cover)\"; "
          "git config branch.b4/say.b4-prep-cover-strategy branch-description")
    shell(clone, f"git config branch.b4/say.b4-tracking '{json.dumps(json.loads(TRACK))}'")


@pytest.mark.parametrize("make", [b4_commit, b4_tip, b4_description])
def test_a_branch_of_b4_is_its_patches_with_its_cover_letter(clone: Path, make) -> None:
    make(clone)
    with opened(clone, Asked(b4=True)) as made:
        text = view(made)
        assert made.where.base == shell(clone, "git rev-parse main").strip()
        assert [patch.subject for patch in text.patches] == [FIRST, SECOND]
        assert text.cover is not None
        assert text.cover.subject == "EDITME: PCI: Say things"
        assert text.cover.log == "Two messages help."
    done = applying.apply(Asked(b4=True), clone, "made")
    assert shell(clone, "git rev-parse made^{tree}") == shell(clone, "git rev-parse topic^{tree}")
    assert "submit-tracking" not in shell(clone, f"git log {done.base}..made")


def test_a_branch_that_b4_does_not_know_is_refused(clone: Path) -> None:
    with pytest.raises(UsageError, match="b4 does not look after main"), opened(
            clone, Asked(b4=True)):
        pass
    shell(clone, "git checkout -q --detach")
    with pytest.raises(UsageError, match="no branch is checked out"), opened(clone, Asked(b4=True)):
        pass


# -- the base --------------------------------------------------------------------------------------


def test_the_base_is_named_or_a_word_is_said(clone: Path, tmp_path: Path) -> None:
    shell(clone, "git checkout -q -b ahead main; echo x >more; git add -f more; git commit -qm x")
    main, ahead = shell(clone, "git rev-parse main ahead").split()
    named = mails(clone, "--base=main", "main..topic")
    plain = mails(clone, "", "main..topic")
    both = {"1.patch": named[0], "2.patch": named[1]}
    with opened(clone, Asked((write(tmp_path / "named", both),))) as made:
        assert (made.where.base, made.remarks) == (main, ())
    with opened(clone, Asked((str(tmp_path / "named"),)), "ahead") as made:
        assert (made.where.base, made.remarks) == (ahead, ())
    lost = {"1.patch": named[0].replace(main, "1" * 40), "2.patch": named[1]}
    with opened(clone, Asked((write(tmp_path / "lost", lost),))) as made:
        assert made.where.base == ahead
        assert [str(one) for one in made.remarks] == [
            f"note: base: 111111111111, which the series names, is not here; HEAD of {clone}, "
            f"{ahead[:12]}, was taken"
        ]
    bare = {"1.patch": plain[0], "2.patch": plain[1]}
    with opened(clone, Asked((write(tmp_path / "bare", bare),))) as made:
        assert [str(one) for one in made.remarks] == [
            f"note: base: not named; HEAD of {clone}, {ahead[:12]}, was taken"
        ]
    done = applying.apply(Asked((str(tmp_path / "bare"),)), clone, "made")
    assert done.base == ahead
    assert done.note == f"base: not named; HEAD of {clone}, {ahead[:12]}, was taken"


def test_a_conflict_on_a_guessed_base_says_so(clone: Path, tmp_path: Path) -> None:
    bare = write(tmp_path / "bare", {"1.patch": mails(clone, "", "main..topic")[0]})
    shell(clone, f"git checkout -q -b ahead main; echo x >{PTM}; git commit -qam x")
    from generator.errors import Conflict

    with pytest.raises(Conflict, match=r"(?s)hunk 1 .*base: not named; HEAD of .*with --base"):  # noqa: SIM117
        with opened(clone, Asked((bare,))):
            pass


def test_a_commit_that_stands_stays_and_one_that_does_not_is_made_anew(clone: Path) -> None:
    with workplace(clone / ".git/objects") as work:
        got = posting.gather(Asked(("main..topic",)), work, clone)
        base = shell(clone, "git rev-parse main").strip()
        stays, _ = replayed(work, base, got.pieces, None)
        fresh, _ = replayed(work, base, got.pieces[:1], {"GIT_COMMITTER_NAME": "X",
                                                         "GIT_COMMITTER_EMAIL": "x@y"})
    assert [one.commit for one in stays] == commits(clone, "main..topic")
    assert fresh[0].commit == commits(clone, "main..topic")[0]


def test_revisions_need_a_clone(tmp_path: Path) -> None:
    where = tree.Tree(tmp_path, "0" * 40, "", tmp_path, "here")
    with pytest.raises(UsageError, match="commits are looked for in a kernel clone"), posting.on(
            Asked(("HEAD",)), where):
        pass
