# SPDX-License-Identifier: GPL-2.0-only
"""Checks are chosen and findings are expected, and the report says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from clones import shell
from postings import PTM, mails, make_clone, two_patches, write

from checks.finding import Finding, Severity
from checks.patches import examine
from checks.patches.choice import choice, told, waived
from checks.patches.examine import CHECKS, Check
from checks.patches.reported import reported
from checks.patches.work import Work
from checks.report import text
from generator.__main__ import main
from generator.errors import UsageError
from generator.intake.posting import Asked, on
from generator.kernel import kbuild
from generator.kernel.tree import Tree

KNOWN = [name for name in CHECKS if name != "deep"]  # that is asked for by itself


@pytest.mark.parametrize(("only", "skip", "left"), [
    ([], [], KNOWN),
    (["series"], [], ["series"]),
    (["series,compile"], ["compile"], ["series"]),
    ([], ["compile", "design"], ["checkpatch", "series", "people", "life", "rendered"]),
])
def test_checks_are_chosen(only: list[str], skip: list[str], left: list[str]) -> None:
    chosen = choice(only, skip, [], KNOWN)

    assert [name for name in KNOWN if chosen.wanted(name)] == left


@pytest.mark.parametrize(("options", "said"), [
    ({"only": ["sparse"]}, "'sparse': no such check; there are checkpatch, series, compile"),
    ({"skip": ["Compile"]}, "no such check"),
    ({"skip": [",".join(KNOWN)]}, "leave nothing to check"),
    ({"expect": ["checkpatch:LONG_LINE"]}, "write RULE:reason"),
    ({"expect": ["checkpatch:LONG_LINE:  "]}, "write RULE:reason"),
    ({"expect": ["waypoint"]}, "write RULE:reason"),
    ({"expect": ["link:section"]}, "write RULE:reason"),
])
def test_what_is_not_understood_is_refused(options: dict[str, list[str]], said: str) -> None:
    given = {"only": [], "skip": [], "expect": [], **options}

    with pytest.raises(UsageError, match=said):
        choice(given["only"], given["skip"], given["expect"], KNOWN)


def test_an_expected_finding_is_listed_and_does_not_count() -> None:
    chosen = choice([], [], ["checkpatch:LONG_LINE: a table: of words", "waypoint:later"], KNOWN)
    long = Finding("checkpatch:LONG_LINE", "too long", severity=Severity.WARNING)
    other = Finding("checkpatch:SPACING", "a blank")
    note = Finding("waypoint", "by the way", severity=Severity.NOTE)

    found = waived({"checkpatch": (long, other), "design": (note,)}, chosen.expected)

    assert [one.severity for one in found["checkpatch"]] == [Severity.EXPECTED, Severity.ERROR]
    assert found["checkpatch"][0].notes == ("a table: of words",)
    assert found["design"] == (note,)
    assert told(found, chosen) == [
        "expected, found 1 times: a table: of words [checkpatch:LONG_LINE]",
        "expected, found 0 times: later [waypoint]",
    ]


def test_what_is_not_made_is_told_and_builds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cached: Path
) -> None:
    clone = make_clone(tmp_path / "clone")
    tip = shell(clone, "git rev-parse HEAD").strip()
    where = Tree(clone / ".git", tip, "", clone, "here")
    made: list[tuple[str, bool]] = []

    def row(name: str, *, builds: bool) -> Check:
        def run(work: Work) -> tuple[Finding, ...]:
            made.append((name, bool(work.bases)))
            return ()

        return Check(run, name, name, builds=builds)

    monkeypatch.setattr(examine, "CHECKS", {
        "read": row("read", builds=False), "build": row("build", builds=True),
    })
    monkeypatch.setattr(kbuild, "prepare_all", lambda *_: (object(),))
    two_patches(clone)
    first, second = mails(clone)
    series = write(tmp_path / "series", {"1.patch": first, "2.patch": second})
    with on(Asked((str(series),)), where) as posting:
        assert PTM in examine.edits(posting)[0]
        done = examine.examine(posting, None, chosen=choice([], ["build"], [], ["read", "build"]))
        lines = text.render(reported(done, posting, "validate", str)).splitlines()
        assert made == [("read", False)]
        assert "not checked: build: left out, as asked" in lines
        examine.examine(posting, None)
        assert made[1:] == [("read", True), ("build", True)]


def test_the_command_line_knows_the_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "nowhere", "--skip", "all"]) == 2
    assert "'all': no such check" in capsys.readouterr().err
