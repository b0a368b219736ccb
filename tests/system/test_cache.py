# SPDX-License-Identifier: GPL-2.0-only
"""What is kept between runs: written wholly, and forgotten with any edit of what decided it."""

from __future__ import annotations

import ast
import errno
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from house import HOUSE

from checks.boot import many
from checks.boot.build.kernel import Kernel
from checks.boot.predict.board import USUAL
from checks.compiling.outcome import name_of
from checks.search.told import Report
from checks.verdict import explored
from checks.verdict.judge import judge
from generator.design import Design, Device, Driver
from generator.designs import today
from generator.errors import EnvironmentFault
from generator.ops.pci import PCI_DISABLE_DEVICE, PCI_ENABLE_DEVICE
from generator.system import cache, entries

PORT = Device("port", "pci")
TINY = Design("tiny", "a port that is enabled", (PORT,), (
    Driver("tiny", PORT, (PCI_ENABLE_DEVICE(PORT),), (PCI_DISABLE_DEVICE(PORT),)),
))  # fmt: skip


def test_a_result_that_cannot_be_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "deep" / "result"
    cache.keep(file, "before")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(file))

    monkeypatch.setattr(cache.os, "replace", full)
    with pytest.raises(EnvironmentFault, match="result: the disk is full; free some space"):
        cache.keep(file, "after")

    assert file.read_text(encoding="utf-8") == "before"
    assert [one.name for one in file.parent.iterdir()] == ["result"]


def test_whoever_reads_meanwhile_finds_a_whole_result(tmp_path: Path) -> None:
    file = tmp_path / "result"
    texts = [letter * 100_000 for letter in "abcd"]
    cache.keep(file, texts[0])
    with ThreadPoolExecutor(len(texts)) as pool:
        kept = [pool.submit(cache.keep, file, text) for _ in range(30) for text in texts]
        seen = set()
        while not all(one.done() for one in kept):
            seen.add(file.read_text(encoding="utf-8"))

    assert [one.exception() for one in kept] == [None] * len(kept)
    assert seen <= set(texts)
    assert [one.name for one in tmp_path.iterdir()] == ["result"]


def test_a_place_that_cannot_be_written_is_named(cached: Path) -> None:
    cached.mkdir()
    (cached / "taken").write_text("a file", encoding="utf-8")

    with pytest.raises(EnvironmentFault, match=f"^{re.escape(str(cached))}/taken: File exists"):
        cache.keep(cached / "taken" / "result", "text")


@pytest.mark.parametrize(("inside", "mend"), [
    (True, "; set PORTWRIGHT_CACHE to another place"), (False, ""),
])  # fmt: skip
def test_another_cache_is_the_mend_of_the_cache_alone(
    cached: Path, tmp_path: Path, inside: bool, mend: str
) -> None:
    file = (cached if inside else tmp_path / "clone") / "file"

    with pytest.raises(EnvironmentFault) as told, cache.explained():
        raise PermissionError(errno.EACCES, "Permission denied", str(file))

    assert str(told.value) == f"{file}: may not be written{mend}"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of our own sources, to be edited."""
    place = tmp_path_factory.mktemp("house")
    for name in ("generator", "checks", "templates"):
        shutil.copytree(HOUSE / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    return place


@pytest.fixture
def house(copy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "ROOT", copy)
    cache._code.cache_clear()
    return copy


def _files(house: Path) -> list[Path]:
    """The last file of every folder; evidence is read by `portwright rules` and covers alone."""
    folders = [one for top in ("generator", "checks", "templates")
               for one in (house / top, *(house / top).rglob("*")) if one.is_dir()]
    found = [sorted(file for file in folder.iterdir() if file.is_file() and file.suffix != ".md")
             for folder in folders if folder.name not in ("witnesses", "booted")]
    return [files[-1] for files in found if files]


class _edited:
    """A file as it is after an edit, for the while of a block."""

    def __init__(self, file: Path) -> None:
        self.file, self.text = file, file.read_bytes()

    def __enter__(self) -> None:
        self.file.write_bytes(self.text + b"\n")
        cache._code.cache_clear()  # of a process that was started after the edit

    def __exit__(self, *_: object) -> None:
        self.file.write_bytes(self.text)
        cache._code.cache_clear()


def test_no_verdict_outlives_an_edit_of_any_folder(
    house: Path, cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shipped designs apart, which are values: their text is not what a verdict is of."""
    report, asked = judge(TINY), []

    def judged(design: Design, **_: float) -> Report:
        asked.append(design.name)
        return report

    monkeypatch.setattr(explored, "judge", judged)
    assert explored.holds(TINY) is None
    assert explored.holds(TINY) is None
    assert len(asked) == 1, "remembered, as long as nothing is edited"

    designs = house / cache.DESIGNS
    files = [file for file in _files(house) if not file.is_relative_to(designs)]
    assert {file.relative_to(house).parts[0] for file in files} == {
        "generator", "checks", "templates"
    }
    for file in files:
        asked.clear()
        with _edited(file):
            assert explored.holds(TINY) is None
        assert asked == ["tiny"], f"a HOLDS outlived an edit of {file.relative_to(house)}"
    asked.clear()
    assert explored.holds(TINY) is None
    assert asked == []


def test_a_verdict_is_of_a_design_and_of_what_it_is_held_to(
    cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    like_today = replace(TINY, devices=(PORT, Device("service", "service", PORT, as_in="today")))
    key, alone = explored._key(like_today), explored._key(TINY)
    assert explored._key(replace(like_today, drivers=())) != key

    monkeypatch.setattr(today, "DESIGN", replace(today.DESIGN, waivers=()))
    assert explored._key(like_today) != key
    assert explored._key(TINY) == alone


def test_the_checker_reads_no_shipped_design() -> None:
    """All come in as values; what read one by itself would have to be part of the key."""
    found = {
        f"{file.name}: {node.module}"
        for file in (HOUSE / "checks").rglob("*.py")
        if "boot" not in file.relative_to(HOUSE).parts
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("generator.designs")
    }

    assert found == set()


def test_no_outcome_of_a_compilation_outlives_an_edit(house: Path) -> None:
    known = name_of("tree", [{"a.c": b"text"}], ())
    assert name_of("tree", [{"a.c": b"text"}], ()) == known
    rendered = house / "templates"  # what they make is in the name, but for what explores
    for file in _files(house):
        if not file.is_relative_to(rendered) or file.is_relative_to(rendered / "explorer"):
            with _edited(file):
                assert name_of("tree", [{"a.c": b"text"}], ()) != known, file


def test_no_boot_outlives_an_edit_or_another_design(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "identity", lambda program: program)
    task = many.Task(TINY, Kernel(Path("home"), "6.12", 0.0), b"", USUAL[0], ("boot",))
    known = many._key(task)
    assert many._key(replace(task, program=b"")) == known
    assert many._key(replace(task, design=replace(TINY, drivers=()))) != known
    for file in _files(house):
        made = not file.is_relative_to(house / "templates") \
            or file.is_relative_to(house / "templates/boot")
        if made and not file.is_relative_to(house / cache.DESIGNS):
            with _edited(file):
                assert many._key(task) != known, file


def test_code_is_hashed_once_in_a_process(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = cache.code("templates")
    monkeypatch.setattr(Path, "read_bytes", None)

    assert cache.code("templates") == known


def test_a_folder_of_ours_that_is_gone_is_an_error(house: Path) -> None:
    with pytest.raises(EnvironmentFault, match="no-such: is missing; install portwright again"):
        cache.code("no-such")


def test_a_readme_says_of_each_kind_what_it_is_kept_under() -> None:
    text = (HOUSE / "generator/README.md").read_text(encoding="utf-8")
    section = text.partition("## What is kept\n")[2].partition("\n## ")[0]
    rows = [row.split("|") for row in section.splitlines() if row.startswith("| `")]
    files = [name for row in rows for name in re.findall(r"`([\w/]+\.py)`", row[4])]
    homes = [HOUSE / name if name.startswith("checks/") else HOUSE / "generator" / name
             for name in files]
    forms = {home for home in HOUSE.glob("[gc]*/**/*.py")
             if re.search(r"^_FORM = \"\d", home.read_text(encoding="utf-8"), re.M)}

    never_pruned = ["resolve", "series"]  # a user's own work; what a run removes itself
    assert sorted(re.findall(r"`(\w+)/`", "".join(row[1] for row in rows))) == sorted(
        [*entries.KINDS, *never_pruned])
    assert [home for home in homes if not home.is_file()] == []
    assert forms <= set(homes)
