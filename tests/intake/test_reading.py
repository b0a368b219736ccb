# SPDX-License-Identifier: GPL-2.0-only
"""A series in any form becomes the commits that git am would make, and apply makes the same."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from clones import shell, snapshot
from postings import (
    FIRST,
    FORMS,
    LOG,
    PTM,
    SECOND,
    WHO,
    Files,
    change,
    encoded,
    flowed,
    headless,
    mails,
    make_clone,
    two_patches,
    write,
)  # fmt: skip

from checks.patches.mails import edits, view
from generator.errors import Refused, UsageError
from generator.intake import apply as applying
from generator.intake.posting import Asked, Posting, on
from generator.kernel.tree import Tree


@pytest.fixture(autouse=True)
def own_cache(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "U Ser")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "u@example.org")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return make_clone(tmp_path / "clone")


@pytest.fixture
def series(clone: Path) -> list[str]:
    two_patches(clone)
    return mails(clone)


def tree_of(clone: Path) -> Tree:
    base = shell(clone, "git rev-parse main").strip()
    return Tree(clone / ".git", base, "", clone, "here")


def read(clone: Path, *inputs: str, scissors: bool = False) -> Posting:
    """Read a series; its repository is gone then, its ids and words are not."""
    with on(Asked(inputs, scissors=scissors), tree_of(clone)) as made:
        view(made)
        edits(made)
        return made


def ids(made: Posting) -> list[str]:
    return [one.commit for one in made.commits]


def told(clone: Path, commits: list[str], form: str) -> str:
    return shell(clone, f"git log --reverse --format='{form}' main..{commits[-1]}")


def branch(clone: Path, *inputs: str, anyway: bool = False) -> list[str]:
    """Apply a series, see that -n promises the very ids, and return them."""
    asked = Asked(inputs, anyway=anyway)
    planned = applying.apply(asked, clone, "made", onto="main", dry_run=True)
    done = applying.apply(asked, clone, "made", onto="main")
    assert planned.commits == done.commits
    assert shell(clone, "git rev-parse made").strip() == done.tip
    return list(done.commits)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_becomes_the_same_two_commits(
    clone: Path, series: list[str], tmp_path: Path, form: str
) -> None:
    where = write(tmp_path / "series", FORMS[form](series))
    made = read(clone, where)

    assert ids(made) == branch(clone, where)
    wanted = shell(clone, "git log --reverse --format='%T|%an|%ae|%ad|%s|%b' main..topic")
    assert told(clone, ids(made), "%T|%an|%ae|%ad|%s|%b") == wanted
    assert [one for one in made.remarks if one.error] == []
    if form == "format-patch":
        who = "GIT_COMMITTER_NAME='U Ser' GIT_COMMITTER_EMAIL=u@example.org"
        am = f"{who} git am -q --committer-date-is-author-date {where}/*"
        shell(clone, f"git checkout -q -b am main; {am}")
        assert shell(clone, "git rev-parse am^ am").split() == ids(made)


def one(clone: Path, subject: str, command: str, more: str = "") -> list[str]:
    shell(clone, "git checkout -q -b topic")
    change(clone, subject, command)
    shell(clone, "git checkout -q main")
    return mails(clone, more)


ODD: dict[str, str] = {
    "a rename with a change": f"git mv {PTM} drivers/pci/clock.c; "
    "sed -i '12s/level/port/' drivers/pci/clock.c",
    "a mode": "chmod -x drivers/pci/run.sh",
    "an image": "printf '\\211PNG\\r\\n\\032\\n\\0\\0\\0\\1' >drivers/pci/image.png",
    "blanks and a comma in a name": "printf 'x\\n' >'drivers/pci/Dell Inc.,XPS 15.yaml'",
    "a name that is not ASCII": "printf 'x\\n' >drivers/pci/grün.txt",
    "an empty file": ": >drivers/pci/empty.h",
    "no newline at the end": f"printf 'int last;' >>{PTM}",
    "a file removed": f"git rm -q {PTM}",
    "attributes": "printf '*.c filter=evil diff=evil\\n' >.gitattributes; "
    f"sed -i '12s/level/port/' {PTM}",
}


@pytest.mark.parametrize("what", ODD)
def test_what_git_can_send_is_read(clone: Path, tmp_path: Path, what: str) -> None:
    where = write(tmp_path / "series", {"1.patch": one(clone, "PCI: Odd", ODD[what])[0]})
    made = read(clone, where)

    assert ids(made) == branch(clone, where)
    assert told(clone, ids(made), "%T") == told(clone, ["topic"], "%T")


@pytest.mark.parametrize("how", ["--attach", "--inline"])
def test_an_attached_patch_is_read(clone: Path, tmp_path: Path, how: str) -> None:
    two_patches(clone)
    sent = mails(clone, how)
    made = read(clone, write(tmp_path / "series", {"1.patch": sent[0], "2.patch": sent[1]}))

    assert told(clone, branch(clone, str(tmp_path / "series")), "%T") == told(
        clone, ["topic"], "%T")
    assert len(made.commits) == 2


def test_a_log_in_another_encoding_becomes_utf_8(clone: Path, tmp_path: Path) -> None:
    (mail,) = one(clone, "PCI: Say it", f"sed -i '12s/level/port/' {PTM}")
    head, _, body = mail.partition("\n\n")
    head += "\nMIME-Version: 1.0\nContent-Type: text/plain; charset=ISO-8859-1"
    head += "\nContent-Transfer-Encoding: 8bit"
    head = head.replace(f"From: {WHO}", "From: =?ISO-8859-1?Q?J=F6rg?= <j@example.org>")
    text = f"{head}\n\n{body.replace('a clock', 'dös')}".encode("latin-1")
    with on(Asked((write(tmp_path / "s", {"1.patch": text}),)), tree_of(clone)) as made:
        (patch,) = view(made).patches

    assert "why dös is not" in patch.log
    assert patch.author == "Jörg <j@example.org>"


def test_scissors_are_obeyed_when_asked(clone: Path, series: list[str], tmp_path: Path) -> None:
    head, _, body = series[0].partition("\n\n")
    subject = next(row for row in head.split("\n") if row.startswith("Subject: "))
    head = head.replace(subject, "Subject: Re: a thought on clocks")
    text = f"{head}\n\nThis is what I meant.\n\n-- >8 --\n{subject}\n\n{body}"
    where = write(tmp_path / "series", {"1.patch": text})

    left = read(clone, where)
    assert left.commits[0].piece.log.startswith(b"a thought on clocks\n\nThis is what")
    assert "--scissors" in str(left.remarks[-1])
    cut = read(clone, where, scissors=True)
    assert cut.commits[0].piece.log.startswith(FIRST.encode())
    assert cut.remarks == ()


# what git am does not take as it stands, and what is said of it
CLEAR: dict[str, tuple[Callable[[list[str]], Files], str]] = {
    "no prefix": (
        lambda m: {"1.patch": m[0].replace(" a/d", " d").replace(" b/d", " d")}, "without a/ and b/"
    ),
    "format=flowed": (lambda m: {"1.patch": flowed(m[0])}, "format=flowed"),
    "CRLF inside base64": (lambda m: {"1.patch": crlf_inside(m[0])}, "--quoted-cr=strip"),
}  # fmt: skip
# and what has no word where git am takes one: it would be made up
UNSAID: dict[str, tuple[Callable[[list[str]], Files], str]] = {
    "a bare diff": (lambda m: {"1.patch": headless(m[0])}, "no From: and no Subject:"),
    "no subject": (
        lambda m: {"1.patch": re.sub(r"^Subject:.*\n", "", m[0], flags=re.M)}, "no Subject: in it"
    ),
}  # fmt: skip


def crlf_inside(mail: str) -> str:
    """Return a mail whose lines end with CRLF inside its base64."""
    head, _, body = mail.partition("\n\n")
    crlf = body.replace("\n", "\r\n")
    return encoded(f"{head}\n\n{crlf}", "base64")


@pytest.mark.parametrize("what", CLEAR)
def test_what_git_am_refuses_is_applied_where_it_is_clear_what_was_meant(
    clone: Path, series: list[str], tmp_path: Path, what: str
) -> None:
    make, word = CLEAR[what]
    where = write(tmp_path / "series", make([one.replace(" 1/2", "") for one in series]))
    made = read(clone, where)

    assert ids(made) == branch(clone, where)
    tree = shell(clone, "git rev-parse topic^^{tree}").strip()
    assert shell(clone, "git rev-parse made^{tree}").strip() == tree
    assert any(word in remark.text and remark.error for remark in made.remarks)
    done = applying.apply(Asked((where,)), clone, "again", onto="main")
    assert [(word in one.text, one.error) for one in done.remarks] == [(True, False)]


@pytest.mark.parametrize("of", ["a change", "line 1", "two files, one of them new"])
def test_a_diff_without_context_is_applied_by_its_lines_to_the_very_file(
    clone: Path, tmp_path: Path, of: str
) -> None:
    shell(clone, "git checkout -q -b topic")
    # line 12 has the text of the last line, where git alone would put it
    last = shell(clone, f"tail -n 1 {PTM}").strip()
    change(clone, "PCI: Same", f"sed -i '12s/.*/{last}/' {PTM}")
    shell(clone, "git branch -f main")
    change(clone, "PCI: Odd", {
        "a change": f"sed -i -e '12s/.*/\tlevel = 3;/' -e '4a int one;' {PTM}",
        "line 1": f"sed -i '1s/.*/int first;/' {PTM}",
        "two files, one of them new": f"sed -i 4d {PTM}; echo 'int two;' >drivers/pci/two.c",
    }[of])
    shell(clone, "git checkout -q main")
    where = write(tmp_path / "series", {"1.patch": mails(clone, "-U0")[0]})
    made = read(clone, where)

    assert ids(made) == branch(clone, where)
    assert told(clone, ids(made), "%T") == told(clone, ["topic"], "%T")
    assert [(one.error, one.clear) for one in made.remarks] == [(True, True)]
    assert "git format-patch -U3" in str(made.remarks[0])


@pytest.mark.parametrize("what", UNSAID)
def test_what_git_am_refuses_is_taken_with_a_word(
    clone: Path, series: list[str], tmp_path: Path, what: str
) -> None:
    make, word = UNSAID[what]
    where = write(tmp_path / "series", make([one.replace(" 1/2", "") for one in series]))
    made = read(clone, where)

    with pytest.raises(Refused, match=word):
        branch(clone, where)
    assert "made" not in shell(clone, "git branch")
    assert ids(made) == branch(clone, where, anyway=True)
    tree = shell(clone, "git rev-parse topic^^{tree}").strip()
    assert shell(clone, "git rev-parse made^{tree}").strip() == tree
    assert any(word in remark.text and remark.error for remark in made.remarks)


def test_git_show_is_read_and_several_of_them_are_not(
    clone: Path, series: list[str], tmp_path: Path
) -> None:
    shown = shell(clone, "git show topic^")
    where = write(tmp_path / "series", {"1.patch": shown})
    made = read(clone, where)

    form = "%T|%an|%ae|%ad|%s|%b"
    assert told(clone, branch(clone, where), form) == shell(
        clone, f"git log -1 --format='{form}' topic^")
    assert made.remarks == ()
    write(tmp_path / "series", {"1.patch": shell(clone, "git log -p main..topic")})
    with pytest.raises(UsageError, match="nothing of their order"):
        read(clone, where)


def test_an_empty_patch_is_a_commit_and_an_error(clone: Path, tmp_path: Path) -> None:
    shell(clone, "git checkout -q -b topic")
    change(clone, "PCI: Nothing", "true")
    change(clone, SECOND, f"sed -i '12s/level/port/' {PTM}")
    shell(clone, "git checkout -q main")
    sent = mails(clone, "--always")
    where = write(tmp_path / "series", {"1.patch": sent[0], "2.patch": sent[1]})
    made = read(clone, where)

    assert len(branch(clone, where)) == 2
    assert [str(one) for one in made.remarks] == [
        f"{where}/1.patch:1: error: it is empty: no diff, and git am stops at it; drop it, or send "
        "it again"
    ]


def test_a_diff_that_a_mail_program_lost_is_no_empty_patch(
    clone: Path, series: list[str], tmp_path: Path
) -> None:
    lost = series[0].partition("diff --git")[0]
    where = write(tmp_path / "series", {"1.patch": lost, "2.patch": series[1]})

    with pytest.raises(UsageError, match=r"1\.patch: tells which files it changes, and has no"):
        read(clone, where)


def test_stdin_gzip_and_files_one_by_one(
    clone: Path, series: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"1.patch": series[0], "2.patch": series[1],
                     "t.mbox.gz": gzip.compress("".join(series).encode())})
    wanted = ids(read(clone, str(tmp_path / "1.patch"), str(tmp_path / "2.patch")))

    assert ids(read(clone, str(tmp_path / "t.mbox.gz"))) == wanted

    class Stdin:
        buffer = io.BytesIO("".join(series).encode())

    monkeypatch.setattr("sys.stdin", Stdin)
    assert ids(read(clone, "-")) == wanted


def test_a_second_diff_behind_the_signature_is_judged(
    clone: Path, series: list[str], tmp_path: Path
) -> None:
    hidden = series[0] + headless(series[1]) + "-- \n2.39.5\n"
    where = write(tmp_path / "series", {"1.patch": hidden.replace(" 1/2", "")})
    with on(Asked((where,)), tree_of(clone)) as made:
        (patch,) = view(made).patches

    assert [text for _, text in patch.diffs[0].added()] == [
        "\tlevel += port; /* two */", "\tlevel -= port; /* seven */",
    ]  # fmt: skip
    assert ids(made) == branch(clone, where)


def test_lines_are_those_of_the_users_file(clone: Path, series: list[str], tmp_path: Path) -> None:
    forms = {"both.patch": series[0] + series[1],
             "qp": encoded(series[0].replace(LOG[:60], LOG[:60] + " =" * 30), "quoted-printable")}
    for name, text in forms.items():
        file = tmp_path / name
        file.write_text(text)
        with on(Asked((str(file),)), tree_of(clone)) as made:
            patches = view(made).patches
        rows = text.split("\n")
        for patch in patches:
            (diff,) = patch.diffs
            ((line, added),) = diff.added()
            at = patch.sent(PTM, line)
            assert added.strip()[:8] in rows[at - 1]
            assert patch.subject in rows[patch.line(0) - 1]
            number = patch.log.split("\n").index("switched it off.") + 1
            assert rows[patch.line(number) - 1] == "switched it off."


def test_nothing_changes_in_the_clone_when_it_is_read(
    clone: Path, series: list[str], tmp_path: Path
) -> None:
    where = write(tmp_path / "series", FORMS["format-patch"](series))
    before = snapshot(clone)
    read(clone, where)

    assert snapshot(clone) == before
    assert list((tmp_path / "cache/series").iterdir()) == []
