# SPDX-License-Identifier: GPL-2.0-only
"""What a commit breaks in the life of a driver that it touches is its finding, with that life."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from chime import GOOD, PATH
from varied import varied

from checks.finding import Finding, Severity
from checks.patches import lives
from checks.patches.work import Work
from generator.kernel import kbuild
from generator.kernel.clone import own
from generator.kernel.configurations import Config
from generator.kernel.tree import Tree, read
from generator.series.commit import commits_of

BAD = GOOD.replace(b"\tpci_disable_device(pdev);\n", b"")
MORE = b"\n/* more */\n"
# The first of its works is left behind already.
WORKS = GOOD.replace(b"static int chime_probe", b"""struct chime {
	struct work_struct ring, rest;
};

static void chime_ring(struct work_struct *work) { }
static void chime_rest(struct work_struct *work) { }

static int chime_probe""", 1).replace(b"""	return pci_enable_device(pdev);
""", b"""	struct chime *chime = devm_kzalloc(&pdev->dev, sizeof(*chime), GFP_KERNEL);

	if (!chime)
		return -ENOMEM;
	pci_set_drvdata(pdev, chime);
	INIT_WORK(&chime->ring, chime_ring);
	INIT_WORK(&chime->rest, chime_rest);
	schedule_work(&chime->ring);
	schedule_work(&chime->rest);
	return 0;
""").replace(b"	pci_disable_device(pdev);\n", b"""	struct chime *chime = pci_get_drvdata(pdev);

	cancel_work_sync(&chime->rest);
""").replace(b"<linux/pci.h>\n", b"<linux/pci.h>\n#include <linux/workqueue.h>\n")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep nothing that another test could find."""
    monkeypatch.setattr(lives, "cache", lambda: tmp_path)


def found(tree: Tree, *commits: Mapping[str, bytes | None]) -> list[Finding]:
    made = commits_of([f"commit {n}" for n in range(1, len(commits) + 1)], commits)
    return list(lives.check(Work(
        cast("Any", None), tuple(commits), made, tree, lambda path: read(tree, tree.base, path), (),
        tree.git_dir,
    )))


@pytest.mark.kernel
def test_what_a_commit_breaks_is_told_with_the_life(pinned: Tree) -> None:
    (one,) = found(pinned, {PATH: GOOD}, {PATH: BAD})

    assert (one.rule, one.severity, one.commit) == ("life:R36", Severity.WARNING, "commit 2")
    assert one.message == ("chime_driver: chime is unbound but enabled, "
                           "which held before this commit")
    assert one.path == PATH
    assert "  unbind chime_driver" in one.notes
    assert one.notes[-1] == "within what was read of the C: 1 of 1 calls and 0 of 0 branches"


@pytest.mark.kernel
def test_only_the_commit_that_breaks_it_is_blamed_and_the_one_that_mends_it_told(
    pinned: Tree,
) -> None:
    said = found(pinned, {PATH: GOOD}, {PATH: BAD}, {PATH: BAD + MORE}, {PATH: GOOD})

    assert [(one.commit, one.rule) for one in said] == [
        ("commit 2", "life:R36"), ("commit 4", "life:mended")]
    assert said[1].severity is Severity.NOTE


@pytest.mark.kernel
def test_a_base_that_has_the_driver_takes_the_build_of_a_pin_and_its_own_c(
    pinned: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = own(*varied(pinned, tmp_path, {PATH: GOOD.decode()}), thin=True)
    asked: list[Tree] = []
    prepare = kbuild.prepare

    def watched(tree: Tree, config: Config) -> kbuild.Base:
        asked.append(tree)
        return prepare(tree, config)

    monkeypatch.setattr(kbuild, "prepare", watched)
    (one,) = found(other, {PATH: BAD})
    assert (one.rule, one.severity) == ("life:R36", Severity.WARNING), "it held in the base"
    assert {tree.work for tree in asked} == {pinned.work}, "nothing was prepared anew"


@pytest.mark.kernel
def test_a_new_driver_is_not_held_to_what_was_not_there(pinned: Tree) -> None:
    assert not found(pinned, {PATH: GOOD})
    (one,) = found(pinned, {PATH: BAD})
    assert (one.rule, one.severity) == ("life:R36", Severity.NOTE)


@pytest.mark.kernel
def test_what_is_no_driver_or_gone_is_nothing(pinned: Tree) -> None:
    assert not found(pinned, {"drivers/pci/none.c": b"int i;\n", PATH: GOOD}, {PATH: None})


@pytest.mark.kernel
def test_what_cannot_be_read_is_said_not_to_be_checked(pinned: Tree) -> None:
    (one,) = found(pinned, {PATH: GOOD + b"#error no\n"})
    assert (one.rule, one.severity) == ("life:not-read", Severity.NOTE)
    assert "does not compile" in one.message


@pytest.mark.kernel
def test_c_that_includes_a_file_of_the_host_is_not_parsed_here(
    pinned: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("it was parsed in this process")

    monkeypatch.setattr("generator.parsing.unit.parse_once", never)
    (one,) = found(pinned, {PATH: b'#include "/etc/passwd"\n' + GOOD})
    assert one.rule == "life:not-read"
    assert "root:" not in f"{one.message}{one.notes}"


@pytest.mark.kernel
def test_what_was_explored_once_is_kept_by_what_it_read(
    pinned: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = found(pinned, {PATH: GOOD}, {PATH: BAD})
    monkeypatch.setattr(lives, "_explored", None)
    assert found(pinned, {PATH: GOOD}, {PATH: BAD}) == first
    with pytest.raises(TypeError):
        found(pinned, {PATH: GOOD}, {PATH: BAD + MORE})


@pytest.mark.kernel
def test_what_took_too_long_is_said_and_tried_again(
    pinned: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lives, "STATES", 1)
    (one,) = found(pinned, {PATH: GOOD})
    assert one.rule == "life:not-read"
    assert "1 states" in one.message

    real, explored = lives._explored, []
    monkeypatch.setattr(lives, "_explored", lambda *given: explored.append(given) or real(*given))
    assert found(pinned, {PATH: GOOD}) == [one]
    assert len(explored) == 1


@pytest.mark.kernel
def test_what_could_not_be_read_before_is_not_blamed_on_a_commit(pinned: Tree) -> None:
    said = found(pinned, {PATH: GOOD + b"#error no\n"}, {PATH: BAD})
    assert [(one.commit, one.rule) for one in said] == [
        ("commit 1", "life:not-read"), ("commit 2", "life:not-compared")]


@pytest.mark.kernel
def test_all_drivers_of_a_series_have_one_time_together(
    pinned: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = found(pinned, {PATH: GOOD + b"/* kept */\n"})
    with monkeypatch.context() as hasty:
        hasty.setattr(lives, "ALL", 0.0)
        (one,) = found(pinned, {PATH: GOOD})
        assert (one.rule, one.path, one.severity) == ("life:not-read", PATH, Severity.NOTE)
        assert "were used up before" in one.message
        assert found(pinned, {PATH: GOOD + b"/* kept */\n"}) == kept  # which takes no time
    assert found(pinned, {PATH: GOOD}) == []  # and what was not explored is tried again


@pytest.mark.kernel
def test_a_driver_gets_no_more_time_than_is_left(
    pinned: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []
    bounded = lives.bounded
    monkeypatch.setattr(lives, "bounded",
                        lambda seconds: (given.append(seconds), bounded(seconds))[1])
    monkeypatch.setattr(lives, "ALL", lives.SECONDS - 1)
    found(pinned, {PATH: GOOD + b"/* timed */\n"})

    assert given
    assert max(given) <= lives.SECONDS - 1


@pytest.mark.kernel
def test_a_rule_that_was_broken_is_told_where_it_breaks_anew(pinned: Tree) -> None:
    """A work that a commit no longer cancels is its own, whatever another one does."""
    fewer = WORKS.replace(b"\tcancel_work_sync(&chime->rest);\n", b"")
    renamed = WORKS.replace(b"chime_ring", b"chime_peal")
    assert fewer != WORKS != renamed

    (one,) = [each for each in found(pinned, {PATH: WORKS}, {PATH: fewer}, {PATH: fewer + MORE})
              if each.severity is Severity.WARNING]
    assert (one.rule, one.commit) == ("life:N17", "commit 2")
    assert "chime_rest" in one.message
    assert not [each for each in found(pinned, {PATH: WORKS}, {PATH: renamed})
                if each.severity is Severity.WARNING]
