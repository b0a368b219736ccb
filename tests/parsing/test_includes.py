# SPDX-License-Identifier: GPL-2.0-only
"""Graphs of includes share what they know, and say what a plain search says."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from generator.parsing.includes import Disk, Includes, spelled

PLACES = ("include", "include/uapi", "drivers/a", "drivers/b")
NAMES = tuple(f"{name}.h" for name in "abcdef")
SEARCHES = (PLACES[:2], PLACES[:3], PLACES, (*PLACES[:2], "drivers/b"))


def text(chance: random.Random) -> bytes:
    lines = (f'#include "{name}"' if chance.random() < 0.5 else f"#include <{name}>"
             for name in chance.sample(NAMES, chance.randrange(4)))
    return "\n".join(lines).encode()


def plain(start: str, search: tuple[str, ...], files: dict[str, bytes]) -> set[str]:
    """Return what a file reaches, by a search that keeps nothing."""
    found, left = set(), [start]
    while left:
        here = left.pop()
        if here in found:
            continue
        found.add(here)
        for quoted, name in spelled(files.get(here, b"")):
            own = (os.path.dirname(here),) if quoted else ()
            where = (os.path.normpath(f"{one}/{name}") for one in (*own, *search))
            left += [one for one in where if one in files][:1]
    return found


@pytest.mark.parametrize("seed", range(40))
def test_what_is_reached_is_what_a_plain_search_finds(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    every = [str(tmp_path / place / name) for place in PLACES for name in (*NAMES, "unit.c")]
    files = {path: text(chance) for path in chance.sample(every, 16)}
    for path, said in files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(said)
    laid = [{path: text(chance) for path in chance.sample(every, count)} for count in (0, 2, 5)]
    disk, known = Disk(), {}
    for texts in laid:
        for place in SEARCHES:
            search = tuple(f"{tmp_path}/{one}" for one in place)
            graph = Includes.sharing(search, known, disk).over(texts)
            for path in every:
                assert graph.closure(path) == plain(path, search, {**files, **texts})


def test_graphs_of_commits_that_take_turns_are_not_made_again(tmp_path: Path) -> None:
    graph = Includes.sharing((str(tmp_path),), {}, Disk())
    first, second = {"a.h": b""}, {"b.h": b""}
    kept = graph.over(first), graph.over(second)
    assert (graph.over(dict(first)), graph.over(second)) == kept
    assert graph.over(dict(first)) is kept[0]


def test_a_set_of_files_is_its_paths() -> None:
    disk = Disk()
    both = disk.bits(("a", "c"))
    assert disk.bit("b") & both == 0
    assert list(disk.within(both | disk.bit("b"))) == ["a", "c", "b"]
