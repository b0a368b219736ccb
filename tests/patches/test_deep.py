# SPDX-License-Identifier: GPL-2.0-only
"""`--deep`: programs of others over each commit's C, proven first, and named where missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from checks.finding import Finding
from checks.patches import deep
from checks.patches.choice import choice
from checks.patches.examine import CHECKS
from generator.errors import EnvironmentFault
from generator.kernel.kbuild import Base
from generator.series.commit import commits_of
from generator.system.plumbing import Done

PATH = "drivers/pci/pcie/rcec.c"
SPARSE, SPATCH, SMATCH = deep._TOOLS
MISTAKES = ("\nint rcec_peek(int __user *place);\nint rcec_peek(int __user *place)\n"
            "{\n\tswitch (*place) {\n\tcase 1:\n\t\treturn 1;\n\t};\n\treturn 0;\n}\n")


def judged(base: Base, text: str) -> tuple[Finding, ...]:
    commits = commits_of(["1/1"], [{PATH: text.encode()}])
    work: Any = SimpleNamespace(bases=(base,), compiled=commits, laid={})
    return deep.check(work)


@pytest.mark.kernel
def test_sparse_and_coccinelle_say_what_the_base_does_not_have(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deep, "_SCRIPTS", "scripts/coccinelle/misc")
    monkeypatch.setattr(deep, "_PROVING", ("semicolon.cocci",))
    text = (base.tree.work / PATH).read_text()
    found = judged(base, text + MISTAKES)
    line = text.count("\n")
    told = {(one.rule, one.path, one.line - line) for one in found if one.path}
    assert ("deep:sparse", PATH, 5) in told
    assert ("deep:spatch", PATH, 8) in told
    assert [one for one in judged(base, f"\n{text}") if one.path] == []


@pytest.mark.kernel
def test_a_program_that_is_missing_is_named_and_no_pass(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deep, "_TOOLS", (replace(SPARSE, program="sparse-that-is-not"),))
    (one,) = judged(base, (base.tree.work / PATH).read_text())
    assert one.rule == "deep:not-run"
    assert "sparse-that-is-not is not installed (sparse)" in one.message


@pytest.mark.kernel
def test_a_program_that_ends_badly_and_names_no_line_is_no_pass(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(_place: deep.Place, _path: str) -> Iterator[Done]:
        yield Done(("sparse",), 139, b"", b"Segmentation fault\n")

    monkeypatch.setattr(deep, "_prove", lambda *_: None)
    monkeypatch.setattr(deep, "_TOOLS", (replace(SPARSE, run=dies),))
    (one,) = judged(base, (base.tree.work / PATH).read_text())
    assert (one.rule, one.path, one.commit) == ("deep:not-run", PATH, "1/1")
    assert one.message == "sparse ended with 139: Segmentation fault"


@pytest.mark.kernel
def test_a_program_that_gives_up_on_the_headers_of_a_tree_is_no_finding_and_no_pass(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(place: deep.Place, _path: str) -> Iterator[Done]:
        header = f"{place.top}/include/linux/list.h"
        yield Done(("sparse",), 1, b"", f"{header}:8:1: error: got __typeof_unqual__\n"
                   f"{header}:9:1: error: too many errors\n".encode())

    monkeypatch.setattr(deep, "_prove", lambda *_: None)
    monkeypatch.setattr(deep, "_TOOLS", (replace(SPARSE, run=lost),))
    (one,) = judged(base, (base.tree.work / PATH).read_text())
    assert (one.rule, one.path, one.commit) == ("deep:not-run", PATH, "1/1")
    assert "sparse gives up at include/linux/list.h:9, it does not know" in one.message


def test_a_program_that_does_not_find_a_planted_mistake_is_no_check(
    tmp_path: Path, cached: Path
) -> None:
    blind = replace(SPARSE, planted="int x;\n")
    with pytest.raises(EnvironmentFault, match="sparse does not find a planted mistake"):
        deep._prove(blind, tmp_path)
    deep._prove(SPARSE, tmp_path)


def test_a_program_is_proven_once_as_all_that_judge_patches_are(
    tmp_path: Path, cached: Path
) -> None:
    asked: list[str] = []

    def found(place: deep.Place, path: str) -> Iterator[Done]:
        asked.append(path)
        said = f"{place.top}/{path}:3:1: {SPATCH.finds}\n"
        yield Done(("spatch",), 0, said.encode(), b"")

    tool = replace(SPATCH, run=found)
    script = tmp_path / "scripts/coccinelle" / deep._PROVING[0]
    script.parent.mkdir(parents=True)
    for text, times in (("one", 1), ("one", 1), ("two", 2)):
        script.write_text(text)
        deep._prove(tool, tmp_path)
        assert len(asked) == times
    deep._prove(replace(tool, planted="int x;\n"), tmp_path)
    assert len(asked) == 3


def test_it_is_made_only_when_it_is_asked_for() -> None:
    known = list(CHECKS)
    assert not choice([], [], [], known).wanted("deep")
    assert choice([], [], [], known, deep=True).wanted("deep")
    assert choice(["deep"], [], [], known).wanted("deep")
    assert not choice([], ["deep"], [], known, deep=True).wanted("deep")
