# SPDX-License-Identifier: GPL-2.0-only
"""Who looks after a patch and is not asked is noted, by the tree's own get_maintainer.pl."""

from __future__ import annotations

from pathlib import Path

import pytest
from clones import shell
from postings import mails, make_clone, two_patches, write

from checks.finding import Finding, Severity
from checks.patches import people
from checks.patches.examine import checked
from checks.patches.mails import edits, view
from checks.patches.work import Work
from generator.errors import EnvironmentFault
from generator.intake.posting import Asked, opened
from generator.kernel import tree
from generator.kernel.tree import Tree

# prints an address for each file that a patch names, and THE REST's list
SCRIPT = (
    'my $mail = do { local (@ARGV, $/) = $ARGV[-1]; <> };\n'
    'print "Bea Holder <bea\\@example.org>\\n" if $mail =~ m{b/drivers/pci};\n'
    'print "list\\@example.org\\n";\n'
)


@pytest.fixture
def clone(tmp_path: Path, cached: Path) -> Path:
    where = make_clone(tmp_path / "clone")
    (where / "scripts").mkdir(exist_ok=True)
    (where / "scripts/get_maintainer.pl").write_text(SCRIPT)
    shell(where, "git add -f -A; git commit -q --amend --no-edit")
    two_patches(where)
    return where


def asked(clone: Path, *inputs: str) -> tuple[Finding, ...]:
    with opened(Asked(inputs), clone, "main") as made:
        where = Tree(made.where.git_dir, made.where.base, "", clone, "here")
        return people.check(Work(view(made), edits(made), (), where,
                                 lambda path: tree.read(where, where.base, path), (),
                                 made.work.git_dir))


def sent(clone: Path, *heads: str) -> str:
    """Write the two mails with these headers; the directory of them."""
    texts = [mail.replace("Subject: ", f"{head}Subject: ", 1)
             for mail, head in zip(mails(clone), heads, strict=True)]
    where = clone.parent / "mails"
    write(where, {f"{n}.patch": text for n, text in enumerate(texts, 1)})
    return str(where)


def test_who_is_in_neither_field_is_named_at_the_mail(clone: Path) -> None:
    [one] = asked(clone, sent(
        clone, 'To: "Holder, Bea" <Bea@Example.org>\nCc: a@b.c,\n list@example.org\n',
        "To: list@example.org\n",
    ))

    assert one.message == "neither in To nor in Cc: Bea Holder <bea@example.org>"
    assert (one.severity, one.rule) == (Severity.NOTE, "people:untold")
    assert one.path.endswith("2.patch")
    assert one.line > 1


def test_everybody_was_asked(clone: Path) -> None:
    both = "To: bea@example.org, list@example.org\n"

    assert asked(clone, sent(clone, both, both)) == ()


def test_of_what_nobody_has_sent_it_is_said_once_to_whom(clone: Path) -> None:
    for series in (sent(clone, "", ""), "main..topic"):
        [one] = asked(clone, series)
        assert one.message == "to be sent to Bea Holder <bea@example.org>, list@example.org"
        assert one.severity is Severity.NOTE


def test_a_script_that_names_nobody_or_fails_is_not_silence(clone: Path) -> None:
    for script in ("exit 0;\n", "exit 3;\n"):
        people._prove.cache_clear()
        (clone / "scripts/get_maintainer.pl").write_text(script)
        with pytest.raises(EnvironmentFault):
            asked(clone, "main..topic")


def test_a_tree_without_the_script_is_not_checked_and_that_is_said(clone: Path) -> None:
    (clone / "scripts/get_maintainer.pl").unlink()

    [one] = asked(clone, "main..topic")

    assert one.rule == "people:not-run"


def test_a_line_that_a_patch_has_often_is_asked_about_once(clone: Path) -> None:
    counts = 'open(my $f, "<", $ARGV[-1]); my $n = () = <$f>; print "lines$n\\@example.org\n";\n'
    (clone / "scripts/get_maintainer.pl").write_text(counts)

    often = b"--- a/x\n+++ b/x\n@@ -1 +1,5001 @@\n" + b"+\tx\n+\n" * 5000

    assert people._named(clone, often, "x") == ["lines5@example.org"]


@pytest.mark.kernel
def test_the_pinned_tree_names_the_maintainer_of_pci(pinned: Tree) -> None:
    patch = people._PLANT.replace(b"MAINTAINERS", b"drivers/pci/pci.c")

    people._prove(pinned.work)
    names = people._named(pinned.work, patch, "x")

    assert any("linux-pci@vger.kernel.org" in one for one in names)
    assert any("<" in one for one in names)


def test_whom_a_series_is_sent_to_is_no_check_that_it_passed() -> None:
    assert all(checked())
