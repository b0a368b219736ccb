# SPDX-License-Identifier: GPL-2.0-only
"""checkpatch of the pinned tree: findings are findings, and a run that failed is no pass."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from clones import shell

from checks.finding import Severity
from checks.patches import checkpatch
from checks.patches.checkpatch import check, parse
from checks.patches.mails import Patch, view
from generator.errors import EnvironmentFault, Timeout
from generator.intake.posting import Asked, on
from generator.kernel.cited import CITED
from generator.kernel.tree import Tree

PATCH = """From 0 Mon Sep 17 00:00:00 2001
From: A B <a@b.c>
Date: Sun, 22 Nov 2026 07:00:00 +0000
Subject: [RFC PATCH] PCI/portdrv: Count

Count ports, because somebody wants to know how many of them there are in
this machine.
{log}---
 drivers/pci/x.c | 1 +
 1 file changed, 1 insertion(+)

diff --git a/drivers/pci/x.c b/drivers/pci/x.c
index 1111111..2222222 100644
--- a/drivers/pci/x.c
+++ b/drivers/pci/x.c
@@ -1,2 +1,3 @@
 int a;
+{line}
 int b;
--\x20
2.39.5
"""


def read(where: Path, log: str = "", line: str = "int c;") -> Patch:
    """Return the patch as git makes it."""
    home = where / "tree"
    (home / "drivers/pci").mkdir(parents=True)
    (home / "drivers/pci/x.c").write_text("int a;\nint b;\n")
    shell(home, "git init -q; git add -A; git commit -q -m base")
    base = shell(home, "git rev-parse HEAD").strip()
    (where / "0001-x.patch").write_text(PATCH.format(log=log, line=line))
    tree = Tree(home / ".git", base, "", home, "here")
    with on(Asked((str(where / "0001-x.patch"),)), tree) as made:
        return view(made).patches[0]


@pytest.fixture
def patch(tmp_path: Path, cached: Path) -> Patch:
    return read(tmp_path)


def fake(tmp_path: Path, script: str) -> Path:
    """Return a tree whose checkpatch.pl finds what is planted, and else does as the test says."""
    work = tmp_path / "work"
    (work / "scripts").mkdir(parents=True)
    (work / "scripts/checkpatch.pl").write_text(
        'my $mail = do { local (@ARGV, $/) = $ARGV[-1]; <> };\n'
        'if ($mail =~ /planted/) { print "x.c:9: ERROR:TRAILING_WHITESPACE: x\n"; exit 1 }\n'
        + script
    )
    return work


def row_of(patch: Patch, text: bytes) -> int:
    """Return the line of git's mail that has this text."""
    assert patch.mail is not None
    return patch.mail.lines.index(text) + 1


def test_what_is_said_of_a_line_of_the_diff_is_said_of_the_file(patch: Patch) -> None:
    text = f"commit.patch:{row_of(patch, b'+int c;')}: CHECK:SPACING: spaces: preferred\n"
    (found,) = parse(text, patch)

    assert (found.path, found.line, found.rule) == ("drivers/pci/x.c", 2, "checkpatch:SPACING")
    assert (found.message, found.commit) == ("spaces: preferred", "PCI/portdrv: Count")
    assert found.severity is Severity.WARNING


def test_what_is_said_of_the_log_is_said_of_the_users_mail(patch: Patch) -> None:
    text = f"commit.patch:{row_of(patch, b'this machine.')}: WARNING:COMMIT_LOG: so\n"
    (found,) = parse(text, patch)

    assert found.path == patch.file
    assert Path(found.path).read_text().splitlines()[found.line - 1] == "this machine."


def test_a_wrong_signature_is_named_where_it_stands(patch: Patch) -> None:
    row = row_of(patch, b"this machine.")
    (found,) = parse(f"commit.patch:{row}: WARNING:BAD_SIGN_OFF: after what\n", patch)

    assert Path(found.path).read_text().splitlines()[found.line - 1] == "this machine."


def test_a_missing_signature_is_expected_and_says_until_when(patch: Patch) -> None:
    text = "commit.patch:21: ERROR:MISSING_SIGN_OFF: Missing Signed-off-by: line(s)\n"
    (found,) = parse(text, patch)

    assert found.severity is Severity.EXPECTED
    assert (found.path, found.line) == (patch.file, 4)
    assert "until a person signs" in found.notes[0]


def test_a_line_that_is_not_known_is_no_silence(patch: Patch) -> None:
    text = "commit.patch:21: ERROR:MISSING_SIGN_OFF: Missing\nW [SPACING] commit.patch:3 spaces\n"

    with pytest.raises(EnvironmentFault, match=r"says 'W \[SPACING\] .*not known here"):
        parse(text, patch)


def test_characters_that_pages_end_with_do_not_end_a_finding(patch: Patch) -> None:
    text = f"commit.patch:{row_of(patch, b'+int c;')}: CHECK:SPACING: a\x0cb\u2028c\x85d\n"

    assert [one.message for one in parse(text, patch)] == ["a\x0cb\u2028c\x85d"]


def test_without_the_expectation_it_is_an_error(patch: Patch) -> None:
    text = "commit.patch:21: ERROR:MISSING_SIGN_OFF: Missing Signed-off-by: line(s)\n"

    assert parse(text, patch, {})[0].severity is Severity.ERROR


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("die 'no dictionary'", "did not run properly .*no dictionary"),
        ("exit 2", r"did not run properly \(exit 2\)"),
        ("exit 1", r"did not run properly \(exit 1\)"),
        ('print "x.c:1: ERROR:CODE: text\\n"; exit 0', r"did not run properly \(exit 0\)"),
        ("kill 9, $$", "did not run properly"),
    ],
)
def test_a_checkpatch_that_fails_is_not_a_pass(
    tmp_path: Path, patch: Patch, script: str, message: str
) -> None:
    with pytest.raises(EnvironmentFault, match=message):
        check(fake(tmp_path, script), [patch])


def test_a_checkpatch_that_finds_nothing_wrong_with_a_planted_mistake_is_not_a_pass(
    tmp_path: Path, patch: Patch
) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/checkpatch.pl").write_text("exit 0;\n")

    with pytest.raises(EnvironmentFault, match="its silence means nothing"):
        check(tmp_path, [patch])


def test_a_script_proves_itself_once_and_not_for_each_commit_of_a_rebase(
    tmp_path: Path, patch: Patch
) -> None:
    told = tmp_path / "told"
    for place in ("one", "two"):  # the bases of two commits have checkouts of their own
        work = fake(tmp_path / place, "exit 0")
        file = work / "scripts/checkpatch.pl"
        file.write_text(f"open my $all, '>>', '{told}'; print $all 'run ';\n{file.read_text()}")
        check(work, [patch])

    assert told.read_text() == "run run run ", "two commits, and a planted mistake"


def test_a_checkpatch_that_hangs_is_a_timeout(
    tmp_path: Path, patch: Patch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpatch, "_TIMEOUT", 0.2)
    with pytest.raises(Timeout, match=r"0001-x\.patch"):
        check(fake(tmp_path, "sleep 3600"), [patch])


def test_a_missing_script_is_refused(tmp_path: Path, patch: Patch) -> None:
    with pytest.raises(EnvironmentFault, match=r"checkpatch\.pl: no such file"):
        check(tmp_path, [patch])


def test_the_users_own_settings_do_not_count(
    tmp_path: Path, patch: Patch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/of/the/user")
    monkeypatch.setenv("PERL5OPT", "-Mnothing")
    script = 'exit 0 if $ENV{HOME} !~ /user/ && !$ENV{PERL5OPT}; die "settings"'
    found = check(fake(tmp_path, script), [patch])

    assert [one.rule for one in found] == ["checkpatch:not-run"]
    assert found[0].severity is Severity.NOTE


@pytest.mark.parametrize("sound", [True, False])
def test_a_commit_that_was_looked_up_is_no_unknown_one(tmp_path: Path, sound: bool) -> None:
    commit, title = next(iter(CITED.items()))
    patch = read(tmp_path, log=f'\nFixes: {commit} ("{title if sound else "PCI: Other"}")\n')
    place = row_of(patch, b"this machine.")
    said = (f"x:{place}: WARNING:UNKNOWN_COMMIT_ID: Unknown commit id '{commit}', maybe\\n"
            f"x:{place}: WARNING:UNKNOWN_COMMIT_ID: Unknown commit id '0123456789ab', maybe\\n")
    found = check(fake(tmp_path, f'print "{said}"; exit 1'), [patch])

    told = [one.message for one in found if one.severity is Severity.WARNING]
    assert [one[:33] for one in told if "Unknown" in one] == ["Unknown commit id '0123456789ab',"]
    assert any(one.startswith(f"commit {commit} is cited") for one in told) is not sound


def test_where_nothing_can_be_looked_up_no_commit_of_others_is_held_to_be_unknown(
    tmp_path: Path,
) -> None:
    patch = read(tmp_path, log='\nFixes: 0123456789ab ("PCI: Count")\n')
    said = "x:5: WARNING:UNKNOWN_COMMIT_ID: Unknown commit id '0123456789ab', maybe\\n"
    script = fake(tmp_path, f'print "{said}"; exit 1')

    blind = check(script, [patch], ours=False)
    assert {one.severity for one in blind} == {Severity.NOTE}
    assert any(one.message.startswith("commit 0123456789ab is cited") for one in blind)

    seen = check(script, [patch], tmp_path, ours=False)
    assert [one.rule for one in seen] == ["checkpatch:UNKNOWN_COMMIT_ID"]


def test_what_an_earlier_patch_documents_is_no_compatible_without_a_binding(
    tmp_path: Path, patch: Patch
) -> None:
    said = "".join(
        f'x:{row_of(patch, b"+int c;")}: WARNING:UNDOCUMENTED_DT_STRING: DT compatible string '
        f'\\"{one}\\" appears un-documented\\n' for one in ("a,new", "a,newer"))
    script = fake(tmp_path, f'print "{said}"; exit 1')
    rows = ((1, "      - a,new"), (2, "      - a,newer-one"))
    binding = replace(patch, diffs=(replace(
        patch.diffs[0], path="Documentation/devicetree/bindings/x.yaml", lines=rows),))

    told = [(one.message.split('"')[1], number) for number, order in enumerate(
        ([binding, patch], [patch, binding])) for one in check(script, order, ours=False)
        if one.severity is Severity.WARNING]
    # each of two patches says both, and only the one behind the binding is mended
    assert told.count(("a,new", 0)) == 1
    assert told.count(("a,newer", 0)) == 2
    assert told.count(("a,new", 1)) == 2


def test_commit_ids_without_history_are_never_passed_silently(
    tmp_path: Path, cached: Path
) -> None:
    patch = read(tmp_path, log='\nFixes: 0123456789ab ("PCI: Count")\n')
    cited, general = check(fake(tmp_path, "exit 0"), [patch])

    assert (cited.severity, cited.line) == (Severity.WARNING, 9)
    assert "0123456789ab" in cited.message
    assert general.severity is Severity.NOTE


@pytest.mark.kernel
def test_what_checkpatch_runs_stands_in_a_tree(tmp_path: Path, patch: Patch) -> None:
    """get_maintainer.pl, which knows what is obsolete, looks around itself for one."""
    work = fake(tmp_path, 'exit(-e "MAINTAINERS" && -e "$ENV{HOME}" ? 0 : 7)')
    (work / "MAINTAINERS").touch()

    assert {one.rule for one in check(work, [patch])} == {"checkpatch:not-run"}


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("int c;", set()),
        ("int c ;", {"checkpatch:SPACING"}),
        ("int c;" + " " * 3, {"checkpatch:TRAILING_WHITESPACE"}),
        ("int c = " + "1 + " * 30 + "1;", {"checkpatch:LONG_LINE"}),
        ("int theCount;", {"checkpatch:CAMELCASE"}),
    ],
)
def test_the_pinned_checkpatch_says_what_is_wrong(
    pinned, cached: Path, tmp_path: Path, line: str, kinds: set[str]
) -> None:
    before = set(os.listdir(pinned.work))
    found = check(pinned.work, [read(tmp_path, line=line)])

    assert set(os.listdir(pinned.work)) == before, "it keeps the names of include/ where it stands"
    expected = {one.rule for one in found if one.severity is Severity.EXPECTED}
    assert expected == {"checkpatch:MISSING_SIGN_OFF"}
    rest = {one.rule for one in found} - expected - {"checkpatch:not-run"}
    assert rest == kinds
