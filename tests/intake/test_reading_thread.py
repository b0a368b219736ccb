# SPDX-License-Identifier: GPL-2.0-only
"""Of a thread the newest version is taken, replies are not, and nothing goes without a word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from clones import shell
from postings import FIRST, PTM, change, mails, make_clone, reply, threaded, two_patches, write

from checks.finding import Severity
from checks.patches.mail_rules import numbering
from checks.patches.mails import SeriesText, view
from generator.errors import Refused, UsageError
from generator.intake import apply as applying
from generator.intake.posting import Asked, on
from generator.intake.thread import queued, spans
from generator.kernel.tree import Tree


@pytest.fixture(autouse=True)
def own_cache(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return make_clone(tmp_path / "clone")


@pytest.fixture
def thread(clone: Path) -> list[str]:
    """A cover letter, two patches, and a reply to the first of them."""
    two_patches(clone)
    cover, first, second = mails(clone, "--cover-letter -v2")
    tag = "Reviewed-by: Other Person <other@example.org>"
    return [
        threaded(cover, 0, 2), threaded(first, 1, 2, "2-0"),
        reply("2-1", tag, "Re: [PATCH v2 1/2] " + FIRST), threaded(second, 2, 2, "2-0"),
    ]  # fmt: skip


def read(clone: Path, where: str, **asked: object) -> SeriesText:
    base = shell(clone, "git rev-parse main").strip()
    tree = Tree(clone / ".git", base, "", clone, "here")
    with on(Asked((where,), **asked), tree) as made:  # type: ignore[arg-type]
        return view(made)


def words(text: SeriesText) -> list[str]:
    """Return what was remarked, with file names below the directory of the series."""
    top = Path(text.directory)
    top = top if top.is_dir() else top.parent
    return [str(one).replace(f"{top}/", "") for one in text.remarks]


def test_a_thread_has_its_cover_and_its_reply_is_named(
    clone: Path, thread: list[str], tmp_path: Path
) -> None:
    text = read(clone, write(tmp_path / "t", {"thread.mbox": "".join(thread)}) + "/thread.mbox")

    assert [patch.number for patch in text.patches] == [1, 2]
    assert text.cover is not None
    assert text.cover.tags == ("PATCH", "v2", "0/2")
    line = "".join(thread[:2]).count("\n") + 1
    assert words(text) == [
        f'thread.mbox:{line}: note: left out: a reply, "Re: [PATCH v2 1/2] {FIRST}", of Other '
        "Person"
    ]


def test_tags_of_replies_are_added_when_asked(
    clone: Path, thread: list[str], tmp_path: Path
) -> None:
    thread.append(reply("2-0", "Acked-by: Other Person <other@example.org>", "Re: [PATCH v2 0/2]"))
    thread.append(reply("2-2", "Tested-by: Some Else <else@example.org>", "Re: [PATCH v2 2/2]"))
    where = write(tmp_path / "t", {f"{n}.eml": one for n, one in enumerate(thread)})

    plain, tagged = read(clone, where), read(clone, where, trailers=True)
    assert all("Reviewed-by" not in patch.log for patch in plain.patches)
    assert tagged.patches[0].log.endswith(
        "\nReviewed-by: Other Person <other@example.org>\nAcked-by: Other Person "
        "<other@example.org>")
    assert tagged.patches[1].log.endswith("\nAcked-by: Other Person <other@example.org>")
    assert words(tagged)[-1] == (
        "5.eml:1: note: not taken: Tested-by: Some Else <else@example.org> was sent by "
        "other@example.org")


def versions(clone: Path) -> tuple[list[str], list[str]]:
    two_patches(clone)
    old, new = mails(clone), mails(clone, "-v2")
    new = [one.replace("helps to find out", "helps to see") for one in new]
    return old, new


def test_the_newest_version_is_taken_and_an_older_one_on_demand(
    clone: Path, tmp_path: Path
) -> None:
    old, new = versions(clone)
    where = write(tmp_path / "s", {"0001-a.patch": old[0], "0002-b.patch": old[1],
                                   "v2-0001-a.patch": new[0], "v2-0002-b.patch": new[1]})
    text = read(clone, where)

    assert all("to see" in patch.log for patch in text.patches)
    assert words(text) == [
        "0001-a.patch:1: note: left out: v1 of the series; v2 is taken",
        "0002-b.patch:1: note: left out: v1 of the series; v2 is taken",
    ]
    assert all("to see" not in patch.log for patch in read(clone, where, version=1).patches)
    with pytest.raises(UsageError, match="no patches of v3 here, but of v1, v2"):
        read(clone, where, version=3)


def test_a_version_of_one_patch_takes_the_others_from_before(clone: Path, tmp_path: Path) -> None:
    old, new = versions(clone)
    sent = [threaded(one, n) for n, one in enumerate(old, 1)]
    where = write(tmp_path / "s", {"a": sent[0], "b": sent[1], "c": threaded(new[1], 2, 2, "1-2")})
    text = read(clone, where)

    assert ["to see" in patch.log for patch in text.patches] == [False, True]
    assert words(text) == [
        "a:1: note: taken as it was in v1: only other patches were sent again",
        "b:1: note: left out: v1 of the series; v2 is taken",
    ]


def test_a_patch_sent_again_counts_once(clone: Path, tmp_path: Path) -> None:
    two_patches(clone)
    old, new = mails(clone), mails(clone, "--subject-prefix='PATCH RESEND'")
    where = write(tmp_path / "s", {"1": old[0], "2": old[1], "3": new[1]})

    assert [patch.tags[1] for patch in read(clone, where).patches] == ["1/2", "RESEND"]


def test_copies_over_two_lists_count_once_and_others_of_one_id_are_refused(
    clone: Path, thread: list[str], tmp_path: Path
) -> None:
    copy = thread[1] + "_______\nlinux-pci mailing list\n"
    where = write(tmp_path / "s", {"1": thread[1], "2": thread[3], "copy": copy})

    assert words(read(clone, where)) == [
        "copy:1: note: left out: the same mail as 1"
    ]
    write(tmp_path / "s", {"copy": copy.replace("/* two */", "/* 2 */")})
    with pytest.raises(UsageError, match=r"copy: has the Message-Id of .*1 and says something"):
        read(clone, where)


def test_a_reply_with_a_diff_is_left_out_unless_it_is_all(
    clone: Path, thread: list[str], tmp_path: Path
) -> None:
    answer = re.sub("Subject: .*", "Subject: Re: [PATCH v2 2/2] better so", thread[3])
    answer = answer.replace("<2-2@", "<9@")
    where = write(tmp_path / "s", {"1": thread[1], "2": thread[3], "3": answer})

    assert len(read(clone, where).patches) == 2
    assert "3:1: note: left out: a reply with a diff" in words(read(clone, where))[0]
    alone = write(tmp_path / "t", {"3": answer})
    assert [patch.subject for patch in read(clone, alone).patches] == ["better so"]


def test_what_is_missing_is_an_error_and_not_applied(clone: Path, tmp_path: Path) -> None:
    two_patches(clone)
    shell(clone, "git checkout -q topic")
    change(clone, "PCI/PTM: Third", f"sed -i '5s/level/port/' {PTM}")
    shell(clone, "git checkout -q main")
    sent = mails(clone)
    where = write(tmp_path / "s", {"1.patch": sent[0], "3.patch": sent[2]})

    text = read(clone, where)
    assert text.missing == (2,)
    with pytest.raises(Refused, match=r"patch 2 of 3 is missing; .*\nnothing was changed; --any"):
        applying.apply(Asked((where,)), clone, "made", onto="main")
    assert "made" not in shell(clone, "git branch")
    # one alone is what somebody picked
    lone = Asked((f"{where}/3.patch",))
    with on(lone, Tree(clone / ".git", shell(clone, "git rev-parse main").strip(), "", clone, "")
            ) as made:  # fmt: skip
        (patch,) = view(made).patches
        assert patch.name == "3/3 PCI/PTM: Third"
        assert view(made).missing == (1, 2)
    done = applying.apply(lone, clone, "made", onto="main")
    assert "note: patches 1-2 of 3 are missing" in str(done.remarks[-1])
    done = applying.apply(Asked((where,), anyway=True), clone, "both", onto="main")
    assert "error: patch 2 of 3 is missing" in str(done.remarks[-1])


@pytest.mark.parametrize("lone", [True, False])
def test_the_rule_of_numbers_names_what_is_missing(
    clone: Path, tmp_path: Path, lone: bool
) -> None:
    two_patches(clone)
    sent = mails(clone)
    text = read(clone, write(tmp_path / "s", {"2.patch": sent[1]} if lone else {
        "1.patch": sent[0], "2.patch": sent[1]}))
    found = list(numbering(type("Context", (), {"series": text, "ours": False})))  # type: ignore[arg-type]

    assert [one.message for one in found] == (["of 2 patches 1 are not here"] if lone else [])
    assert all(one.severity is Severity.ERROR for one in found)


@pytest.mark.parametrize(("numbers", "said"), [
    (("", ""), []),
    (("1/2", ""), ["the subject says no number, this is 2/2"]),
])
def test_only_where_some_have_numbers_must_others(
    clone: Path, tmp_path: Path, numbers: tuple[str, str], said: list[str]
) -> None:
    two_patches(clone)
    sent = [one.replace(f" {at}/2]", f" {number}]".replace(" ]", "]"))
            for at, (one, number) in enumerate(zip(mails(clone), numbers, strict=True), 1)]
    text = read(clone, write(tmp_path / "s", {"1.patch": sent[0], "2.patch": sent[1]}))
    found = list(numbering(type("Context", (), {"series": text, "ours": False})))  # type: ignore[arg-type]

    assert [one.message for one in found] == said


@pytest.mark.parametrize("numbers", [("1/1", "1/1"), ("1/1", ""), ("", "1/1")])
def test_whole_series_one_after_the_other_are_a_queue(
    clone: Path, tmp_path: Path, numbers: tuple[str, str]
) -> None:
    two_patches(clone)
    sent = [one.replace(f"[PATCH {at}/2]", f"[PATCH {number}]" if number else "[PATCH]")
            for at, (one, number) in enumerate(zip(mails(clone), numbers, strict=True), 1)]
    text = read(clone, write(tmp_path / "s", {"1.patch": sent[0], "2.patch": sent[1]}))

    assert len(text.patches) == 2
    assert any("in the order in which they are given" in one.text for one in text.remarks)
    for ours, count in ((False, 0), (True, 1)):
        what = type("Context", (), {"series": text, "ours": ours})
        assert bool(list(numbering(what))) is bool(count)  # type: ignore[arg-type]


@pytest.mark.parametrize(("numbers", "whole"), [
    ([(1, 3), (2, 3), (3, 3), (1, 3), (2, 3), (3, 3)], True),
    ([(1, 2), (2, 2), (0, 0), (0, 0)], True),
    ([(1, 2), (2, 2)], False),
    ([(1, 2), (2, 2), (2, 2)], False),
    ([(1, 2), (0, 0)], False),
    ([(1, 2), (1, 2), (2, 2), (2, 2)], False),
    ([(0, 1)], False),
    ([], False),
])
def test_a_queue_is_more_than_one_series_each_whole(
    numbers: list[tuple[int, int]], whole: bool
) -> None:
    assert queued(numbers) is whole


def test_one_number_twice_is_refused_with_both_names(clone: Path, tmp_path: Path) -> None:
    two_patches(clone)
    sent = mails(clone)
    where = write(tmp_path / "s", {"1.patch": sent[0], "2.patch": sent[1], "3.patch": sent[1]})

    with pytest.raises(UsageError, match=r"3\.patch: patch 2/2 is there twice, .*2\.patch has .*"
                       "the same patch"):
        read(clone, where)
    write(tmp_path / "s", {"3.patch": sent[1].replace("level -=", "level *=")})
    with pytest.raises(UsageError, match=r"3\.patch: .* another patch"):
        read(clone, where)


def test_patches_of_several_series_keep_the_order_in_which_they_are_given(
    clone: Path, tmp_path: Path
) -> None:
    two_patches(clone)
    sent = mails(clone)
    where = write(tmp_path / "s", {"01.patch": sent[0].replace("1/2", "7/9"),
                                   "02.patch": sent[1].replace(" 2/2", "")})
    text = read(clone, where)

    assert text.patches[0].name == f"1/2 {FIRST}"
    assert "the patches are taken in the order in which they are given" in words(text)[0]


def test_a_mail_without_a_diff_among_patches_is_an_error(clone: Path, tmp_path: Path) -> None:
    two_patches(clone)
    sent = mails(clone)
    note = sent[0].partition("---\n")[0].replace("[PATCH 1/2]", "a word")
    where = write(tmp_path / "s", {"1.patch": sent[0], "2.patch": sent[1], "3.patch": note,
                                   "README": "Read me.\n", ".hidden": "x", "old~": "x"})

    assert words(read(clone, where)) == [
        "README: note: left out: neither a mail nor a diff",
        "3.patch:1: error: left out: no diff in it, so no commit is made of it",
    ]


def test_numbers_are_told_as_people_write_them() -> None:
    assert spans((1, 3, 4, 5, 9)) == "1, 3-5, 9"
