# SPDX-License-Identifier: GPL-2.0-only
"""What is kept, what goes when it is too much, and that nothing goes which a program holds."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from generator.system import holding
from generator.system.entries import Entry, about, entries, excess, remove
from generator.system.house import ROOT

DAY = 86400
_HOLD = """
import sys
from pathlib import Path
from generator.system.holding import hold
hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""
# Makes an entry again and again when it is gone, and looks that it stays for as long as it is held.
_USE = """
import os, sys, time
from pathlib import Path
from generator.system.holding import hold
place, enough = Path(sys.argv[1]), Path(sys.argv[2])
made = 0
while not enough.exists():
    if os.fork() == 0:
        hold(place)
        code = 10
        if not place.is_dir():
            fresh = place.parent / f"tmp-{os.getpid()}"
            (fresh / "deep").mkdir(parents=True)
            (fresh / "deep" / "file").write_text("text")
            try:
                os.rename(fresh, place)
            except OSError:
                pass
            code = 11
        for look in range(20):
            assert (place / "deep" / "file").read_text() == "text"
            time.sleep(0.001)
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.wait()[1])
    assert code in (10, 11), code
    made += code == 11
    time.sleep(0.002)
print(made)
"""


def _made(cached: Path, name: str, size: int = 8192, days: float = 0.0) -> Path:
    """Make an entry of one file that was used last some days ago."""
    place = cached / name
    place.mkdir(parents=True)
    (place / "file").write_bytes(b"x" * size)
    when = place.stat().st_mtime - days * DAY
    os.utime(place, (when, when))
    return place


def _all(stays: str = "tree/") -> tuple[Entry, ...]:
    return entries(lambda path: "pinned" if f"/{stays}" in str(path) else "")


def _names(found: tuple[Entry, ...]) -> list[str]:
    return [one.name for one in found]


@contextmanager
def _elsewhere(place: Path) -> Iterator[None]:
    """Hold an entry in another process."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(place)], cwd=ROOT, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield
        other.kill()


def test_entries_are_listed_by_kind_with_their_sizes(cached: Path) -> None:
    _made(cached, "own/abc", 100_000)
    _made(cached, "boot/kernels/k1")
    _made(cached, "boot/6.12-source")
    (cached / "csource/said/ab").mkdir(parents=True)
    for name in ("csource/k-s.pch", "csource/k-s.json", "csource/said/ab/abcd"):
        (cached / name).write_bytes(b"x" * 5000)
    found = {one.name: one for one in _all()}

    assert set(found) == {"own/abc", "boot/kernels/k1", "boot/6.12-source", "csource/k-s.json",
                          "csource/said/ab/abcd"}
    assert 100_000 <= found["own/abc"].size < 120_000
    assert len(found["csource/k-s.json"].paths) == 2, "a PCH goes with its record"
    assert 10_000 <= found["csource/k-s.json"].size < 20_000


def test_what_is_linked_to_a_pinned_tree_is_counted_there(cached: Path) -> None:
    tree = _made(cached, "tree/linux", 1_000_000)
    (cached / "own/abc").mkdir(parents=True)
    os.link(tree / "file", cached / "own/abc/file")
    sizes = {one.name: one.size for one in _all()}

    assert sizes["tree/linux"] > 1_000_000
    assert sizes["own/abc"] < 100_000


def test_sizes_of_checkouts_are_remembered_until_they_change(
    cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = _made(cached, "own/abc", 100_000)
    before = _all()
    walked: list[str] = []
    monkeypatch.setattr("generator.system.entries._size",
                        lambda path, links: walked.append(path.name) or 7)
    assert _all() == before
    assert walked == []
    (place / "more").write_text("more")
    assert _all()[0].size == 7


def test_what_was_not_used_for_longest_goes_first(cached: Path) -> None:
    for name, days in (("own/old", 3.0), ("own/new", 1.0), ("kbuild/older", 4.0),
                       ("tree/pinned", 9.0)):
        _made(cached, name, 100_000, days)
    found = _all()
    each = next(one.size for one in found if one.name == "own/old")

    assert excess(found, 4 * each) == ()
    assert _names(excess(found, 4 * each - 1)) == ["kbuild/older"]
    assert _names(excess(found, 2 * each)) == ["kbuild/older", "own/old"]
    assert _names(excess(found, 0)) == ["kbuild/older", "own/old", "own/new"], "pinned stays"


def test_to_hold_something_is_to_use_it(cached: Path) -> None:
    _made(cached, "own/old", days=3.0)
    _made(cached, "own/other", days=2.0)
    with _elsewhere(cached / "own/old"):
        pass

    assert _names(excess(_all(), 0)) == ["own/other", "own/old"]


def test_nothing_goes_that_a_running_program_holds(cached: Path) -> None:
    held, free = _made(cached, "own/held"), _made(cached, "own/free")
    before = _all()
    with _elsewhere(held):
        assert _names(excess(_all(), 0)) == ["own/free"]
        # It was free when somebody looked.
        assert _names(remove(excess(before, 0))) == ["own/free"]
        assert (held / "file").exists()
        assert not free.exists()
    assert _names(remove(excess(_all(), 0))) == ["own/held"]
    assert not held.exists()
    assert list((cached / "locks/held").iterdir()) == []


def test_a_compilation_holds_every_result_of_a_unit(cached: Path) -> None:
    (cached / "csource").mkdir(parents=True)
    (cached / "csource/k-s.pch").write_bytes(b"x")
    with _elsewhere(cached / "csource"):
        assert excess(_all(), 0) == ()
    assert _names(remove(excess(_all(), 0))) == ["csource/k-s.pch"]


def test_what_is_being_written_is_no_entry(cached: Path) -> None:
    fresh, left = _made(cached, "own/tmp-1"), _made(cached, "own/tmp-2", days=1.0)

    assert _names(remove(excess(_all(), 0))) == ["own/tmp-2"]
    assert fresh.exists()
    assert not left.exists()


def test_what_a_killed_prune_left_goes_with_the_next(cached: Path) -> None:
    _made(cached, "gone/0.0")
    _made(cached, "own/abc")

    assert _names(remove(excess(_all(), 0))) == ["own/abc"]
    assert not (cached / "gone").exists()


def test_pruning_beside_programs_that_make_and_use_an_entry(cached: Path) -> None:
    place, enough = cached / "own/abc", cached / "enough"
    place.parent.mkdir(parents=True)
    users = [
        subprocess.Popen([sys.executable, "-c", _USE, str(place), str(enough)], cwd=ROOT,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    gone = 0
    while gone < 5 and all(one.poll() is None for one in users):
        gone += len(remove(excess(_all(), 0)))
    enough.touch()
    said = [one.communicate() for one in users]

    assert [err for _, err in said] == ["", ""]
    assert sum(int(out) for out, _ in said) >= gone == 5, "made anew whenever it was pruned"


def test_whoever_grew_the_cache_knows(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "_held", {})
    monkeypatch.setattr(holding, "_missing", set())
    holding.hold(_made(cached, "own/there"))
    holding.hold(cached / "own/wanted")
    assert holding.made() == ()
    _made(cached, "own/wanted")
    assert holding.made() == (cached / "own/wanted",)
    assert holding.made() == (), "it was told"


def test_a_count_is_good_for_some_minutes_with_what_was_made_since(cached: Path) -> None:
    _made(cached, "own/there")
    assert about((), 1) is None, "nobody has counted"
    total = sum(one.size for one in _all())
    fresh = _made(cached, "own/wanted")

    assert about((), 1) == total
    more = about((fresh,), 1)
    assert more is not None
    assert more > total
    assert about((), 1) == more, "for the run after it as well"
    assert more == sum(one.size for one in _all())
    counted = cached / "locks/total"
    when = counted.stat().st_mtime
    os.utime(counted, times=(0, when - 300))
    assert about((), 1) == more
    assert counted.stat().st_mtime < when - 200, "nobody has counted since"
    os.utime(counted, times=(0, when - 601))
    assert about((), 1) is None


def test_far_below_the_limit_a_count_is_good_for_a_day(cached: Path) -> None:
    _made(cached, "own/there")
    total = sum(one.size for one in _all())
    counted = cached / "locks/total"
    when = counted.stat().st_mtime
    os.utime(counted, times=(0, when - 80000))

    assert about((), 2 * total) == total
    assert about((), total) is None, "what was there may have grown to more than that"
    os.utime(counted, times=(0, when - 90000))
    assert about((), 2 * total) is None
